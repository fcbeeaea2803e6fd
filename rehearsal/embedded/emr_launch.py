"""How clusters get from STARTING to their work: by a node that reports, or, without one, by a chosen policy."""

import json
import os
import time
from collections.abc import Mapping
from typing import Any, Final

from rehearsal.embedded import vanilla
from rehearsal.embedded.authorization import role_denial
from rehearsal.embedded.emr_states import ENDED, Refused, find_cluster, move_cluster, state_of, steps_of

LAUNCHES: Final = ("launch", "fail", "hold")
"""What happens to a new cluster: its nodes start, and nobody works on its steps; its bootstrap action fails;
nothing until a node reports."""

_STABILISES_WITHIN_SECONDS: Final = 3600.0

_policy = os.environ.get("FRUITS_CLUSTER_LAUNCH", "launch")


def choose_launch(policy: str) -> None:
    """Choose what happens to the next clusters.

    Raises
    ------
    Refused
        If there is no such policy.
    """
    global _policy  # noqa: PLW0603 - one setting of the process, as its environment variable is
    if policy not in LAUNCHES:
        raise Refused(f"cluster launch {policy!r}: accepted: {', '.join(LAUNCHES)}")
    _policy = policy


def node_takes_part() -> bool:
    """Tell whether somebody is expected to stop the work of a cluster that ends."""
    return _policy == "hold"


def launch(cluster: Mapping[str, Any]) -> None:
    """Check what EMR checks after it has accepted a cluster, then follow the policy, all in the background."""
    vanilla.concurrency.spawn_background(_launch, cluster["Id"], _policy, thread_name="emr-launch")


def _launch(cluster_id: str, policy: str) -> None:
    cluster = find_cluster(cluster_id)
    denial = _service_role_denial(cluster)
    if denial:
        message = f"Service role {cluster['ServiceRole']} has insufficient permissions: {denial}"
        move_cluster(cluster_id, "TERMINATED_WITH_ERRORS", code="VALIDATION_ERROR", message=message)
        return
    if policy == "hold":
        return
    move_cluster(cluster_id, "BOOTSTRAPPING")
    if policy == "fail":
        message = "On the primary instance, bootstrap action 1 returned a non-zero return code"
        move_cluster(cluster_id, "TERMINATED_WITH_ERRORS", code="BOOTSTRAP_FAILURE", message=message)
    else:
        move_cluster(cluster_id, "RUNNING" if steps_of(cluster_id) else "WAITING")


def _service_role_denial(cluster: Mapping[str, Any]) -> str:
    """Ask whether EMR may give the nodes their role, the right that a deployment has to grant itself."""
    account = vanilla.responses.get_account_id()
    roles = vanilla.iam._roles
    profile = vanilla.iam._instance_profiles[cluster["Ec2InstanceAttributes"]["IamInstanceProfile"]]
    for name in profile["Roles"]:
        denial = role_denial(
            f"arn:aws:iam::{account}:role/{cluster['ServiceRole']}",
            service="elasticmapreduce.amazonaws.com",
            action="iam:PassRole",
            resource=roles[name]["Arn"],
            context={"iam:PassedToService": "ec2.amazonaws.com"},
        )
        if denial:
            return denial
    return ""


def wait_until_stable(cluster_id: str) -> None:
    """Wait as CloudFormation does, until the cluster has been ready for work.

    Raises
    ------
    ValueError
        If it ended before.
    """
    deadline = time.monotonic() + _STABILISES_WITHIN_SECONDS
    while time.monotonic() < deadline:
        status = find_cluster(cluster_id)["Status"]
        if "ReadyDateTime" in status["Timeline"]:
            return
        if status["State"] in ENDED:
            reason = json.dumps(status["StateChangeReason"])
            raise ValueError(f"ElasticMapReduce Cluster with id {cluster_id} failed to stabilize: {reason}")
        time.sleep(0.05)
    raise ValueError(f"ElasticMapReduce Cluster with id {cluster_id} failed to stabilize: it is still starting")


def wait_until_ended(cluster_id: str) -> None:
    """Wait until a cluster that was terminated has ended."""
    while state_of(find_cluster(cluster_id)) not in ENDED:
        time.sleep(0.05)
