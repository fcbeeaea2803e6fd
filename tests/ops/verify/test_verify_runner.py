"""Whatever happens in a stage, the cleanup runs, and the report says what happened."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from ops.beliefs.belief import Phase
from ops.beliefs.verdicts import Outcome
from ops.clock import Clock
from ops.errors import ExitCode, FruitsError
from ops.verify.findings import Answers, Check, Finding, confirmed
from ops.verify.report import Report, read_report
from ops.verify.runner import CLEANUP, STAGES, CleanupInterrupted, run_stages
from ops.verify.stage import Stage
from ops.verify.workspace import RESERVE_SECONDS, CommandFailed, Workspace

BUILDING = [stage.phase for stage in STAGES if stage.builds]
ROW = 1


class World:
    """Holds what phases make, until the end destroys it."""

    def __init__(self) -> None:
        self.things: list[Phase] = []
        self.went: list[Phase] = []

    def stage(self, phase: Phase, act: Callable[[], None] = lambda: None, **given: object) -> Stage:
        def make(_: Workspace) -> None:
            self.went.append(phase)
            self.things.append(phase)
            act()

        return Stage(phase=phase, minutes=1, act=make, **given)  # type: ignore[arg-type]

    def end(self, act: Callable[[], None] = lambda: None) -> list[Stage]:
        def destroy(_: Workspace) -> None:
            self.went.append(Phase.DESTROY)
            act()
            self.things.clear()

        return [
            Stage(phase=Phase.DESTROY, minutes=1, act=destroy),
            Stage(phase=Phase.LEAKS, minutes=1, act=lambda _: self.went.append(Phase.LEAKS)),
        ]


def _interrupt() -> None:
    raise KeyboardInterrupt


def _fail(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return _workspace(tmp_path)


def _workspace(folder: Path, clock: Clock | None = None) -> Workspace:
    return Workspace(
        places={},
        needed=(),
        folder=folder,
        images=None,
        seconds=3600,
        embedded=True,
        look_every=1,
        tell=lambda _: None,
        clock=clock or Clock(),
    )


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return Report(aws="embedded AWS", region="eu-west-3", release="emr-7.13.0", folder=tmp_path)


def _always(_: Answers) -> Finding:
    return confirmed("so")


@pytest.mark.parametrize("phase", BUILDING)
def test_ctrl_c_in_any_phase_destroys_what_there_is(
    phase: Phase, world: World, workspace: Workspace, report: Report
) -> None:
    before = itertools.takewhile(lambda item: item is not phase, BUILDING)
    stages = [*(world.stage(item) for item in before), world.stage(phase, _interrupt), world.stage(Phase.LIFETIME)]
    assert run_stages(workspace, stages, report, set(), world.end()) is True
    assert world.things == []
    assert world.went[-3:] == [phase, Phase.DESTROY, Phase.LEAKS]


@pytest.mark.parametrize("error", [CommandFailed("no capacity"), KeyError("State"), OSError("disk full")])
def test_a_phase_that_fails_leaves_out_what_needs_it_and_destroys(
    error: Exception, world: World, workspace: Workspace, report: Report
) -> None:
    stages = [
        world.stage(Phase.DEPLOY),
        world.stage(Phase.INTERACTIVE, _fail(error)),
        world.stage(Phase.PROBE, needs=(Phase.INTERACTIVE,), checks={ROW: Check(_always)}),
        world.stage(Phase.AGAIN, needs=(Phase.DEPLOY,)),
    ]
    assert run_stages(workspace, stages, report, {ROW}, world.end()) is False
    assert world.went == [Phase.DEPLOY, Phase.INTERACTIVE, Phase.AGAIN, Phase.DESTROY, Phase.LEAKS]
    assert world.things == []
    assert str(error) in report.rows[ROW].answer
    assert report.rows[ROW].outcome is Outcome.NOT_SEEN


def test_facts_alone_leave_nothing_to_destroy(world: World, workspace: Workspace, report: Report) -> None:
    run_stages(workspace, [world.stage(Phase.FACTS, builds=False)], report, set(), world.end())
    assert world.went == [Phase.FACTS]


def test_an_end_that_fails_is_followed_by_the_look_at_what_is_left(
    world: World, workspace: Workspace, report: Report
) -> None:
    end = world.end(_fail(FruitsError("still there: FruitsGuard-verifya")))
    run_stages(workspace, [world.stage(Phase.DEPLOY)], report, set(), end)
    assert world.went == [Phase.DEPLOY, Phase.DESTROY, Phase.LEAKS]
    assert "still there" in report.phases[1].why


def test_ctrl_c_at_the_end_names_what_destroys_the_rest(world: World, workspace: Workspace, report: Report) -> None:
    with pytest.raises(
        CleanupInterrupted, match="fruits destroy --all -c env=verifya; fruits destroy --all -c env=verifyb"
    ):
        run_stages(workspace, [world.stage(Phase.DEPLOY)], report, set(), world.end(_interrupt))
    assert CleanupInterrupted.exit_code == ExitCode.INTERRUPTED


def test_when_only_the_end_has_time_left_it_begins(world: World, tmp_path: Path, report: Report) -> None:
    now = [0.0]
    workspace = _workspace(tmp_path, Clock(seconds=lambda: now[0]))
    workspace.left()

    def last_minute() -> None:
        now[0] = 3600 - RESERVE_SECONDS

    stages = [world.stage(Phase.DEPLOY, last_minute), world.stage(Phase.PROBE, checks={ROW: Check(_always)})]
    run_stages(workspace, stages, report, {ROW}, world.end())
    assert world.went == [Phase.DEPLOY, Phase.DESTROY, Phase.LEAKS]
    assert "no time left" in report.phases[1].why


def test_the_report_is_there_after_each_phase(
    world: World, workspace: Workspace, report: Report, tmp_path: Path
) -> None:
    seen: list[int] = []

    def look() -> None:
        seen.append(len(read_report(tmp_path / "verify-report.json").phases))

    run_stages(workspace, [world.stage(Phase.DEPLOY), world.stage(Phase.PROBE, look)], report, set(), world.end(look))
    assert seen == [1, 2]


def test_the_real_end_destroys_and_then_looks_for_leaks() -> None:
    assert [stage.phase for stage in CLEANUP] == [Phase.DESTROY, Phase.LEAKS]
