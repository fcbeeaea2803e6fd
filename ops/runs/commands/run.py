"""``fruits run``: submit the step to the interactive cluster, or run a transient one again, and wait for the end."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Final

import typer

from ops.aws.account import AwsRefused
from ops.aws.clusters import LIVE, cancel_step, find_cluster, list_steps
from ops.aws.deployment import NoDeployment
from ops.aws.place import Target, target
from ops.aws.s3 import Folder
from ops.aws.synthesis import given_settings
from ops.clock import clock_of
from ops.console import Context, complain, err, labelled, out, status
from ops.errors import ExitCode, FruitsError, WrongUsage
from ops.local.report import show
from ops.runs.cost import hourly_cost
from ops.runs.diagnosis import diagnose_from
from ops.runs.history import past_runs
from ops.runs.logs import StepLog, job_lines, logs_of
from ops.runs.rerun import deploy_run
from ops.runs.screen import RunView, duration
from ops.runs.submission import deployed_submission, new_run_id, submit
from ops.runs.watch import Moment, Watch
from ops.upload.plan import is_photograph

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
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the driver's whole log.")] = False,
    look_every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.2)] = _LOOK_EVERY,
) -> None:
    """Run the job on the cluster; arguments after -- go to the job: fruits run -- --components 50.

    An interactive cluster gets the step that is deployed, with these arguments. A transient one has ended with its job:
    its stack is deployed again with another run id, which is a new cluster.
    """
    chosen = target(values)
    label = run_id or new_run_id()
    given_settings((*chosen.values, f"run_id={label}"))
    cluster_id = chosen.deployment.output("FruitsCompute", "ClusterId")
    _require_photographs(chosen)
    if "JobStep" in chosen.deployment.stacks["FruitsCompute"].outputs:
        step_id = _submit(chosen, cluster_id, label, context.args)
    else:
        cluster_id, step_id = _run_again(chosen, label, context.args, ask=not yes)
    out.print(f"Step {step_id} on {cluster_id}: {chosen.settings.name} {label}", soft_wrap=True)
    if wait:
        output = chosen.deployment.output("FruitsStorage", "OutputUri")
        watch = Watch(chosen.client, cluster_id, step_id, output, look_every, clock_of(context))
        raise typer.Exit(_wait(chosen, watch, cancel=cancel_on_interrupt, verbose=verbose))
    out.print(f"It goes on by itself; see: fruits logs --follow{chosen.options}", soft_wrap=True)


def _require_photographs(chosen: Target) -> None:
    uri = chosen.deployment.output("FruitsStorage", "ImagesUri")
    if not any(is_photograph(item.path) for item in Folder(chosen.client, uri).list()):
        raise FruitsError(f"no photographs in {uri}; upload some: fruits images upload FOLDER{chosen.options}")


def _submit(chosen: Target, cluster_id: str, label: str, arguments: Sequence[str]) -> str:
    submission = deployed_submission(chosen.deployment).under(label, chosen.settings.name).with_arguments(arguments)
    cluster = find_cluster(chosen.client, cluster_id)
    if cluster.state not in LIVE:
        raise NoDeployment(
            f"the cluster {cluster_id} of {chosen.settings.name} has ended ({cluster.reason}); start a new one:"
            f" cdk deploy FruitsCompute{chosen.options} -c run_id={label}"
        )
    return submit(chosen.client, cluster_id, submission)


def _run_again(chosen: Target, label: str, arguments: Sequence[str], *, ask: bool) -> tuple[str, str]:
    if arguments:
        raise WrongUsage(
            f"{' '.join(arguments)}: the step of a transient cluster is part of its stack; give settings instead,"
            " such as -c components=50"
        )
    given_settings(chosen.values, to_deploy=True)
    cost = hourly_cost(chosen.settings)
    limit = f"it ends with its job, at the latest after {duration(chosen.settings.max_lifetime)}"
    price = f"{cost.describe()}; " if cost else ""
    out.print(
        f"Plan: cdk deploy FruitsCompute{chosen.options} -c run_id={label}\n"
        f"      a new cluster {chosen.settings.name} in {chosen.settings.region}: {price}{limit}",
        soft_wrap=True,
    )
    if ask and out.is_terminal and not typer.confirm("Start it?"):
        raise FruitsError("no cluster is started")
    cluster_id = _deploy(chosen, label)
    (step,) = list_steps(chosen.client, cluster_id)
    return cluster_id, step.id


def _deploy(chosen: Target, label: str) -> str:
    stack = chosen.settings.stack_name("FruitsCompute")
    try:
        with status("Deploying") as tell:

            def heard(line: str) -> None:
                text = line.partition(f"{stack} | ")[2] or line
                if text.strip():
                    tell(f"Deploying: {text.strip()[:100]}")

            return deploy_run(chosen, label, heard)
    except KeyboardInterrupt:
        region = chosen.settings.region
        raise FruitsError(
            f"interrupted: CloudFormation goes on with {stack}; undo it:"
            f" aws cloudformation cancel-update-stack --stack-name {stack} --region {region}",
            exit_code=ExitCode.INTERRUPTED,
        ) from None


def _wait(chosen: Target, watch: Watch, *, cancel: bool, verbose: bool) -> int:
    try:
        folder = logs_of(chosen.client, find_cluster(chosen.client, watch.cluster_id))
        last = _watched(chosen, watch, folder, verbose=verbose)
    except KeyboardInterrupt:
        return _interrupted(chosen, watch.cluster_id, watch.step_id, cancel=cancel)
    if last.succeeded:
        _show_results(last, chosen, watch.output_uri)
        return 0
    _show_failure(last, chosen, folder)
    return ExitCode.FAILED


def _watched(chosen: Target, watch: Watch, folder: Folder, *, verbose: bool) -> Moment:
    log: StepLog | None = None
    last: Moment | None = None
    with RunView(out, hourly_cost(chosen.settings)) as view:
        for last in watch.moments():
            log = log or StepLog(folder, last.step)
            with suppress(AwsRefused):  # the run goes on without its log
                text = log.read()
                for line in text.splitlines() if verbose else job_lines(text):
                    view.log(line)
            view.show(last)
    assert last is not None
    return last


def _interrupted(chosen: Target, cluster_id: str, step_id: str, *, cancel: bool) -> int:
    if cancel:
        cancel_step(chosen.client, cluster_id, step_id)
        err.print(f"Interrupted: {step_id} is being cancelled", soft_wrap=True)
    else:
        region = chosen.settings.region
        err.print(
            f"Interrupted: {step_id} goes on by itself. Watch it: fruits logs {step_id} --follow{chosen.options}\n"
            f"Cancel it: aws emr cancel-steps --cluster-id {cluster_id} --step-ids {step_id} --region {region}",
            soft_wrap=True,
        )
    return ExitCode.INTERRUPTED


def _show_results(last: Moment, chosen: Target, output: str) -> None:
    started = last.step.started or last.step.created
    written = [run for run in past_runs(chosen.client, output, complain) if run.when >= started.replace(microsecond=0)]
    if written:
        show(dict(written[0].manifest), output, out)
        out.print(f"Get them: fruits results{chosen.options}", soft_wrap=True)
    else:
        out.print(
            f"Nothing was new: the results are those of an earlier run; see: fruits runs{chosen.options}",
            soft_wrap=True,
        )


def _show_failure(last: Moment, chosen: Target, logs: Folder) -> None:
    if last.step.state == "FAILED":
        reason = diagnose_from(logs, last.step).explained
    else:
        reason = f"the step is {last.step.state}; the cluster {last.cluster.id}: {last.cluster.reason}"
    err.print(labelled("failed: ", reason, "bold red"), soft_wrap=True)
    err.print(f"Read more: fruits logs {last.step.id}{chosen.options}", soft_wrap=True)
