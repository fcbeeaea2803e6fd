"""Clusters and steps as EMR shows them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from infra.names import deployment_name, is_tagged
from ops.aws.account import Client, asking

USABLE: Final = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")
"""States of a cluster that takes steps."""

LIVE: Final = (*USABLE, "TERMINATING")
"""States of a cluster that may still read, write and cost."""

ENDED: Final = ("TERMINATED", "TERMINATED_WITH_ERRORS")
STEP_ENDED: Final = ("COMPLETED", "CANCELLED", "FAILED", "INTERRUPTED")


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A cluster.

    Parameters
    ----------
    id, name, state
        How EMR calls it, and in which state it is.
    code, message
        Why it is in that state.
    created, ready, ended
        Times of these events, None for what has not happened.
    log_uri
        URI of its logs. Not known, as the following, of a cluster that `list_clusters` returned.
    tags
        Its tags.
    protected
        Whether EMR refuses to terminate it.
    arn
        How other actions of EMR call it.
    """

    id: str
    name: str
    state: str
    code: str
    message: str
    created: datetime
    ready: datetime | None
    ended: datetime | None
    log_uri: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False
    arn: str = ""

    @property
    def reason(self) -> str:
        """Why it ended, for people."""
        return f"{self.code}: {self.message}" if self.code else self.message or self.state

    def is_of(self, env: str) -> bool:
        """Return whether it belongs to an environment, by its name or its tags."""
        return self.name == deployment_name(env) or is_tagged(self.tags, env)

    def logs_to(self, bucket: str) -> bool:
        """Return whether it writes its logs to a bucket."""
        return self.log_uri.partition("://")[2].partition("/")[0] == bucket


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a cluster.

    Parameters
    ----------
    id, cluster_id, name, state
        How EMR calls it and its cluster, and in which state it is.
    created, started, ended
        Times of these events, None for what has not happened.
    failure
        What EMR found of the reason: Reason, Message, LogFile, any of which may be missing.
    arguments
        What its jar was given.
    """

    id: str
    cluster_id: str
    name: str
    state: str
    created: datetime
    started: datetime | None
    ended: datetime | None
    failure: Mapping[str, str]
    arguments: tuple[str, ...] = ()

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


def live_clusters(client: Client) -> Iterator[Cluster]:
    """List all clusters of the account that have not ended, with all that EMR knows of them.

    Raises
    ------
    AwsRefused
        If EMR cannot be asked.
    """
    with asking("list the clusters"):
        pages = client("emr").get_paginator("list_clusters").paginate(ClusterStates=list(LIVE))
        ids = [item["Id"] for page in pages for item in page["Clusters"]]
    for cluster_id in ids:
        cluster = find_cluster(client, cluster_id)
        if cluster.state in LIVE:  # it may have ended meanwhile
            yield cluster


def find_cluster(client: Client, cluster_id: str) -> Cluster:
    """Describe a cluster."""
    with asking(f"describe the cluster {cluster_id}"):
        return _cluster(client("emr").describe_cluster(ClusterId=cluster_id)["Cluster"])


def list_steps(client: Client, cluster_id: str, states: Sequence[str] = ()) -> list[Step]:
    """List the steps of a cluster, the newest first, those in some states only unless none is named."""
    chosen: dict[str, Any] = {"StepStates": list(states)} if states else {}
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
        tags={tag["Key"]: tag.get("Value", "") for tag in item.get("Tags", ())},
        protected=bool(item.get("TerminationProtected")),
        arn=item.get("ClusterArn", ""),
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
        arguments=tuple(item.get("Config", {}).get("Args", ())),
    )
