"""Steps and clusters of an environment, as a user names them or leaves them out."""

from typing import Final

import typer

from ops.aws.clusters import Cluster, Step, find_cluster, find_step, list_clusters, list_steps
from ops.aws.place import Place, quiet_place
from ops.errors import FruitsError

_COMPLETED_FROM: Final = 5
"""The newest clusters, whose steps a shell offers: it must not wait for all of two months."""


class NoSuchStep(FruitsError):
    """EMR knows no such step or cluster; the message names the next command."""


def newest_cluster(place: Place, cluster_id: str | None) -> Cluster:
    """Return a cluster, the newest of the environment unless one is named.

    Raises
    ------
    NoSuchStep
        If EMR knows none.
    """
    if cluster_id:
        return find_cluster(place.client, cluster_id)
    clusters = list_clusters(place.client, place.settings.name)
    if not clusters:
        raise NoSuchStep(
            f"EMR knows no cluster {place.settings.name} in {place.settings.region};"
            f" deploy one: cdk deploy FruitsCompute{place.options}"
        )
    return find_cluster(place.client, clusters[0].id)


def newest_step(place: Place, step_id: str | None, cluster_id: str | None) -> Step:
    """Return a step, the newest unless one is named, of the newest cluster that has one unless a cluster is named.

    Raises
    ------
    NoSuchStep
        If EMR knows none.
    """
    if step_id and cluster_id:
        return find_step(place.client, cluster_id, step_id)
    clusters = [newest_cluster(place, cluster_id)] if cluster_id else list_clusters(place.client, place.settings.name)
    for cluster in clusters:
        for step in list_steps(place.client, cluster.id):
            if step_id in {None, step.id}:
                return step
    where = f"of a cluster {place.settings.name} that EMR still knows in {place.settings.region}"
    if step_id:
        raise NoSuchStep(f"no step {step_id} {where}; see those there are: fruits runs{place.options}")
    raise NoSuchStep(f"no step {where}; start one: fruits run{place.options}")


def complete_step(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return the steps whose ids begin so, each with its name and state; none where AWS cannot be asked."""
    try:
        place = quiet_place(context.params.get("values"))
        clusters = list_clusters(place.client, place.settings.name)[:_COMPLETED_FROM]
        steps = [step for cluster in clusters for step in list_steps(place.client, cluster.id)]
    except FruitsError:  # a shell must not be answered with an error
        return []
    return [(step.id, f"{step.name}, {step.state}") for step in steps if step.id.startswith(incomplete)]
