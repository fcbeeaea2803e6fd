"""``fruits logs``: what a step or a bootstrap action has logged, from S3; the failing exception first."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from ops.aws.clusters import Cluster, Step, find_cluster, find_step, list_clusters, list_steps
from ops.aws.place import Place, find_place
from ops.clock import Clock, clock_of
from ops.console import Context, err, labelled, out
from ops.errors import ExitCode, FruitsError, WrongUsage
from ops.runs.diagnosis import diagnose_from
from ops.runs.logs import LogFile, StepLog, bootstrap_logs, logs_of


class NoLogs(FruitsError):
    """There is no such log, or not yet."""


def logs(
    context: typer.Context,
    step_id: Annotated[
        str | None, typer.Argument(help="A step; the newest unless given.", metavar="STEP_ID", show_default=False)
    ] = None,
    *,
    values: Context = None,
    file: Annotated[LogFile, typer.Option(help="The job's own log is stdout, Spark's is stderr.")] = "stdout",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the step ends.")] = False,
    last: Annotated[bool, typer.Option("--last", help="The newest step, which is also the default.")] = False,
    bootstrap: Annotated[bool, typer.Option("--bootstrap", help="Of the bootstrap action, node by node.")] = False,
    cluster_id: Annotated[
        str | None, typer.Option("--cluster", help="A cluster; the newest unless given.", metavar="ID")
    ] = None,
    look_every: Annotated[float, typer.Option(help="Seconds between two looks with --follow.", min=0.2)] = 15.0,
) -> None:
    """Print a log of a step. EMR brings logs to S3 about every five minutes; a failed step's exception comes first."""
    if step_id and last:
        raise WrongUsage(f"{step_id}: --last asks for the newest step; accepted: one of the two")
    place = find_place(values)
    if bootstrap:
        _show_bootstrap(place, _cluster(place, cluster_id), file)
        return
    step = _step(place, step_id, cluster_id)
    cluster = find_cluster(place.client, step.cluster_id)
    log = StepLog(logs_of(place.client, cluster), step, file)
    try:
        found = _follow(place, log, look_every, clock_of(context)) if follow else _show(log)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if not found:
        raise NoLogs(_not_yet(log, place))


def _cluster(place: Place, cluster_id: str | None) -> Cluster:
    if cluster_id:
        return find_cluster(place.client, cluster_id)
    clusters = list_clusters(place.client, place.settings.name)
    if not clusters:
        raise NoLogs(
            f"EMR knows no cluster {place.settings.name} in {place.settings.region};"
            f" deploy one: cdk deploy FruitsCompute{place.options}"
        )
    return find_cluster(place.client, clusters[0].id)


def _step(place: Place, step_id: str | None, cluster_id: str | None) -> Step:
    if step_id and cluster_id:
        return find_step(place.client, cluster_id, step_id)
    clusters = [_cluster(place, cluster_id)] if cluster_id else list_clusters(place.client, place.settings.name)
    for cluster in clusters:
        for step in list_steps(place.client, cluster.id):
            if step_id in {None, step.id}:
                return step
    what = f"no step {step_id}" if step_id else "no step"
    raise NoLogs(
        f"{what} of a cluster {place.settings.name} that EMR still knows in {place.settings.region};"
        f" see: fruits runs{place.options}"
    )


def _show(log: StepLog) -> bool:
    text = log.read()
    if log.step.state == "FAILED":
        _show_exception(log)
    _print(out, text)
    return log.modified is not None


def _follow(place: Place, log: StepLog, seconds: float, clock: Clock) -> bool:
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
    return log.modified is not None


def _show_exception(log: StepLog) -> None:
    """Print on standard error why a step failed."""
    found = diagnose_from(log.folder, log.step)
    err.print(labelled(f"{log.step.id} failed: ", found.explained, "bold red"), soft_wrap=True)
    if "\n" in found.block:
        _print(err, found.block)


def _show_bootstrap(place: Place, cluster: Cluster, file: LogFile) -> None:
    found = bootstrap_logs(logs_of(place.client, cluster), cluster.id, file)
    if not found:
        raise NoLogs(
            f"no {file} of a bootstrap action of {cluster.id} ({cluster.state}) below {cluster.log_uri}; EMR brings"
            f" logs there within minutes: try again: fruits logs --bootstrap --file {file}{place.options}"
        )
    for name, text in found.items():
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
