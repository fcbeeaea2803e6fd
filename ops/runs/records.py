"""The records that runs leave on S3, one each, whatever became of them."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from job.storage.layout import RECORDS
from ops.aws.account import Client
from ops.aws.s3.folder import Folder
from ops.runs.history import Components, Counts, Model, PastRun, Probe, Text, past_runs

NEWEST: Final = 500
"""So many records are read: some kilobytes each, by ten at once."""

_AT_ONCE: Final = 10
_LARGEST_BYTES: Final = 1 << 18


class Record(BaseModel):
    """What `job.record` writes; see there. What only results have is None without any."""

    label: Text
    began: AwareDatetime
    ended: AwareDatetime | None = None
    state: Literal["running", "completed", "unchanged", "failed"]
    error: Text = ""
    version: Text = ""
    run: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")] | None = None
    counts: Counts | None = None
    pca: Components | None = None
    model: Model | None = None
    probe: Probe | None = None
    seconds: Annotated[dict[str, float], Field(max_length=100)] = Field(default_factory=dict)
    slots: int = 0

    @property
    def succeeded(self) -> bool:
        """Whether there are results."""
        return self.state in {"completed", "unchanged"} and None not in (self.run, self.counts, self.pca, self.model)


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
            found += [Record.model_validate_json(content)] if content is not None else []
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
    known = [_past_run(record) for record in records if record.succeeded]
    have = {(run.run, run.label) for run in known}
    others = [run for run in past_runs(client, output_uri, complain) if (run.run, run.label) not in have]
    return sorted([*known, *others], key=lambda run: run.when, reverse=True)


def _past_run(record: Record) -> PastRun:
    assert record.run is not None
    assert record.counts is not None
    assert record.pca is not None
    assert record.model is not None
    featurizing = record.seconds.get("featurize", 0.0)
    return PastRun(
        run=record.run,
        label=record.label,
        when=record.ended or record.began,
        images=record.counts.images,
        computed=record.counts.computed,
        quarantined=record.counts.quarantined,
        components=record.pca.components,
        explained=record.pca.explained,
        accuracy=record.probe.accuracy if record.probe else None,
        seconds=record.seconds.get("total", 0.0),
        rate=record.counts.computed / featurizing if featurizing else 0.0,
        engine=record.model.engine,
        manifest=record.model_dump(mode="json"),
    )
