"""States of clusters and steps: which may follow which, and what else changes with them."""

import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from rehearsal.embedded import ec2_nodes, emr_clock, vanilla
from rehearsal.embedded.emr_events import publish_chosen_subnet, publish_cluster, publish_step

LIVE: Final = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")
READY: Final = ("RUNNING", "WAITING")
ENDED: Final = ("TERMINATED", "TERMINATED_WITH_ERRORS")
UNFINISHED: Final = ("PENDING", "RUNNING", "CANCEL_PENDING")

_ENDING = ("TERMINATING", *ENDED)
_CLUSTER_MOVES: Final[Mapping[str, tuple[str, ...]]] = {
    "STARTING": ("BOOTSTRAPPING", *_ENDING),
    "BOOTSTRAPPING": (*READY, *_ENDING),
    "RUNNING": ("WAITING", *_ENDING),
    "WAITING": ("RUNNING", *_ENDING),
    "TERMINATING": ENDED,
}
_STEP_MOVES: Final[Mapping[str, tuple[str, ...]]] = {
    "PENDING": ("RUNNING", "CANCELLED", "FAILED"),
    "RUNNING": ("COMPLETED", "FAILED", "CANCEL_PENDING", "CANCELLED", "INTERRUPTED"),
    "CANCEL_PENDING": ("COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED"),
}
_FLEET_STATES: Final[Mapping[str, str]] = {
    "STARTING": "PROVISIONING",
    "BOOTSTRAPPING": "BOOTSTRAPPING",
    "RUNNING": "RUNNING",
    "WAITING": "RUNNING",
    "TERMINATING": "TERMINATING",
    "TERMINATED": "TERMINATED",
    "TERMINATED_WITH_ERRORS": "TERMINATED",
}
_ORDERLY: Final = ("USER_REQUEST", "ALL_STEPS_COMPLETED", "AUTO_TERMINATION")
_NODE_GRACE_SECONDS: Final = 30.0

_lock = threading.RLock()


class Refused(ValueError):
    """A change of state that AWS would not make, or of what does not exist."""


def find_cluster(cluster_id: str | None) -> dict[str, Any]:
    """Look up the record of a cluster.

    Raises
    ------
    Refused
        If there is none.
    """
    cluster: dict[str, Any] | None = vanilla.emr._clusters.get(cluster_id)
    if cluster is None:
        raise Refused(f"Cluster id '{cluster_id}' is not valid.")
    return cluster


def find_live_cluster(cluster_id: str | None) -> dict[str, Any]:
    """Look up the record of a cluster that can still be changed."""
    cluster = find_cluster(cluster_id)
    if state_of(cluster) not in LIVE:
        raise Refused("A job flow that is shutting down, or has already finished, may not be modified.")
    return cluster


def find_step(cluster_id: str | None, step_id: str | None) -> dict[str, Any]:
    """Look up the record of a step."""
    find_cluster(cluster_id)
    for step in steps_of(cluster_id):
        if step["Id"] == step_id:
            return step
    raise Refused(f"Step id '{step_id}' is not valid.")


def steps_of(cluster_id: str | None) -> list[dict[str, Any]]:
    """List the steps of a cluster in the order they were added."""
    steps: list[dict[str, Any]] = vanilla.emr._steps.get(cluster_id, [])
    return steps


def state_of(record: Mapping[str, Any]) -> str:
    """Return the state of a cluster or a step."""
    state: str = record["Status"]["State"]
    return state


def begin(cluster: dict[str, Any]) -> None:
    """Put a new cluster into its first state."""
    cluster["Status"] = {"State": "", "StateChangeReason": {}, "Timeline": {"CreationDateTime": emr_clock.now()}}
    for fleet in cluster["InstanceFleets"]:
        fleet |= {"ProvisionedOnDemandCapacity": 0, "ProvisionedSpotCapacity": 0}
    _enter(cluster, "STARTING", "", "")
    if len(cluster["Ec2InstanceAttributes"]["RequestedEc2SubnetIds"]) > 1 and cluster["InstanceFleets"]:
        publish_chosen_subnet(cluster)


def move_cluster(
    cluster_id: str, state: str, *, code: str = "", message: str = "", details: Mapping[str, Any] | None = None
) -> None:
    """Change the state of a cluster; of steps that can no longer run, too.

    Raises
    ------
    Refused
        If that state cannot follow.
    """
    with _lock:
        cluster = find_cluster(cluster_id)
        before = state_of(cluster)
        if state == before:
            return
        if state not in _CLUSTER_MOVES.get(before, ()):
            raise Refused(f"Cluster {cluster_id} is {before}: it cannot become {state}")
        if details:
            cluster["Status"]["ErrorDetails"] = [dict(details)]
        _enter(cluster, state, code, message)
    if state in ENDED:
        for step in [step for step in steps_of(cluster_id) if state_of(step) in UNFINISHED]:
            move_step(cluster_id, step["Id"], "CANCELLED" if state_of(step) == "PENDING" else "INTERRUPTED")


def move_step(cluster_id: str, step_id: str, state: str, *, failure: Mapping[str, str] | None = None) -> None:
    """Change the state of a step, and do what its `ActionOnFailure` asks for.

    Raises
    ------
    Refused
        If that state cannot follow.
    """
    with _lock:
        step = find_step(cluster_id, step_id)
        before = state_of(step)
        if state == before:
            return
        if state not in _STEP_MOVES.get(before, ()):
            raise Refused(f"Step {step_id} is {before}: it cannot become {state}")
        step["Status"]["State"] = state
        timeline = step["Status"]["Timeline"]
        if state == "RUNNING":
            timeline["StartDateTime"] = emr_clock.now()
        elif state not in UNFINISHED:
            timeline["EndDateTime"] = emr_clock.now()
        if failure:
            step["Status"]["FailureDetails"] = dict(failure)
    publish_step(cluster_id, step)
    if state == "FAILED":
        _act_on_failure(cluster_id, step)


def terminate(cluster_id: str, *, code: str, message: str, at_once: bool) -> None:
    """End a cluster as AWS does, whether or not a node takes part.

    Parameters
    ----------
    cluster_id
        Which.
    code, message
        Why, by EMR's codes.
    at_once
        Whether there is no node to stop its work first; otherwise one gets half a minute.
    """
    if state_of(find_cluster(cluster_id)) not in LIVE:
        return
    move_cluster(cluster_id, "TERMINATING", code=code, message=message)
    if at_once:
        _finish(cluster_id, code, message)
        return

    def finish_later() -> None:
        deadline = time.monotonic() + _NODE_GRACE_SECONDS
        while time.monotonic() < deadline and state_of(find_cluster(cluster_id)) == "TERMINATING":
            time.sleep(0.1)
        _finish(cluster_id, code, message)

    vanilla.concurrency.spawn_background(finish_later, thread_name="emr-terminate")


def _finish(cluster_id: str, code: str, message: str) -> None:
    if state_of(find_cluster(cluster_id)) not in ENDED:
        state = "TERMINATED" if code in _ORDERLY else "TERMINATED_WITH_ERRORS"
        move_cluster(cluster_id, state, code=code, message=message)


def _act_on_failure(cluster_id: str, step: Mapping[str, Any]) -> None:
    action = step["ActionOnFailure"]
    if action in ("TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW"):
        message = f"Shut down as step failed: {step['Id']}"
        terminate(cluster_id, code="STEP_FAILURE", message=message, at_once=False)
    elif action == "CANCEL_AND_WAIT":
        for other in steps_of(cluster_id):
            if state_of(other) == "PENDING":
                move_step(cluster_id, other["Id"], "CANCELLED")


def _enter(cluster: dict[str, Any], state: str, code: str, message: str) -> None:
    status = cluster["Status"]
    status["State"] = state
    if code:
        status["StateChangeReason"] = {"Code": code, "Message": message}
    if state in READY:
        status["Timeline"].setdefault("ReadyDateTime", emr_clock.now())
    elif state in ENDED:
        status["Timeline"]["EndDateTime"] = emr_clock.now()
    for fleet in cluster["InstanceFleets"]:
        fleet["Status"]["State"] = _FLEET_STATES[state]
        if state in ENDED:
            fleet |= {"ProvisionedOnDemandCapacity": 0, "ProvisionedSpotCapacity": 0}
    if state in ENDED:
        ec2_nodes.end_all(cluster["Id"])
    publish_cluster(cluster)
    emr_clock.look_again()
