"""EMR clusters that run, and which of them are ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ops.aws.account import Client, asking

LIVE: Final = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING")
"""States of a cluster that may still read, write and cost."""


@dataclass(frozen=True)
class LiveCluster:
    """A cluster that has not ended.

    Parameters
    ----------
    id, name, state
        As EMR has them.
    ours
        Whether it belongs to the environment, by name or tags.
    protected
        Whether EMR refuses to terminate it.
    log_uri
        Where it writes its logs.
    """

    id: str
    name: str
    state: str
    ours: bool
    protected: bool
    log_uri: str

    def logs_to(self, bucket: str) -> bool:
        """Tell whether it writes its logs to a bucket."""
        return self.log_uri.partition("://")[2].partition("/")[0] == bucket


def live_clusters(client: Client, *, env: str) -> Iterator[LiveCluster]:
    """List the clusters that run, whoever's they are.

    Raises
    ------
    AwsRefused
        If EMR cannot be asked.
    """
    emr = client("emr")
    with asking("list the clusters"):
        for page in emr.get_paginator("list_clusters").paginate(ClusterStates=list(LIVE)):
            for listed in page["Clusters"]:
                cluster = emr.describe_cluster(ClusterId=listed["Id"])["Cluster"]
                tags = {tag["Key"]: tag.get("Value") for tag in cluster.get("Tags", ())}
                tagged = tags.get("project") == "fruits" and tags.get("environment") == env
                yield LiveCluster(
                    id=listed["Id"],
                    name=listed["Name"],
                    state=listed["Status"]["State"],
                    ours=tagged or listed["Name"] == f"fruits-{env}",
                    protected=bool(cluster.get("TerminationProtected")),
                    log_uri=cluster.get("LogUri", ""),
                )
