"""The results of a run on this machine: manifest, report, and a sample of the projections."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from job.storage.layout import PROJECTIONS, RunFolder
from job.storage.tables import PROJECTIONS_SCHEMA, without_formulas
from ops.aws.account import Client, asking
from ops.aws.s3.folder import Folder
from ops.errors import FruitsError
from ops.runs.history import PastRun

_MOST_PARTS: Final = 8  # a sample is spread over so many objects


class NoResults(FruitsError):
    """There are no results yet, or not of that run."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What lies on this machine now: the report, the manifest, and the sample as CSV and as table."""

    report: Path
    manifest: Path
    sample: Path
    rows: pa.Table


def choose_run(runs: Sequence[PastRun], wanted: str | None, output_uri: str) -> PastRun:
    """Choose a run by its name, the beginning of it, or its label; the newest unless one is wanted.

    Raises
    ------
    NoResults
        If there is none.
    """
    found = matching(runs, wanted)
    if not found:
        what = f"no run {wanted}" if runs else "no results"
        hint = "see: fruits runs" if runs else "run the job first: fruits run"
        raise NoResults(f"{what} below {output_uri}; {hint}")
    return found[0]


def matching(runs: Sequence[PastRun], wanted: str | None) -> list[PastRun]:
    """Return the runs of a name, the beginning of one, or a label; all unless one is wanted."""
    return [run for run in runs if wanted is None or run.label == wanted or run.run.startswith(wanted)]


def fetch(client: Client, output_uri: str, run: PastRun, output: Path, *, sample: int) -> Fetched:
    """Copy report and manifest below an output of this machine, laid out as on S3, and sample the projections.

    Parameters
    ----------
    client
        Clients of the account.
    output_uri
        URI of the results.
    run
        Whose.
    output
        Folder of this machine that gets them.
    sample
        How many photographs.

    Raises
    ------
    NoResults
        If the report is gone.
    """
    folder = Folder(client, output_uri)
    where = RunFolder(run.run)
    report = folder.read(where.page)
    if report is None:
        raise NoResults(f"no {where.page} below {output_uri}; run the job again: fruits run")
    target = output / where.path
    target.mkdir(parents=True, exist_ok=True)
    (output / where.page).write_bytes(report)
    (output / where.manifest).write_text(json.dumps(run.manifest, indent=2), encoding="utf-8")
    rows = _sample(folder, run.run, sample)
    _write_csv(target / "projections-sample.csv", rows)
    return Fetched(
        report=output / where.page,
        manifest=output / where.manifest,
        sample=target / "projections-sample.csv",
        rows=rows,
    )


def athena_query(client: Client, database: str) -> str:
    """Write a query of the projections for Athena, from the table as it is declared; ``{run}`` stands for the run.

    The table's partitions are injected: a query has to name the one it wants.

    Raises
    ------
    AwsRefused
        If Glue cannot be asked, or has no such table.
    """
    with asking(f"read the table {database}.projections"):
        table = client("glue").get_table(DatabaseName=database, Name="projections")["Table"]
    (key,) = (item["Name"] for item in table["PartitionKeys"])
    # Arrays of Athena begin at 1.
    return (
        "SELECT label, split, uri, projection[1] AS pc1, projection[2] AS pc2\n"
        f'FROM "{database}"."{table["Name"]}"\n'
        f"WHERE \"{key}\" = '{{run}}'\n"
        "ORDER BY label, uri LIMIT 100"
    )


def _sample(folder: Folder, run: str, wanted: int) -> pa.Table:
    """Read photographs spread over the projections of a run; none if another run has replaced them."""
    parts = sorted(
        item.path for item in folder.list(f"{PROJECTIONS.partition(run)}/") if item.path.endswith(".parquet")
    )
    chosen = _spread(parts, min(_MOST_PARTS, wanted))
    tables = []
    for number, path in enumerate(chosen):
        content = folder.read(path)
        if content is not None:
            table = _projections(content, path)
            share = (wanted * (number + 1)) // len(chosen) - (wanted * number) // len(chosen)
            tables.append(table.take(_spread(range(table.num_rows), share)))
    return pa.concat_tables(tables) if tables else pa.table({})


def _projections(content: bytes, path: str) -> pa.Table:
    try:
        return pq.read_table(io.BytesIO(content), columns=PROJECTIONS_SCHEMA.names).cast(PROJECTIONS_SCHEMA)
    except (pa.ArrowException, ValueError) as error:
        raise NoResults(f"{path} has no projections: {error}; run the job again: fruits run") from None


def _spread(items: Sequence[Any], count: int) -> list[Any]:
    count = min(count, len(items))
    return [items[number * len(items) // count] for number in range(count)]


def _write_csv(path: Path, rows: pa.Table) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if rows.num_rows:
            writer.writerow(
                ["uri", "label", "split", *(f"pc{n + 1}" for n in range(len(rows["projection"][0].as_py())))]
            )
            for row in without_formulas(rows).to_pylist():
                writer.writerow([row["uri"], row["label"], row["split"], *row["projection"]])
