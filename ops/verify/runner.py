"""The course of a verification: its phases in order, and the end, which comes whatever happened before."""

import time
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from ops.beliefs.belief import Phase
from ops.beliefs.table import BY_NUMBER
from ops.errors import ExitCode, FruitsError
from ops.verify.ending import DESTROY, LEAKS, LOGS
from ops.verify.facts import FACTS
from ops.verify.interactive import INTERACTIVE, LIFETIME, PROBE
from ops.verify.phase import Stage
from ops.verify.report import Report
from ops.verify.scene import A, B, OutOfTime, Scene, Which
from ops.verify.seen import Seen, not_seen
from ops.verify.transient import AGAIN, DEPLOY, TRANSIENT

STAGES: Final = (FACTS, DEPLOY, TRANSIENT, INTERACTIVE, PROBE, AGAIN, LOGS, LIFETIME)
THE_END: Final = (DESTROY, LEAKS)


class StillThere(FruitsError):
    """The end was interrupted; the message names what destroys what is left."""

    exit_code = ExitCode.INTERRUPTED


def chosen(rows: Collection[int], stages: Sequence[Stage] = STAGES) -> list[Stage]:
    """Return the stages that show some rows, with those that they need, in order."""
    by_phase = {stage.phase: stage for stage in stages}
    wanted: set[Phase] = set()

    def want(stage: Stage) -> None:
        wanted.add(stage.phase)
        for phase in stage.needs:
            want(by_phase[phase])

    for stage in stages:
        if rows & stage.checks.keys():
            want(stage)
    for stage in THE_END:  # to see how a cluster goes, one has to be there
        if 2 in stage.checks and 2 in rows and TRANSIENT.phase in by_phase:
            want(by_phase[TRANSIENT.phase])
    return [stage for stage in stages if stage.phase in wanted]


def environments(stages: Iterable[Stage]) -> list[Which]:
    """Return the environments that stages need; some stages need any."""
    return sorted({stage.environment for stage in stages if stage.environment}) or [A]


def verifiable() -> set[int]:
    """Return the numbers of the rows that some stage looks at."""
    return {number for stage in (*STAGES, *THE_END) for number in stage.checks}


def run_course(
    scene: Scene, stages: Iterable[Stage], report: Report, rows: Collection[int], end: Sequence[Stage] = THE_END
) -> bool:
    """Go through the stages, and then destroy all that they may have made.

    Parameters
    ----------
    scene
        Where they act.
    stages
        Those before the end.
    report
        Gets phases and rows, and is saved after each phase.
    rows
        Numbers of the beliefs that are looked at.
    end
        What destroys, and proves it.

    Returns
    -------
    bool
        Whether Ctrl-C or SIGTERM ended the stages before their time.

    Raises
    ------
    StillThere
        If the end itself was interrupted.
    """
    built = interrupted = False
    undone: dict[Phase, str] = {}
    try:
        for stage in stages:
            lacking = next((phase for phase in stage.needs if phase in undone), None)
            if lacking:
                undone[stage.phase] = f"phase {lacking.value}: {undone[lacking]}"
                report.skipped(stage, undone[stage.phase], rows)
                continue
            built |= stage.builds
            if problem := _go(stage, scene, report, rows):
                undone[stage.phase] = problem
    except KeyboardInterrupt:
        interrupted = True
        scene.tell("interrupted: what was made is destroyed now; this takes minutes")
    if built:
        _end(scene, end, report, rows)
    return interrupted


def _end(scene: Scene, end: Iterable[Stage], report: Report, rows: Collection[int]) -> None:
    scene.begin_the_end()
    try:
        for stage in end:
            _go(stage, scene, report, rows)
    except KeyboardInterrupt:
        commands = "; ".join(f"fruits destroy --all -c env={which}" for which in (A, B))
        raise StillThere(f"interrupted while it was destroying; what is left may cost: {commands}") from None


def _go(stage: Stage, scene: Scene, report: Report, rows: Collection[int]) -> str:
    """Go through a stage, and return why what needs it cannot be; nothing where it can."""
    began, problem = time.monotonic(), ""
    scene.tell(f"phase {stage.phase.value}")
    try:
        scene.require_time()
        stage.act(scene)
    except OutOfTime as error:
        problem = str(error)
    except Exception as error:  # whatever it is: what was made must be destroyed
        problem = f"{type(error).__name__}: {error}"
    finally:
        report.done(stage.phase, seconds=time.monotonic() - began, why=problem)
        for number, check in stage.checks.items():
            if number in rows:
                report.saw(
                    number, stage.phase, _with_reason(check.look(scene.answers, embedded=scene.embedded), problem)
                )
        report.save()
    return problem


def _with_reason(seen: Seen, problem: str) -> Seen:
    """Say of what was not seen since its phase failed why that is."""
    return not_seen(f"{problem}; {seen.answer}") if problem and seen.outcome.value == "not seen" else seen


def by_hand() -> dict[int, str]:
    """Return the rows that are left to people, and the command that shows each."""
    return {number: row.shown_by for number, row in BY_NUMBER.items() if row.phase is Phase.BY_HAND}
