"""What an object of the results can know of a photograph, and what remains of it without that."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from job.storage.known import DIGEST_BYTES
from job.storage.layout import (
    DAMAGED,
    EXPORTS,
    FEATURES,
    INDEX,
    LAYOUT_OBJECT,
    PROJECTIONS,
    QUARANTINE,
    RECORDS,
    REPORTS,
    SCRATCH,
    is_manifest,
    is_page,
    is_plan,
)
from job.storage.names import is_batch
from job.storage.parquet import encode
from ops.teardown.forget.subject import Subject

ROWS: Final = 10_000
"""To a row group of what is written anew, as of ``images.parquet``."""

_NOT_READABLE: Final = (pa.ArrowException, OSError, ValueError)
_FORGOTTEN: Final = "(forgotten)"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of object.

    Parameters
    ----------
    name
        What a person calls it.
    knows
        Tells whether content of it knows a photograph; what cannot be read is taken to.
    without
        Returns the content without the photograph, None if nothing would remain; for kinds that can be written anew.
        Of others the object is deleted: the job makes it again, or nobody needs it.
    etags
        Finds versions of the photograph in content, for kinds that have them.
    moves
        Whether an object is named by its content, and so gets another name when it is written anew.
    """

    name: str
    knows: Callable[[bytes, Subject], bool]
    without: Callable[[bytes, Subject], bytes | None] | None = None
    etags: Callable[[bytes, Subject], frozenset[str]] | None = None
    moves: bool = False


def kind_of(path: str) -> Kind | None:
    """Return the kind of an object by its path below the output; None for what cannot know a photograph."""
    folder, _, rest = path.partition("/")
    if folder in {FEATURES.name, QUARANTINE.name}:
        return BATCH if is_batch(path.rpartition("/")[2]) else OTHER
    if folder in {"pca", SCRATCH, LAYOUT_OBJECT}:
        return None  # sums over all photographs; see docs/gdpr.md
    if folder == REPORTS:
        return _of_reports(path)
    if folder == DAMAGED:
        return SET_ASIDE if kind_of(rest) else None
    return {
        PROJECTIONS.name: TABLE,
        EXPORTS.name: EXPORT,
        INDEX.name: KNOWN,
        RECORDS: TEXT,
    }.get(folder, OTHER)


def _of_reports(path: str) -> Kind | None:
    if path.endswith("/images.parquet"):
        return LISTING
    if path.endswith("/contents.json"):
        return None  # names objects of the results alone
    return PAGE if is_page(path) else PLAN if is_plan(path) else TEXT if is_manifest(path) else OTHER


def _read(content: bytes, *columns: str, whole: bool = False) -> pa.Table | None:
    """Read columns of a table, or all of it; None if it cannot be read, or lacks one of these columns."""
    try:
        table = pq.ParquetFile(pa.BufferReader(content)).read(None if whole else list(columns))
    except _NOT_READABLE:
        return None
    return table if {*columns} <= {*table.column_names} else None


def _has_row(column: str) -> Callable[[bytes, Subject], bool]:
    def has_row(content: bytes, subject: Subject) -> bool:
        table = _read(content, column)
        wanted = subject.path if column == "path" else subject.uri
        return table is None or bool(pc.any(pc.equal(table[column], wanted)).as_py())

    return has_row


def _without_row(content: bytes, subject: Subject) -> bytes | None:
    table = _read(content, "uri", whole=True)
    if table is None:
        return None  # nobody can use it
    kept = table.filter(pc.not_equal(table["uri"], subject.uri))
    if not kept.num_rows:
        return None
    parts = (pa.Table.from_batches([batch]) for batch in kept.combine_chunks().to_batches(max_chunksize=ROWS))
    return encode(kept.schema, parts)


def _etags_of_rows(content: bytes, subject: Subject) -> frozenset[str]:
    table = _read(content, "uri", "etag")
    if table is None:
        return frozenset()
    return frozenset(table.filter(pc.equal(table["uri"], subject.uri))["etag"].to_pylist())


def _in_index(content: bytes, subject: Subject) -> bool:
    table = _read(content, "digests", "quarantine")
    return table is None or any(_is_indexed(row, subject) for row in table.to_pylist())


def _is_indexed(row: dict[str, Any], subject: Subject) -> bool:
    digests = row["digests"]
    found = {digests[start : start + DIGEST_BYTES] for start in range(0, len(digests), DIGEST_BYTES)}
    return not subject.digests.isdisjoint(found) or any(item["uri"] == subject.uri for item in row["quarantine"] or ())


def _records(text: str) -> Iterator[str]:
    """Divide CSV into its records as they stand: a quoted cell may hold ends of lines."""
    record = ""
    for line in text.splitlines(keepends=True):
        record += line
        if record.count('"') % 2 == 0:
            yield record
            record = ""
    if record:
        yield record


def _is_of(record: str, subject: Subject) -> bool:
    return next(csv.reader([record]), [""])[0] == subject.uri


def _has_record(content: bytes, subject: Subject) -> bool:
    return any(_is_of(record, subject) for record in _records(content.decode(errors="replace")))


def _without_record(content: bytes, subject: Subject) -> bytes | None:
    records = list(_records(content.decode()))
    kept = [record for record in records if not _is_of(record, subject)]
    return "".join(kept).encode() if len(kept) > 1 else None  # the first names the columns


def _is_named(content: bytes, subject: Subject) -> bool:
    text = content.decode(errors="replace")
    return any(name in text for name in _spellings(subject))


def _unnamed(content: bytes, subject: Subject) -> bytes:
    text = content.decode(errors="replace")
    for name in _spellings(subject):
        text = text.replace(name, _FORGOTTEN)
    return text.encode()


def _spellings(subject: Subject) -> tuple[str, str]:
    """Return its URI as text and as JSON has it."""
    return subject.uri, json.dumps(subject.uri)[1:-1]


def _always(content: bytes, subject: Subject) -> bool:
    return True


BATCH: Final = Kind(
    name="features and quarantine", knows=_has_row("uri"), without=_without_row, etags=_etags_of_rows, moves=True
)
TABLE: Final = Kind(name="projections", knows=_has_row("uri"), without=_without_row)
EXPORT: Final = Kind(name="exports", knows=_has_record, without=_without_record)
LISTING: Final = Kind(name="listings of runs", knows=_has_row("uri"), without=_without_row, etags=_etags_of_rows)
PLAN: Final = Kind(name="plans of runs", knows=_has_row("path"))
PAGE: Final = Kind(name="reports", knows=_always)
"""Shows thumbnails in one picture: which runs it is about is told by their listings, see `traces`."""
KNOWN: Final = Kind(name="indexes", knows=_in_index)
SET_ASIDE: Final = Kind(name="damaged objects", knows=_has_row("uri"))
TEXT: Final = Kind(name="manifests and records", knows=_is_named, without=_unnamed)
OTHER: Final = Kind(name="objects of others", knows=_is_named)
"""Nothing of ours, and so left alone; if it names the photograph, that is said."""

ORDER: Final = (PAGE, KNOWN, SET_ASIDE, EXPORT, TABLE, PLAN, TEXT, BATCH, LISTING)
"""In which they are dealt with: what tells where else to look goes last, so that a second try finds all of it."""
