"""Clusters and steps as EMR shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ops.aws.account import Client, asking

LIVE: Final = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")
ENDED: Final = ("TERMINATED", "TERMINATED_WITH_ERRORS")
STEP_ENDED: Final = ("COMPLETED", "CANCELLED", "FAILED", "INTERRUPTED")


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A cluster.

    Parameters
    ----------
    id, name, state
        As EMR says.
    code, message
        Why it is in that state.
    created, ready, ended
        When, if that has happened.
    log_uri
        Where its logs go; none for one that `list_clusters` gave.
    """

    id: str
    name: str
    state: str
    code: str
    message: str
    created: datetime
    ready: datetime | None
    ended: datetime | None
    log_uri: str

    @property
    def reason(self) -> str:
        """Why it ended, for people."""
        return f"{self.code}: {self.message}" if self.code else self.message or self.state


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a cluster.

    Parameters
    ----------
    id, cluster_id, name, state
        As EMR says.
    created, started, ended
        When, if that has happened.
    failure
        What EMR found of the reason: Reason, Message, LogFile, any of which may be missing.
    """

    id: str
    cluster_id: str
    name: str
    state: str
    created: datetime
    started: datetime | None
    ended: datetime | None
    failure: Mapping[str, str]

    @property
    def reason(self) -> str:
        """What EMR says of a failure; nothing if it does not know."""
        return self.failure.get("Message") or self.failure.get("Reason", "")


def list_clusters(client: Client, name: str) -> list[Cluster]:
    """List the clusters of a name that EMR still knows (it forgets after two months), the newest first."""
    with asking("list the clusters"):
        pages = client("emr").get_paginator("list_clusters").paginate()
        found = [_cluster(item) for page in pages for item in page["Clusters"] if item["Name"] == name]
    return sorted(found, key=lambda cluster: cluster.created, reverse=True)


def find_cluster(client: Client, cluster_id: str) -> Cluster:
    """Describe a cluster."""
    with asking(f"describe the cluster {cluster_id}"):
        return _cluster(client("emr").describe_cluster(ClusterId=cluster_id)["Cluster"])


def list_steps(client: Client, cluster_id: str, states: Sequence[str] = ()) -> list[Step]:
    """List the steps of a cluster, the newest first, those in some states only unless none is named."""
    chosen = {"StepStates": list(states)} if states else {}
    with asking(f"list the steps of {cluster_id}"):
        pages = client("emr").get_paginator("list_steps").paginate(ClusterId=cluster_id, **chosen)
        return [_step(cluster_id, item) for page in pages for item in page["Steps"]]


def find_step(client: Client, cluster_id: str, step_id: str) -> Step:
    """Describe a step."""
    with asking(f"describe the step {step_id}"):
        return _step(cluster_id, client("emr").describe_step(ClusterId=cluster_id, StepId=step_id)["Step"])


def cancel_step(client: Client, cluster_id: str, step_id: str) -> None:
    """Ask EMR to cancel a step."""
    with asking(f"cancel the step {step_id}"):
        client("emr").cancel_steps(ClusterId=cluster_id, StepIds=[step_id])


def _cluster(item: Mapping[str, Any]) -> Cluster:
    status = item["Status"]
    reason, timeline = status.get("StateChangeReason", {}), status["Timeline"]
    return Cluster(
        id=item["Id"],
        name=item["Name"],
        state=status["State"],
        code=reason.get("Code", ""),
        message=reason.get("Message", ""),
        created=timeline["CreationDateTime"],
        ready=timeline.get("ReadyDateTime"),
        ended=timeline.get("EndDateTime"),
        log_uri=item.get("LogUri", ""),
    )


def _step(cluster_id: str, item: Mapping[str, Any]) -> Step:
    status = item["Status"]
    timeline = status["Timeline"]
    return Step(
        id=item["Id"],
        cluster_id=cluster_id,
        name=item["Name"],
        state=status["State"],
        created=timeline["CreationDateTime"],
        started=timeline.get("StartDateTime"),
        ended=timeline.get("EndDateTime"),
        failure=status.get("FailureDetails", {}),
    )
