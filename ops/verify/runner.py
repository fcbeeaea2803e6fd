"""Run the stages of a verification in order, and then the cleanup, whatever happened before."""

import time
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from ops.beliefs.belief import Phase
from ops.errors import ExitCode, FruitsError
from ops.verify.cleanup import DESTROY, LEAKS
from ops.verify.facts import FACTS
from ops.verify.findings import Finding, not_seen
from ops.verify.interactive import INTERACTIVE, LIFETIME, PROBE
from ops.verify.logs import LOGS
from ops.verify.report import Report
from ops.verify.stage import Stage
from ops.verify.transient import AGAIN, DEPLOY, TRANSIENT
from ops.verify.workspace import A, B, Environment, OutOfTime, Workspace

STAGES: Final = (FACTS, DEPLOY, TRANSIENT, INTERACTIVE, PROBE, AGAIN, LOGS, LIFETIME)
CLEANUP: Final = (DESTROY, LEAKS)


class CleanupInterrupted(FruitsError):
    """The end was interrupted; the message names what destroys what is left."""

    exit_code = ExitCode.INTERRUPTED


def stages_for(rows: Collection[int], stages: Sequence[Stage] = STAGES) -> list[Stage]:
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
    for stage in CLEANUP:  # to see how a cluster goes, one has to be there
        if 2 in stage.checks and 2 in rows and TRANSIENT.phase in by_phase:
            want(by_phase[TRANSIENT.phase])
    return [stage for stage in stages if stage.phase in wanted]


def environments(stages: Iterable[Stage]) -> list[Environment]:
    """Return the environments that stages need; some stages need any."""
    return sorted({stage.environment for stage in stages if stage.environment}) or [A]


def verifiable() -> set[int]:
    """Return the numbers of the rows that some stage looks at."""
    return {number for stage in (*STAGES, *CLEANUP) for number in stage.checks}


def run_stages(
    workspace: Workspace,
    stages: Iterable[Stage],
    report: Report,
    rows: Collection[int],
    cleanup: Sequence[Stage] = CLEANUP,
) -> bool:
    """Run the stages, and then destroy all that they may have made.

    Parameters
    ----------
    workspace
        Where they act.
    stages
        Those before the cleanup.
    report
        Gets phases and rows, and is saved after each phase.
    rows
        Numbers of the beliefs that are looked at.
    cleanup
        Those that destroy, and prove it.

    Returns
    -------
    bool
        Whether Ctrl-C or SIGTERM ended the stages before their time.

    Raises
    ------
    CleanupInterrupted
        If the cleanup itself was interrupted.
    """
    built = interrupted = False
    failed: dict[Phase, str] = {}
    try:
        for stage in stages:
            lacking = next((phase for phase in stage.needs if phase in failed), None)
            if lacking:
                failed[stage.phase] = f"phase {lacking.value}: {failed[lacking]}"
                report.skipped(stage, failed[stage.phase], rows)
                continue
            built |= stage.builds
            if problem := _run_stage(stage, workspace, report, rows):
                failed[stage.phase] = problem
    except KeyboardInterrupt:
        interrupted = True
        workspace.tell("interrupted: what was made is destroyed now; this takes minutes")
    if built:
        _clean_up(workspace, cleanup, report, rows)
    return interrupted


def _clean_up(workspace: Workspace, cleanup: Iterable[Stage], report: Report, rows: Collection[int]) -> None:
    workspace.begin_cleanup()
    try:
        for stage in cleanup:
            _run_stage(stage, workspace, report, rows)
    except KeyboardInterrupt:
        commands = "; ".join(f"fruits destroy --all -c env={env}" for env in (A, B))
        raise CleanupInterrupted(f"interrupted while it was destroying; what is left may cost: {commands}") from None


def _run_stage(stage: Stage, workspace: Workspace, report: Report, rows: Collection[int]) -> str:
    """Run a stage, and return why it failed; nothing if it did not."""
    began, problem = time.monotonic(), ""
    workspace.tell(f"phase {stage.phase.value}")
    try:
        workspace.require_time()
        stage.act(workspace)
    except OutOfTime as error:
        problem = str(error)
    except Exception as error:  # whatever it is: what was made must be destroyed
        problem = f"{type(error).__name__}: {error}"
    finally:
        report.done(stage.phase, seconds=time.monotonic() - began, why=problem)
        for number, check in stage.checks.items():
            if number in rows:
                finding = check.look(workspace.answers, embedded=workspace.embedded)
                report.found(number, stage.phase, _with_reason(finding, problem))
        report.save()
    return problem


def _with_reason(seen: Finding, problem: str) -> Finding:
    """Return a finding that says why it was not seen, if its phase failed."""
    return not_seen(f"{problem}; {seen.answer}") if problem and seen.outcome.value == "not seen" else seen
