"""``fruits run``: submit the step to the interactive cluster, or run a transient one again, and wait for the end."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import typer

from job.storage.listing import is_photograph
from job.storage.trial import Trial
from ops.aws.clusters import STEP_ENDED, USABLE, Step, find_cluster, list_clusters, list_steps
from ops.aws.deployment import NoDeployment
from ops.aws.place import Place, find_place
from ops.aws.s3.folder import Folder
from ops.clock import clock_of
from ops.console import Context, confirm, out, status
from ops.errors import ExitCode, FruitsError, WrongUsage
from ops.quantities import duration
from ops.runs.cost import hourly_cost
from ops.runs.following import watch_to_the_end
from ops.runs.rerun import deploy_run
from ops.runs.submission import deployed_step, new_run_id, submit
from ops.runs.watch import LOOK_EVERY, Watch

REGISTRATION: Final = {"context_settings": {"allow_extra_args": True}}
"""What follows ``--`` is for the job."""


def run(
    context: typer.Context,
    *,
    values: Context = None,
    wait: Annotated[bool, typer.Option(help="Watch the run until it ends; its verdict is the exit code.")] = True,
    run_id: Annotated[
        str | None, typer.Option(help="Name of the run; made from the time unless given.", metavar="ID")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="A trial: at most so many photographs, evenly of all labels.", min=1)
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="A trial: photographs of these labels alone.", metavar="A,B")
    ] = None,
    cancel_on_interrupt: Annotated[
        bool, typer.Option("--cancel-on-interrupt", help="On Ctrl-C cancel the step; otherwise it goes on.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a new cluster is started.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="End a transient cluster that is at work, and the run on it.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the driver's whole log.")] = False,
    look_every: Annotated[float, typer.Option(help="Seconds between two updates.", min=0.2)] = LOOK_EVERY,
) -> None:
    """Run the job on the cluster; arguments after -- go to the job: fruits run -- --components 50.

    An interactive cluster gets the step that is deployed, with these arguments. A transient one has ended with its job:
    its stack is deployed again with another run id, which is a new cluster. Results of a trial are apart.
    """
    place = find_place(values)
    name, trial = run_id or new_run_id(), Trial.of(limit, label or ())
    place.given.changed(**_settings(name, trial))  # refuses what is not accepted
    cluster_id = place.deployment.output("FruitsCompute", "ClusterId")
    _require_photographs(place)
    if "JobStep" in place.deployment.stacks["FruitsCompute"].outputs:
        arguments = [*(trial.options if trial else ()), *context.args]
        step_id = _submit(place, cluster_id, name, arguments)
    else:
        _refuse_arguments(context.args)
        cluster_id, step_id = _run_again(place, _settings(name, trial), ask=not yes, replace=replace)
    out.print(f"Step {step_id} on {cluster_id}: {place.settings.name} {name}", soft_wrap=True)
    if wait:
        output = place.deployment.output("FruitsStorage", "OutputUri")
        watch = Watch(place.client, cluster_id, step_id, output, look_every, clock_of(context))
        raise typer.Exit(watch_to_the_end(place, watch, cancel=cancel_on_interrupt, verbose=verbose))
    out.print(f"It goes on by itself; watch it: fruits watch{place.options}", soft_wrap=True)


def _settings(run_id: str, trial: Trial | None) -> dict[str, str]:
    """Return the settings that are about one run."""
    limit = {"limit": str(trial.limit)} if trial and trial.limit else {}
    return {"run_id": run_id, **limit, **({"label": ",".join(trial.labels)} if trial and trial.labels else {})}


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


def _refuse_arguments(arguments: Sequence[str]) -> None:
    if arguments:
        raise WrongUsage(
            f"{' '.join(arguments)}: the step of a transient cluster is part of its stack; give settings instead,"
            " such as -c components=50"
        )


def _run_again(place: Place, run: Mapping[str, str], *, ask: bool, replace: bool) -> tuple[str, str]:
    place.deployable(**run)  # refused before anybody is asked
    lost = _at_work(place)
    if lost and not replace:
        raise FruitsError(
            f"{lost.id} ({lost.name}) is {lost.state} on {lost.cluster_id}, and a new run would end it. Follow it:"
            f" fruits watch {lost.id}{place.options}. End it, and lose what it has not committed:"
            f" fruits run --replace{place.options}"
        )
    cost = hourly_cost(place.settings)
    limit = f"it ends with its job, at the latest after {duration(place.settings.max_lifetime)}"
    price = f"{cost.describe()}; " if cost else ""
    out.print(
        f"Plan: cdk deploy FruitsCompute{place.given.changed(**run).options}\n"
        f"      a new cluster {place.settings.name} in {place.settings.region}: {price}{limit}"
        + (f"\n      ends {lost.id} ({lost.name}), which is {lost.state} on {lost.cluster_id}" if lost else ""),
        soft_wrap=True,
    )
    if ask:
        confirm(
            "Start it?",
            instead="refusing to start a cluster that costs money without confirmation; add --yes",
            declined="Stopped: no cluster was started",
        )
    cluster_id = _deploy(place, run)
    (step,) = list_steps(place.client, cluster_id)
    return cluster_id, step.id


def _deploy(place: Place, run: Mapping[str, str]) -> str:
    stack = place.settings.stack_name("FruitsCompute")
    try:
        with status("Deploying") as show:

            def on_line(line: str) -> None:
                text = line.partition(f"{stack} | ")[2] or line
                if text.strip():
                    show(f"Deploying: {text.strip()[:100]}")

            return deploy_run(place, run, on_line)
    except KeyboardInterrupt:
        region = place.settings.region
        raise FruitsError(
            f"interrupted: CloudFormation goes on with {stack}; undo it:"
            f" aws cloudformation cancel-update-stack --stack-name {stack} --region {region}",
            exit_code=ExitCode.INTERRUPTED,
        ) from None
