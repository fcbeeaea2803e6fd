"""How clusters get from STARTING to their work: by a node that reports, or, without one, by a chosen policy."""

from collections.abc import Mapping
from typing import Any, Final

from rehearsal.embedded import vanilla
from rehearsal.embedded.authorization import role_denial
from rehearsal.embedded.choices import Choice
from rehearsal.embedded.emr_fleets import ask
from rehearsal.embedded.emr_network import network_denial
from rehearsal.embedded.emr_provisioning import wait_for_capacity
from rehearsal.embedded.emr_states import find_cluster, move_cluster, steps_of

LAUNCHES: Final = ("launch", "fail", "hold")
"""What happens to a new cluster: its nodes start, and nobody works on its steps; its bootstrap action fails;
nothing until a node reports."""

policy: Final = Choice("cluster launch", "FRUITS_CLUSTER_LAUNCH", LAUNCHES)
"""Of the next clusters."""


def node_takes_part() -> bool:
    """Return whether somebody is expected to stop the work of a cluster that ends."""
    return policy.value == "hold"


def launch(cluster: Mapping[str, Any]) -> None:
    """Ask for instances; in the background check what EMR checks then, wait for capacity, and follow the policy."""
    if not _service_role_denial(cluster):
        ask(cluster)
    vanilla.concurrency.spawn_background(_launch, cluster["Id"], policy.value, thread_name="emr-launch")


def _launch(cluster_id: str, chosen: str) -> None:
    cluster = find_cluster(cluster_id)
    denial = _service_role_denial(cluster)
    if denial:
        message = f"Service role {cluster['ServiceRole']} has insufficient permissions: {denial}"
        move_cluster(cluster_id, "TERMINATED_WITH_ERRORS", code="VALIDATION_ERROR", message=message)
        return
    if not wait_for_capacity(cluster) or chosen == "hold":
        return
    move_cluster(cluster_id, "BOOTSTRAPPING")
    if chosen == "fail":
        message = "On the primary instance, bootstrap action 1 returned a non-zero return code"
        move_cluster(cluster_id, "TERMINATED_WITH_ERRORS", code="BOOTSTRAP_FAILURE", message=message)
    else:
        move_cluster(cluster_id, "RUNNING" if steps_of(cluster_id) else "WAITING")


def _service_role_denial(cluster: Mapping[str, Any]) -> str:
    """Ask whether EMR may give the nodes their role, as the deployment has to grant, and their network."""
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
    return network_denial(cluster)
