"""What a run looks like on a terminal of 80 columns, without colour, and where there is no terminal."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from infra.context import read_settings
from ops.aws.clusters import Cluster, Step
from ops.pricing.amount import Amount
from ops.runs.cost import HourlyCost, hourly_cost
from ops.runs.progress import Progress
from ops.runs.screen import RunView, photographs
from ops.runs.watch import Moment

BEGAN = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


def _moment(progress: Progress, *, minutes: float = 30, state: str = "RUNNING", trouble: str = "") -> Moment:
    cluster = Cluster(
        id="j-C8QE2B6WKJKDX",
        name="fruits-dev",
        state="RUNNING",
        code="",
        message="",
        created=BEGAN - timedelta(minutes=10),
        ready=BEGAN,
        ended=None,
        log_uri="s3n://logs/emr/",
    )
    step = Step(
        id="s-GYWSJG0702G86",
        cluster_id=cluster.id,
        name="fruits-dev a",
        state=state,
        created=BEGAN,
        started=BEGAN + timedelta(minutes=1),
        ended=None,
        failure={},
    )
    now = BEGAN + timedelta(minutes=minutes)
    return Moment(cluster=cluster, step=step, progress=progress, now=now, trouble=trouble)


def _console(width: int, *, terminal: bool) -> Console:
    return Console(file=io.StringIO(), width=width, force_terminal=terminal, no_color=True)


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_says_all_there_is_to_know_in_its_width(width: int) -> None:
    console = _console(width, terminal=False)
    view = RunView(console, HourlyCost(Amount(1.04, missing=frozenset({"something"}))))
    progress = Progress("featurizing", 12_345, 67_692, 38.2)
    console.print(view.table(_moment(progress, trouble="[S3] is out of reach")))
    lines = _text(console).splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    text = " ".join(" ".join(lines).split())
    assert "Cluster j-C8QE2B6WKJKDX RUNNING 40 min" in text
    assert "Step s-GYWSJG0702G86 RUNNING 29 min" in text
    assert "12,345 of 67,692, 38/s, about 24 min left" in text
    assert "at least 0.52 USD so far, at least 1.04 USD an hour by list price" in text
    assert "[S3] is out of reach" in text


def test_without_a_terminal_a_line_is_printed_for_each_change_and_each_tenth() -> None:
    console = _console(80, terminal=False)
    with RunView(console) as view:
        for done in (0, 5, 9, 10, 19, 100):
            view.show(_moment(Progress("featurizing", done, 100, 1.0)))
        view.show(_moment(Progress("finishing", 100, 100)))
        view.show(_moment(Progress("finishing", 100, 100), state="COMPLETED"))
    lines = [line.partition(" step ")[2] for line in _text(console).splitlines()]
    assert lines == [
        "s-GYWSJG0702G86 RUNNING, 0 % of 100 photographs",
        "s-GYWSJG0702G86 RUNNING, 10 % of 100 photographs",
        "s-GYWSJG0702G86 RUNNING, 100 % of 100 photographs",
        "s-GYWSJG0702G86 RUNNING, all featurized; components, projections and report follow",
        "s-GYWSJG0702G86 COMPLETED",
    ]


def test_a_step_that_has_ended_is_told_nothing_of_what_would_follow() -> None:
    console = _console(120, terminal=False)
    console.print(RunView(console).table(_moment(Progress(), state="FAILED")))
    assert "Photographs" not in _text(console)


def test_a_rate_is_told_once_there_is_one() -> None:
    assert photographs(Progress("featurizing", 0, 600)) == "0 of 600"
    assert photographs(Progress("featurizing", 120, 600, 4.0)) == "120 of 600, 4.0/s, about 2 min left"


def test_a_cluster_that_is_not_ready_has_cost_nothing_yet() -> None:
    cost = HourlyCost(Amount(2.0))
    moment = _moment(Progress())
    waiting = Cluster(**{**vars(moment.cluster), "ready": None, "state": "STARTING"})
    assert cost.so_far(waiting, moment.now).startswith("0.00 USD so far")
    assert cost.so_far(moment.cluster, moment.now).startswith("1.00 USD so far")
    ended = Cluster(**{**vars(moment.cluster), "ended": BEGAN + timedelta(minutes=15)})
    assert cost.so_far(ended, moment.now).startswith("0.50 USD so far")


def test_the_price_is_that_of_the_price_file() -> None:
    settings = read_settings({"env": "demo", "environments": {"demo": {}}})
    cost = hourly_cost(settings)
    assert cost is not None
    assert cost.amount.usd > 0
