"""How the steps and clusters of an environment ended or stand, as far as EMR still knows them."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from ops.aws.account import Client
from ops.aws.clusters import ENDED, STEP_ENDED, Cluster, Step, list_clusters, list_steps
from ops.runs.diagnosis import diagnose
from ops.runs.node_probe import NAME as PROBE
from ops.runs.records import OtherRecord, Record

_NEWEST_CLUSTERS: Final = 20


@dataclass(frozen=True, kw_only=True)
class StepRun:
    """A run as EMR has it.

    Parameters
    ----------
    cluster, step
        Cluster and step of the run; no step for a cluster that did not get as far, neither for one long gone.
    name
        Name of the step, or of the cluster.
    state
        State of the step, or of the cluster.
    when
        Time of its end, or else of its beginning, or else of the request.
    why
        Why it ended so.
    """

    cluster: str
    step: str | None
    name: str
    state: str
    when: datetime
    why: str

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state in {*STEP_ENDED, *ENDED, "LOST"}

    def row(self) -> dict[str, Any]:
        """Return it as JSON-able facts."""
        return asdict(self) | {"when": self.when.isoformat()}


def runs_without_results(client: Client, name: str, labels: Collection[str]) -> list[StepRun]:
    """List what runs, failed, was cancelled or was lost, the newest first.

    Parameters
    ----------
    client
        Clients of the account.
    name
        Name of the clusters.
    labels
        Labels of the runs whose manifests are there: their steps are left out.
    """
    found = [run for cluster in list_clusters(client, name)[:_NEWEST_CLUSTERS] for run in _of(client, cluster, labels)]
    return sorted(found, key=lambda run: run.when, reverse=True)


def runs_that_left_no_trace(records: Iterable[Record], known: Collection[str]) -> list[StepRun]:
    """List the runs that failed or never ended and that EMR knows no more, by their records, the newest first.

    Parameters
    ----------
    records
        Those that were read.
    known
        Labels of the runs whose steps EMR lists.
    """
    return [
        StepRun(
            cluster="",
            step=None,
            name=record.label,
            state="FAILED" if record.state == "failed" else "LOST",
            when=record.ended or record.began,
            why=record.error or "it began, and never wrote that it had ended",
        )
        for record in records
        if isinstance(record, OtherRecord) and record.label not in known
    ]


def labels_of_steps(client: Client, name: str) -> set[str]:
    """Return the labels of all runs whose steps EMR lists."""
    clusters = list_clusters(client, name)[:_NEWEST_CLUSTERS]
    return {step.name.removeprefix(f"{name} ") for cluster in clusters for step in list_steps(client, cluster.id)}


def _of(client: Client, cluster: Cluster, labels: Collection[str]) -> Iterator[StepRun]:
    steps = list_steps(client, cluster.id)
    if cluster.state in ENDED and cluster.ready is None and all(step.started is None for step in steps):
        when = cluster.ended or cluster.created
        yield StepRun(
            cluster=cluster.id, step=None, name=cluster.name, state=cluster.state, when=when, why=cluster.reason
        )
        return
    for step in steps:
        if step.name == PROBE:
            continue
        if step.state == "COMPLETED" and step.name.removeprefix(f"{cluster.name} ") in labels:
            continue
        yield StepRun(
            cluster=cluster.id,
            step=step.id,
            name=step.name,
            state=step.state,
            when=step.ended or step.started or step.created,
            why=_why(client, cluster, step),
        )


def _why(client: Client, cluster: Cluster, step: Step) -> str:
    match step.state:
        case "FAILED":
            return diagnose(client, step).explained
        case "CANCELLED" | "INTERRUPTED" if cluster.state in ENDED:
            return f"its cluster {cluster.id} ended: {cluster.reason}"
        case "CANCELLED" | "INTERRUPTED":
            return f"cancelled on request{'' if step.started else ' before it began'}; the cluster goes on"
        case "COMPLETED":
            return "its manifest is not there: a later run on the same photographs has replaced it, or it was deleted"
        case _ if cluster.state in ENDED:
            return f"its cluster {cluster.id} ended: {cluster.reason}"
    return f"the cluster {cluster.id} is {cluster.state}"
