"""The records that runs leave on S3, one each, whatever became of them."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from job.storage.layout import RECORDS
from ops.aws.account import Client
from ops.aws.s3.folder import Folder
from ops.runs.history import Facts, PastRun, Text, past_runs

NEWEST: Final = 500
"""So many records are read: some kilobytes each, by ten at once."""

_AT_ONCE: Final = 10
_LARGEST_BYTES: Final = 1 << 18


class Record(BaseModel):
    """What `job.record` writes; see there."""

    label: Text
    began: AwareDatetime
    ended: AwareDatetime | None = None
    error: Text = ""
    version: Text = ""


class ResultRecord(Record, Facts):
    """The record of a run that has results."""

    state: Literal["completed", "unchanged"]


class OtherRecord(Record):
    """The record of a run that has none: it is at work, failed, or was lost."""

    state: Literal["running", "failed"]


_RECORD: Final = TypeAdapter[ResultRecord | OtherRecord](
    Annotated[ResultRecord | OtherRecord, Field(discriminator="state")]
)


def read_records(client: Client, output_uri: str, complain: Callable[[str], None]) -> list[Record]:
    """Read the records below an output, the newest first.

    Parameters
    ----------
    client
        Clients of the account.
    output_uri
        URI of the results.
    complain
        Called with a line for each record that is none. Those are left out.
    """
    folder = Folder(client, output_uri)
    paths = sorted((item.path for item in folder.list(f"{RECORDS}/") if item.size <= _LARGEST_BYTES), reverse=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        contents = list(pool.map(folder.read, paths[:NEWEST]))
    found = []
    for path, content in zip(paths, contents, strict=False):
        try:
            found += [_RECORD.validate_json(content)] if content is not None else []
        except ValidationError as error:
            wrong = ".".join(map(str, error.errors()[0]["loc"])) or "all of it"
            complain(f"{output_uri}/{path} is not a record of a run ({wrong}); it is left out; delete it")
    return sorted(found, key=lambda record: record.began, reverse=True)


def runs_with_results(
    client: Client, output_uri: str, records: Iterable[Record], complain: Callable[[str], None]
) -> list[PastRun]:
    """List all runs that have results, the newest first: by their records, and older ones by their manifests.

    Parameters
    ----------
    client
        Clients of the account.
    output_uri
        URI of the results.
    records
        Those that were read.
    complain
        Called with a line for each manifest that is none.
    """
    known = runs_of(records)
    have = {(run.run, run.label) for run in known}
    others = [run for run in past_runs(client, output_uri, complain) if (run.run, run.label) not in have]
    return sorted([*known, *others], key=lambda run: run.when, reverse=True)


def runs_of(records: Iterable[Record]) -> list[PastRun]:
    """Return the runs with results by their records, trials among them."""
    return [
        PastRun.of(record, when=record.ended or record.began, manifest=record.model_dump(mode="json"))
        for record in records
        if isinstance(record, ResultRecord)
    ]
