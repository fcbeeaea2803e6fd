"""What each kind of object knows of a photograph, and what remains of it without that."""

from hashlib import blake2b

import pyarrow as pa
import pytest

from job.storage.parquet import encode
from job.storage.tables import QUARANTINE_SCHEMA
from ops.aws.account import account
from ops.errors import WrongUsage
from ops.teardown.forget import kinds
from ops.teardown.forget.kinds import Kind, kind_of
from ops.teardown.forget.subject import Subject, read_subject
from ops.teardown.forget.traces import _Search

URI = 's3://data/images/Äpfel/1, "a".jpg'
SUBJECT = Subject("s3://data/images", 'Äpfel/1, "a".jpg', frozenset({"etag"}))
OTHER = "s3://data/images/Pear/1.jpg"
RUN = "0123456789abcdef"
BATCH = f"{'0' * 32}-2.parquet"


def _quarantine(*uris: str) -> pa.Table:
    rows = [(uri, "Apple", 3, f"etag of {uri}", "not-an-image", "a text") for uri in uris]
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table(columns, schema=QUARANTINE_SCHEMA)


def _parquet(table: pa.Table) -> bytes:
    return encode(table.schema, [table])


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"features/model=ab/{BATCH}", kinds.BATCH),
        (f"quarantine/model=ab/{BATCH}", kinds.BATCH),
        ("features/model=ab/mine.parquet", kinds.OTHER),
        (f"projections/pca={RUN}/{BATCH}", kinds.TABLE),
        (f"exports/pca={RUN}/{BATCH.replace('parquet', 'csv')}", kinds.EXPORT),
        (f"index/model=ab/root=cd/{BATCH}", kinds.KNOWN),
        (f"damaged/features/model=ab/{BATCH}", kinds.SET_ASIDE),
        ("damaged/layout.json", None),
        (f"reports/{RUN}/images.parquet", kinds.LISTING),
        (f"reports/{RUN}/pending.parquet", kinds.PLAN),
        (f"reports/{RUN}/report.html", kinds.PAGE),
        (f"reports/{RUN}/manifest.json", kinds.TEXT),
        (f"reports/{RUN}/contents.json", None),
        ("runs/20261127T090000Z-0a.json", kinds.TEXT),
        (f"pca/{RUN}/arrays.npz", None),
        ("scratch/ab/part-0.parquet", None),
        ("layout.json", None),
        ("mine.txt", kinds.OTHER),
        ("", kinds.OTHER),
    ],
)
def test_each_object_of_the_layout_has_a_kind(path: str, kind: Kind | None) -> None:
    assert kind_of(path) is kind


@pytest.mark.parametrize("path", [f"features/model=ab/{BATCH}", f"reports/{RUN}/report.html", f"pca/{RUN}/arrays.npz"])
def test_an_object_of_a_trial_is_of_the_kind_that_it_is_of_in_a_whole_run(path: str) -> None:
    search = _Search(account("eu-west-3"), "data", "results/", SUBJECT)  # asks nothing
    assert search._path(f"results/trials/0123456789abcdef/{path}") == path
    assert search._path(f"results/{path}") == path


def test_a_table_loses_the_row_and_keeps_the_others_as_they_are() -> None:
    content = _parquet(_quarantine(OTHER, URI))
    assert kinds.BATCH.knows(content, SUBJECT)
    assert kinds.BATCH.etags is not None
    assert kinds.BATCH.etags(content, SUBJECT) == {f"etag of {URI}"}
    assert kinds.BATCH.without is not None
    assert kinds.BATCH.without(content, SUBJECT) == _parquet(_quarantine(OTHER))


def test_of_a_table_with_that_row_alone_nothing_remains() -> None:
    assert kinds.TABLE.without is not None
    assert kinds.TABLE.without(_parquet(_quarantine(URI)), SUBJECT) is None


@pytest.mark.parametrize("kind", [kinds.BATCH, kinds.TABLE, kinds.LISTING, kinds.PLAN, kinds.SET_ASIDE, kinds.KNOWN])
@pytest.mark.parametrize(
    "content", [b"", b"PAR1 cut", _parquet(pa.table({"strange": [1]}))], ids=["empty", "cut", "of others"]
)
def test_what_cannot_be_read_may_know_it_and_does_not_stay(kind: Kind, content: bytes) -> None:
    assert kind.knows(content, SUBJECT)
    assert kind.without is None or kind.without(content, SUBJECT) is None
    assert kind.etags is None or kind.etags(content, SUBJECT) == frozenset()


def test_a_record_of_an_export_may_hold_commas_quotes_and_ends_of_lines() -> None:
    ours = '"s3://data/images/Äpfel/1, ""a"".jpg","Äpfel","train",1.5\n'
    others = [
        '"uri","label","split","pc1"\n',
        f'"{OTHER}","Pe\nar","test",0.1\n',
        f'"{OTHER} {URI[:20]}","x","test",2\n',
    ]
    content = "".join([others[0], others[1], ours, others[2]]).encode()
    assert kinds.EXPORT.knows(content, SUBJECT)
    assert kinds.EXPORT.without is not None
    assert kinds.EXPORT.without(content, SUBJECT) == "".join(others).encode()
    assert not kinds.EXPORT.knows("".join(others).encode(), SUBJECT)
    assert kinds.EXPORT.without((others[0] + ours).encode(), SUBJECT) is None


def _index(*digests: bytes, quarantine: list[dict[str, object]]) -> bytes:
    table = pa.table(
        {"digests": [b"".join(digests)], "quarantine": [quarantine]},
        schema=pa.schema(
            [("digests", pa.large_binary()), ("quarantine", pa.list_(pa.struct(list(QUARANTINE_SCHEMA))))]
        ),
    )
    return _parquet(table)


def test_an_index_knows_it_by_the_digest_of_a_known_version_or_by_quarantine() -> None:
    ours, other = (blake2b(f"{uri}\netag".encode(), digest_size=16).digest() for uri in (URI, OTHER))
    assert kinds.KNOWN.knows(_index(other, ours, quarantine=[]), SUBJECT)
    assert kinds.KNOWN.knows(_index(other, quarantine=_quarantine(URI).to_pylist()), SUBJECT)
    assert not kinds.KNOWN.knows(_index(other, quarantine=_quarantine(OTHER).to_pylist()), SUBJECT)
    shifted = other[:8] + ours + other[8:]  # the same bytes, but at no digest's place
    assert not kinds.KNOWN.knows(_index(shifted, quarantine=[]), SUBJECT)


def test_a_text_loses_the_address_as_text_and_as_json_has_it() -> None:
    escaped = 's3://data/images/\\u00c4pfel/1, \\"a\\".jpg'
    content = f'{{"error": "such as {escaped}", "other": "{OTHER}", "plain": "{URI}"}}'.encode()
    assert kinds.TEXT.knows(content, SUBJECT)
    assert kinds.TEXT.without is not None
    kept = kinds.TEXT.without(content, SUBJECT)
    assert kept == f'{{"error": "such as (forgotten)", "other": "{OTHER}", "plain": "(forgotten)"}}'.encode()


@pytest.mark.parametrize("name", ["a//b.jpg", "a/./b.jpg", "a/../b.jpg", "100%.jpg", "a b+c.jpg"])
def test_an_odd_name_is_taken_as_it_stands(name: str) -> None:
    subject = read_subject(f"s3://data/images/{name}", "s3://data/images/")
    assert (subject.key, subject.uri) == (f"images/{name}", f"s3://data/images/{name}")


@pytest.mark.parametrize("given", [URI, URI.replace("s3://", "s3a://")])
def test_an_address_is_read_however_its_scheme_is_written(given: str) -> None:
    assert read_subject(given, "s3://data/images/").uri == URI


@pytest.mark.parametrize(
    "given",
    ["s3://data/images/", "s3://data/images", "s3://data/results/a.jpg", "s3://data/imagesque/a.jpg", "s3://", ""],
)
def test_what_is_no_address_of_a_photograph_is_refused_with_what_is(given: str) -> None:
    with pytest.raises(WrongUsage):
        read_subject(given, "s3://data/images/")
