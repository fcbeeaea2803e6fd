"""``fruits results``: the results of a run, brought to this machine."""

import json
import webbrowser
from pathlib import Path
from typing import Annotated, Final

import pyarrow as pa
import typer
from rich.table import Table

from ops.aws.place import Place, find_place
from ops.console import AsJson, Context, complain, err, out
from ops.errors import FruitsError
from ops.runs.fetching import athena_query, choose_run, fetch, matching
from ops.runs.history import PastRun, past_runs
from ops.runs.records import read_records, runs_of
from ops.summary import results_of, show_summary

_COMPONENTS_SHOWN: Final = 3


def results(
    *,
    values: Context = None,
    output: Annotated[Path, typer.Option(help="Where they go, below reports/<run>.")] = Path("out"),
    run: Annotated[
        str | None, typer.Option(help="Name, its beginning, or label of a run; the newest unless given.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the report.")] = True,
    as_json: AsJson = False,
    sample: Annotated[int, typer.Option(help="Photographs in the sample of the projections.", min=0, max=10_000)] = 10,
) -> None:
    """Fetch manifest, report and a sample of the projections, and print the query for Athena.

    With --json nothing is opened.
    """
    place = find_place(values)
    uri, found = _choose(place, run)
    fetched = fetch(place.client, uri, found, output, sample=sample)
    if as_json:
        files = {"report": fetched.report, "manifest": fetched.manifest, "sample": fetched.sample}
        paths = {name: str(path.resolve()) for name, path in files.items()}
        typer.echo(json.dumps({"run": found.row(), "uri": uri, **paths}, indent=2))
        return
    show_summary(found.manifest, place.deployment.output("FruitsStorage", "OutputUri"), out)
    if fetched.rows.num_rows:
        out.print()
        out.print(_table(fetched.rows))
    elif sample:
        err.print("The projections of this run are gone: a later run has replaced them.", soft_wrap=True)
    out.print()
    out.print(
        f"Report    {fetched.report}\nManifest  {fetched.manifest}\nSample    {fetched.sample}",
        soft_wrap=True,
    )
    if found.trial is None:  # the tables are over the results of whole runs
        _show_query(place, found.run)
    if browser:
        webbrowser.open(fetched.report.resolve().as_uri())


def _choose(place: Place, wanted: str | None) -> tuple[str, PastRun]:
    """Choose a run by its manifest, and where its results are: a whole run, unless the one that is named is a trial."""
    output = place.deployment.output("FruitsStorage", "OutputUri")
    whole = past_runs(place.client, output, complain)
    if wanted is not None and not matching(whole, wanted):
        records = runs_of(read_records(place.client, output, complain))
        for run in matching([run for run in records if run.trial], wanted):
            uri = results_of(run.manifest, output)
            return uri, choose_run(past_runs(place.client, uri, complain), run.run, uri)
    return output, choose_run(whole, wanted, output)


def _table(rows: pa.Table) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Photograph", overflow="ellipsis", no_wrap=True)
    table.add_column("Label", overflow="ellipsis", no_wrap=True)
    table.add_column("Split")
    shown = min(_COMPONENTS_SHOWN, len(rows["projection"][0].as_py()))
    for number in range(shown):
        table.add_column(f"PC{number + 1}", justify="right", no_wrap=True)
    for row in rows.to_pylist():
        values = [f"{value:.3f}" for value in row["projection"][:shown]]
        table.add_row(row["uri"].rpartition("/")[2], row["label"], row["split"], *values)
    return table


def _show_query(place: Place, run: str) -> None:
    try:
        query = athena_query(place.client, place.deployment.output("FruitsStorage", "Database"))
    except FruitsError as error:
        err.print(f"no query for Athena: {error}", soft_wrap=True)
        return
    out.print("\nIn Athena", style="bold")
    out.print(query.replace("{run}", run), soft_wrap=True)
