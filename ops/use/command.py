"""``fruits use``: the environment and the settings that this checkout is about, until others are given."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from infra.context import DEFAULT_ENVIRONMENT
from infra.remembered import Remembered, read_remembered, remembered_file, write_remembered
from ops.aws.given import GivenSettings, parse_values, read_given
from ops.completion import complete_setting
from ops.console import AsJson, out
from ops.errors import WrongUsage
from ops.project import ROOT

_NEVER: Final = {
    "run_id": "it names one run, and fruits run makes one",
    **dict.fromkeys(("limit", "label"), "it makes a trial of one run; give it to fruits run"),
    "remove_data": "what lets data be deleted is to be said each time: -c remove_data=true",
}


def use(
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE",
            help="What is to hold from now on; KEY= forgets it.",
            show_default=False,
            autocompletion=complete_setting,
        ),
    ] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Forget all that is remembered.")] = False,
    as_json: AsJson = False,
) -> None:
    """Choose the environment, and settings of it that last: fruits use env=dev email=team@example.org.

    All commands and cdk keep to them; -c is stronger. Without arguments it shows what holds, and from where.
    """
    if forget and settings:
        raise WrongUsage(f"{' '.join(settings)}: --forget forgets everything; accepted: one of the two")
    if forget or settings:
        path = remembered_file(ROOT)
        if path is None:
            raise WrongUsage("FRUITS_FILE is empty, so nothing is remembered; unset it")
        _remember(path, parse_values(settings or (), ""))
    given = read_given(None)
    if as_json:
        typer.echo(json.dumps(facts(given), indent=2))
    else:
        _show(given)


def facts(given: GivenSettings) -> dict[str, object]:
    """Return what holds as JSON-able facts."""
    defaults = given.defaults
    return {
        "env": given.settings.env,
        "region": given.settings.region,
        "settings": [
            {"key": key, "value": value, "source": defaults.sources[key]} for key, value in defaults.context.items()
        ],
    }


def changed(remembered: Remembered, values: Mapping[str, str]) -> Remembered:
    """Return what is remembered with some values more; an empty one forgets, no value at all forgets everything.

    Raises
    ------
    WrongUsage
        For a setting that is about one deed, not about a place.
    """
    if not values:
        return Remembered(runs=remembered.runs, trials=remembered.trials)
    for key in values.keys() & _NEVER.keys():
        raise WrongUsage(f"{key}: is not remembered: {_NEVER[key]}")
    env = values.get("env", remembered.env or "") or None
    name = env or DEFAULT_ENVIRONMENT
    kept = {**remembered.settings.get(name, {}), **{key: value for key, value in values.items() if key != "env"}}
    settings = {**remembered.settings, name: {key: value for key, value in kept.items() if value}}
    return remembered.model_copy(
        update={"env": env, "settings": {key: value for key, value in settings.items() if value}}
    )


def _remember(path: Path, values: Mapping[str, str]) -> None:
    former = read_remembered(path)
    new = changed(former, values)
    name = new.env or DEFAULT_ENVIRONMENT
    read_given([f"{key}={value}" for key, value in {"env": name, **new.settings.get(name, {})}.items()])
    write_remembered(path, new)


def _show(given: GivenSettings) -> None:
    out.print(given.place, soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("Setting", "Value", "From"):
        table.add_column(heading, overflow="fold")
    for row in _rows(given):
        table.add_row(*row)
    if table.row_count:
        out.print(table)
    else:
        out.print("Nothing is remembered; choose an environment: fruits use env=dev")


def _rows(given: GivenSettings) -> Iterator[tuple[str, str, str]]:
    for key, value in given.defaults.context.items():
        yield key, value, given.defaults.sources[key]
