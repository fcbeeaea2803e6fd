"""A step watched to its end on the terminal, and what its end says: the same for all commands that wait."""

from contextlib import suppress

from ops.aws.account import AwsRefused
from ops.aws.clusters import cancel_step, find_cluster
from ops.aws.place import Place
from ops.aws.s3.folder import Folder
from ops.console import complain, err, labelled, out
from ops.errors import ExitCode
from ops.runs.cost import hourly_cost
from ops.runs.diagnosis import diagnose_from
from ops.runs.history import past_runs
from ops.runs.logs import StepLog, job_lines, logs_of
from ops.runs.screen import RunView
from ops.runs.submission import results_of_step
from ops.runs.watch import Moment, Watch
from ops.summary import show_summary


def watch_to_the_end(place: Place, watch: Watch, *, cancel: bool = False, verbose: bool = False) -> int:
    """Show a step until it ends.

    Parameters
    ----------
    place
        The environment.
    watch
        What looks at the step.
    cancel
        Whether an interrupt cancels the step; else it goes on.
    verbose
        Whether to show the driver's whole log.

    Returns
    -------
    int
        Exit code: whether the step did its work, or that of an interrupt.
    """
    try:
        folder = logs_of(place.client, find_cluster(place.client, watch.cluster_id))
        last = _watched(place, watch, folder, verbose=verbose)
    except KeyboardInterrupt:
        return _interrupted(place, watch.cluster_id, watch.step_id, cancel=cancel)
    if last.succeeded:
        _show_results(last, place, watch.output_uri)
        return 0
    _show_failure(last, place, folder)
    return ExitCode.FAILED


def _watched(place: Place, watch: Watch, folder: Folder, *, verbose: bool) -> Moment:
    log: StepLog | None = None
    last: Moment | None = None
    with RunView(out, hourly_cost(place.settings)) as view:
        for last in watch.moments():
            log = log or StepLog(folder, last.step)
            with suppress(AwsRefused):  # the run goes on without its log
                text = log.read()
                for line in text.splitlines() if verbose else job_lines(text):
                    view.log(line)
            view.show(last)
    assert last is not None
    return last


def _interrupted(place: Place, cluster_id: str, step_id: str, *, cancel: bool) -> int:
    if cancel:
        cancel_step(place.client, cluster_id, step_id)
        err.print(f"Interrupted: {step_id} is being cancelled", soft_wrap=True)
    else:
        region = place.settings.region
        err.print(
            f"Interrupted: {step_id} goes on by itself. Watch it: fruits watch {step_id}{place.options}\n"
            f"Cancel it: aws emr cancel-steps --cluster-id {cluster_id} --step-ids {step_id} --region {region}",
            soft_wrap=True,
        )
    return ExitCode.INTERRUPTED


def _show_results(last: Moment, place: Place, output: str) -> None:
    started = last.step.started or last.step.created
    results = results_of_step(last.step, output)
    written = [run for run in past_runs(place.client, results, complain) if run.when >= started.replace(microsecond=0)]
    if written:
        show_summary(written[0].manifest, output, out)
        out.print(f"Get them: fruits results{place.options}", soft_wrap=True)
    else:
        out.print(
            f"Nothing was new: the results are those of an earlier run; see: fruits runs{place.options}",
            soft_wrap=True,
        )


def _show_failure(last: Moment, place: Place, logs: Folder) -> None:
    if last.step.state == "FAILED":
        reason = diagnose_from(logs, last.step).explained
    else:
        reason = f"the step is {last.step.state}; the cluster {last.cluster.id}: {last.cluster.reason}"
    err.print(labelled("failed: ", reason, "bold red"), soft_wrap=True)
    err.print(f"Read more: fruits logs {last.step.id}{place.options}", soft_wrap=True)
