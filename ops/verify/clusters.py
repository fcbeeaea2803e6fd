"""What EMR and CloudFormation say of the cluster of an environment, kept as answers."""

from typing import Any, Final

from infra.names import stack_name
from ops.aws.clusters import ENDED, STEP_ENDED, find_cluster, list_clusters, list_steps
from ops.verify.findings import Answers, NotAnswered
from ops.verify.workspace import CommandFailed, Environment, Workspace

_CLUSTER: Final = "AWS::EMR::Cluster"
FLEETS: Final = ("MASTER", "CORE", "TASK")


def cluster_id(workspace: Workspace, env: Environment) -> str:
    """Return the newest cluster of an environment.

    Raises
    ------
    CommandFailed
        If there is none.
    """
    place = workspace.places[env]
    found = list_clusters(place.client, place.settings.name)
    if not found:
        raise CommandFailed(f"there is no cluster {place.settings.name}")
    return found[0].id


def describe(workspace: Workspace, env: Environment, cluster: str) -> None:
    """Keep what EMR and CloudFormation say of a cluster, below the name of its environment."""
    emr, answers = workspace.places[env].client("emr"), workspace.answers
    answers.ask(f"{env} cluster", lambda: emr.describe_cluster(ClusterId=cluster)["Cluster"])
    answers.ask(f"{env} steps", lambda: emr.list_steps(ClusterId=cluster)["Steps"])
    answers.ask(f"{env} events", lambda: _events(workspace, env))


def describe_nodes(workspace: Workspace, env: Environment, cluster: str) -> None:
    """Keep what EMR says of the nodes of a cluster, which lives: of one that has ended it counts none."""
    emr, answers = workspace.places[env].client("emr"), workspace.answers
    answers.ask(f"{env} fleets", lambda: emr.list_instance_fleets(ClusterId=cluster)["InstanceFleets"])
    answers.ask(f"{env} instances", lambda: emr.list_instances(ClusterId=cluster)["Instances"])


def wait_for_steps(workspace: Workspace, env: Environment, cluster: str) -> None:
    """Wait until all steps of a cluster have ended, or the cluster has without them."""
    client = workspace.places[env].client

    def ended() -> bool:
        steps = list_steps(client, cluster)
        return all(step.state in STEP_ENDED for step in steps) or find_cluster(client, cluster).state in ENDED

    workspace.until(ended, f"the step of {cluster} is at work")


def fleet(answers: Answers, env: Environment, kind: str) -> dict[str, Any]:
    """Return a fleet of a cluster, as EMR lists it; an empty one where it has none."""
    found: dict[str, Any] = next((item for item in answers[f"{env} fleets"] if item["InstanceFleetType"] == kind), {})
    return found


def ready(answers: Answers, env: Environment) -> bool:
    """Return whether a cluster was ever ready for work."""
    return "ReadyDateTime" in status(answers, env)["Timeline"]


def require_ready(answers: Answers, env: Environment) -> None:
    """End a check of what only a cluster shows that was ready for work.

    Raises
    ------
    NotAnswered
        If it never was, with what EMR says of that.
    """
    if not ready(answers, env):
        raise NotAnswered(f"the cluster was never ready: {status(answers, env)['StateChangeReason']}")


def status(answers: Answers, env: Environment) -> Any:
    """Return the status of a cluster, as EMR shows it."""
    return answers[f"{env} cluster"]["Status"]


def _events(workspace: Workspace, env: Environment) -> list[dict[str, Any]]:
    """Return what CloudFormation said of the cluster, the newest first."""
    name = stack_name("FruitsCompute", env)
    pages = workspace.places[env].client("cloudformation").get_paginator("describe_stack_events")
    events = (event for page in pages.paginate(StackName=name) for event in page["StackEvents"])
    return [
        {key: event.get(key, "") for key in ("Timestamp", "ResourceStatus", "ResourceStatusReason")}
        for event in events
        if event.get("ResourceType") == _CLUSTER
    ]
