"""``fruits logs``: what a step or a bootstrap action has logged, from S3; the failing exception first."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from ops.aws.clusters import Cluster, Step, find_cluster, find_step
from ops.aws.place import Place, find_place
from ops.aws.s3.folder import Folder
from ops.clock import Clock, clock_of
from ops.console import Context, err, labelled, out
from ops.errors import ExitCode, WrongUsage
from ops.runs.diagnosis import diagnose_from
from ops.runs.logs import LogFile, NoLogs, StepLog, bootstrap_logs, executor_logs, logs_of, notebook_logs
from ops.runs.steps import complete_step, newest_cluster, newest_step


def logs(
    context: typer.Context,
    step_id: Annotated[
        str | None,
        typer.Argument(
            help="A step; the newest unless given.", metavar="STEP_ID", show_default=False, autocompletion=complete_step
        ),
    ] = None,
    *,
    values: Context = None,
    file: Annotated[LogFile, typer.Option(help="The job's own log is stdout, Spark's is stderr.")] = "stdout",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the step ends.")] = False,
    bootstrap: Annotated[
        bool, typer.Option("--bootstrap", help="What the bootstrap action has logged, node by node.")
    ] = False,
    executors: Annotated[
        bool, typer.Option("--executors", help="What the step's executors have logged, container by container.")
    ] = False,
    notebooks: Annotated[
        bool, typer.Option("--notebooks", help="What serves notebooks has logged: Livy and the gateway.")
    ] = False,
    cluster_id: Annotated[
        str | None, typer.Option("--cluster", help="A cluster; the newest unless given.", metavar="ID")
    ] = None,
    look_every: Annotated[float, typer.Option(help="Seconds between two updates with --follow.", min=0.2)] = 15.0,
) -> None:
    """Print a log of a step. EMR brings logs to S3 about every five minutes; a failed step's exception comes first.

    With --follow the step's verdict is the exit code, as with fruits watch.
    """
    if sum((bootstrap, executors, notebooks, follow)) > 1:
        raise WrongUsage(
            "--bootstrap, --executors, --notebooks, --follow: each shows another log; accepted: one of them"
        )
    place = find_place(values)
    if bootstrap:
        _show_bootstrap(place, newest_cluster(place, cluster_id), file)
        return
    if notebooks:
        _show_notebooks(place, newest_cluster(place, cluster_id))
        return
    step = newest_step(place, step_id, cluster_id)
    cluster = find_cluster(place.client, step.cluster_id)
    folder = logs_of(place.client, cluster)
    if executors:
        _show_executors(place, folder, step, file)
        return
    log = StepLog(folder, step, file)
    if follow:
        _follow(place, log, look_every, clock_of(context))
    else:
        _show(log)
    if log.modified is None:
        raise NoLogs(_not_yet(log, place))
    if follow and log.step.state != "COMPLETED":
        raise typer.Exit(ExitCode.FAILED)


def _show(log: StepLog) -> None:
    text = log.read()
    if log.step.state == "FAILED":
        _show_exception(log)
    _print(out, text)


def _follow(place: Place, log: StepLog, seconds: float, clock: Clock) -> None:
    while True:
        step = find_step(place.client, log.step.cluster_id, log.step.id)
        _print(out, log.read())
        if log.is_final(step, datetime.now(UTC)):
            break
        clock.wait(seconds)
    log.step = step
    err.print(f"{step.id} {step.state}")
    if step.state == "FAILED":
        _show_exception(log)


def _show_exception(log: StepLog) -> None:
    """Print on standard error why a step failed."""
    found = diagnose_from(log.folder, log.step)
    err.print(labelled(f"{log.step.id} failed: ", found.explained, "bold red"), soft_wrap=True)
    if "\n" in found.block:
        _print(err, found.block)


def _show_bootstrap(place: Place, cluster: Cluster, file: LogFile) -> None:
    found = list(bootstrap_logs(logs_of(place.client, cluster), cluster.id, file))
    if not found:
        raise NoLogs(
            f"no {file} of a bootstrap action of {cluster.id} ({cluster.state}) below {cluster.log_uri}; EMR brings"
            f" logs there within minutes: try again: fruits logs --bootstrap --file {file}{place.options}"
        )
    _print_each(found)


def _show_notebooks(place: Place, cluster: Cluster) -> None:
    found = list(notebook_logs(logs_of(place.client, cluster), cluster.id))
    if not found:
        raise NoLogs(
            f"no log of Livy or the gateway of {cluster.id} ({cluster.state}) below {cluster.log_uri}; EMR brings logs"
            f" there within minutes, once a notebook has been opened: try again: fruits logs --notebooks{place.options}"
        )
    _print_each(found)


def _show_executors(place: Place, folder: Folder, step: Step, file: LogFile) -> None:
    count = 0
    for count, (name, text) in enumerate(executor_logs(folder, step, file), 1):  # noqa: B007 - counts what was shown
        _print_each([(name, text)])
    if not count:
        raise NoLogs(
            f"no {file} of an executor of {step.id} ({step.state}) below"
            f" {folder.location.uri}/{step.cluster_id}/containers; EMR brings logs there within minutes:"
            f" try again: fruits logs {step.id} --executors{place.options}"
        )


def _print_each(logs: Iterable[tuple[str, str]]) -> None:
    for name, text in logs:
        err.print(name, style="bold", soft_wrap=True)
        _print(out, text)


def _not_yet(log: StepLog, place: Place) -> str:
    step, where = log.step, f"{log.folder.location.uri}/{log.path}"
    if log.is_final(step, datetime.now(UTC)):
        hint = f"fruits logs {step.id} --file controller{place.options}"
        return f"{step.id} is {step.state} and {where} has not come; what EMR itself says: {hint}"
    hint = f"wait: fruits logs {step.id} --follow{place.options}"
    if step.state == "PENDING":
        return f"{step.id} has not started, so there is no {where}; {hint}"
    return f"{step.id} is {step.state} and {where} is not there yet, EMR brings logs about every five minutes; {hint}"


def _print(console: Console, text: str) -> None:
    if text:
        console.print(text.removesuffix("\n"), soft_wrap=True)
