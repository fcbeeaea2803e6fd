"""``fruits run``: submit the step to the interactive cluster, or run a transient one again, and wait for the end."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Final

import typer

from job.storage.listing import is_photograph
from ops.aws.account import AwsRefused
from ops.aws.clusters import STEP_ENDED, USABLE, Step, cancel_step, find_cluster, list_clusters, list_steps
from ops.aws.deployment import NoDeployment
from ops.aws.place import Place, find_place
from ops.aws.s3.folder import Folder
from ops.clock import clock_of
from ops.console import Context, complain, confirm, err, labelled, out, status
from ops.errors import ExitCode, FruitsError, WrongUsage
from ops.quantities import duration
from ops.runs.cost import hourly_cost
from ops.runs.diagnosis import diagnose_from
from ops.runs.history import past_runs
from ops.runs.logs import StepLog, job_lines, logs_of
from ops.runs.rerun import deploy_run
from ops.runs.screen import RunView
from ops.runs.submission import deployed_step, new_run_id, submit
from ops.runs.watch import Moment, Watch
from ops.summary import show_summary

RUN_SETTINGS: Final = {"allow_extra_args": True}
"""Context settings of the command `run`: what follows ``--`` is for the job."""

_LOOK_EVERY: Final = 5.0
"""Seconds; EMR answers a few DescribeStep calls a second for the whole account."""


def run(
    context: typer.Context,
    *,
    values: Context = None,
    wait: Annotated[bool, typer.Option(help="Watch the run until it ends; its verdict is the exit code.")] = True,
    run_id: Annotated[
        str | None, typer.Option(help="Name of the run; made from the time unless given.", metavar="ID")
    ] = None,
    cancel_on_interrupt: Annotated[
        bool, typer.Option("--cancel-on-interrupt", help="On Ctrl-C cancel the step; otherwise it goes on.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a new cluster is started.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="End a transient cluster that is at work, and the run on it.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the driver's whole log.")] = False,
    look_every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.2)] = _LOOK_EVERY,
) -> None:
    """Run the job on the cluster; arguments after -- go to the job: fruits run -- --components 50.

    An interactive cluster gets the step that is deployed, with these arguments. A transient one has ended with its job:
    its stack is deployed again with another run id, which is a new cluster.
    """
    place = find_place(values)
    label = run_id or new_run_id()
    place.given.changed(run_id=label)  # refuses a name that is not accepted
    cluster_id = place.deployment.output("FruitsCompute", "ClusterId")
    _require_photographs(place)
    if "JobStep" in place.deployment.stacks["FruitsCompute"].outputs:
        step_id = _submit(place, cluster_id, label, context.args)
    else:
        cluster_id, step_id = _run_again(place, label, context.args, ask=not yes, replace=replace)
    out.print(f"Step {step_id} on {cluster_id}: {place.settings.name} {label}", soft_wrap=True)
    if wait:
        output = place.deployment.output("FruitsStorage", "OutputUri")
        watch = Watch(place.client, cluster_id, step_id, output, look_every, clock_of(context))
        raise typer.Exit(_wait(place, watch, cancel=cancel_on_interrupt, verbose=verbose))
    out.print(f"It goes on by itself; see: fruits logs --follow{place.options}", soft_wrap=True)


def _require_photographs(place: Place) -> None:
    uri = place.deployment.output("FruitsStorage", "ImagesUri")
    if not any(is_photograph(item.path) for item in Folder(place.client, uri).list()):
        raise FruitsError(f"no photographs in {uri}; upload some: fruits images upload FOLDER{place.options}")


def _submit(place: Place, cluster_id: str, label: str, arguments: Sequence[str]) -> str:
    step = deployed_step(place.deployment).under(label, place.settings.name).with_arguments(arguments)
    cluster = find_cluster(place.client, cluster_id)
    if cluster.state not in USABLE:
        raise NoDeployment(
            f"the cluster {cluster_id} of {place.settings.name} has ended ({cluster.reason}); start a new one:"
            f" cdk deploy FruitsCompute{place.options} -c run_id={label}"
        )
    return submit(place.client, cluster_id, step)


def _at_work(place: Place) -> Step | None:
    """Return a step that a cluster of the environment works on or will: a new run id makes it lose its cluster."""
    clusters = [found for found in list_clusters(place.client, place.settings.name) if found.state in USABLE]
    steps = (step for cluster in clusters for step in list_steps(place.client, cluster.id))
    return next((step for step in steps if step.state not in STEP_ENDED), None)


def _run_again(place: Place, label: str, arguments: Sequence[str], *, ask: bool, replace: bool) -> tuple[str, str]:
    if arguments:
        raise WrongUsage(
            f"{' '.join(arguments)}: the step of a transient cluster is part of its stack; give settings instead,"
            " such as -c components=50"
        )
    place.given.require_deployable()
    lost = _at_work(place)
    if lost and not replace:
        raise FruitsError(
            f"{lost.id} ({lost.name}) is {lost.state} on {lost.cluster_id}, and a new run would end it. Follow it:"
            f" fruits logs {lost.id} --follow{place.options}. End it, and lose what it has not committed:"
            f" fruits run --replace{place.options}"
        )
    cost = hourly_cost(place.settings)
    limit = f"it ends with its job, at the latest after {duration(place.settings.max_lifetime)}"
    price = f"{cost.describe()}; " if cost else ""
    out.print(
        f"Plan: cdk deploy FruitsCompute{place.options} -c run_id={label}\n"
        f"      a new cluster {place.settings.name} in {place.settings.region}: {price}{limit}"
        + (f"\n      ends {lost.id} ({lost.name}), which is {lost.state} on {lost.cluster_id}" if lost else ""),
        soft_wrap=True,
    )
    if ask:
        confirm(
            "Start it?",
            instead="refusing to start a cluster that costs money without confirmation; add --yes",
            declined="no cluster is started",
        )
    cluster_id = _deploy(place, label)
    (step,) = list_steps(place.client, cluster_id)
    return cluster_id, step.id


def _deploy(place: Place, label: str) -> str:
    stack = place.settings.stack_name("FruitsCompute")
    try:
        with status("Deploying") as show:

            def on_line(line: str) -> None:
                text = line.partition(f"{stack} | ")[2] or line
                if text.strip():
                    show(f"Deploying: {text.strip()[:100]}")

            return deploy_run(place, label, on_line)
    except KeyboardInterrupt:
        region = place.settings.region
        raise FruitsError(
            f"interrupted: CloudFormation goes on with {stack}; undo it:"
            f" aws cloudformation cancel-update-stack --stack-name {stack} --region {region}",
            exit_code=ExitCode.INTERRUPTED,
        ) from None


def _wait(place: Place, watch: Watch, *, cancel: bool, verbose: bool) -> int:
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
            f"Interrupted: {step_id} goes on by itself. Watch it: fruits logs {step_id} --follow{place.options}\n"
            f"Cancel it: aws emr cancel-steps --cluster-id {cluster_id} --step-ids {step_id} --region {region}",
            soft_wrap=True,
        )
    return ExitCode.INTERRUPTED


def _show_results(last: Moment, place: Place, output: str) -> None:
    started = last.step.started or last.step.created
    written = [run for run in past_runs(place.client, output, complain) if run.when >= started.replace(microsecond=0)]
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
