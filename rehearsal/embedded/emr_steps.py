"""The steps of a cluster: added as PENDING, worked on by a node alone, shown with the newest first."""

from collections.abc import Mapping
from typing import Any, Final

from rehearsal.embedded import vanilla
from rehearsal.embedded.emr_states import UNFINISHED, find_cluster, find_live_cluster, find_step, state_of, steps_of
from rehearsal.embedded.emr_states import move_step as _move
from rehearsal.embedded.responses import Request, Response, answer, refuse

_MOST_UNFINISHED: Final = 256
_vanilla_make_step = vanilla.emr._make_step


def make_step(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a new step."""
    step: dict[str, Any] = _vanilla_make_step(config)
    step["Status"] = {
        "State": "PENDING",
        "StateChangeReason": {},
        "Timeline": {"CreationDateTime": vanilla.emr._now_iso()},
    }
    return step


def add_job_flow_steps(request: Request) -> Response:
    """Add steps to a cluster that is not ending."""
    cluster = find_live_cluster(request.get("JobFlowId"))
    unfinished = [step for step in steps_of(cluster["Id"]) if state_of(step) in UNFINISHED]
    if len(unfinished) + len(request["Steps"]) > _MOST_UNFINISHED:
        return refuse("Maximum number of active steps for cluster exceeded.", "ValidationException")
    steps = [make_step(config) for config in request["Steps"]]
    vanilla.emr._steps.setdefault(cluster["Id"], []).extend(steps)
    return answer({"StepIds": [step["Id"] for step in steps]})


def describe_step(request: Request) -> Response:
    """Show a step."""
    return answer({"Step": find_step(request.get("ClusterId"), request.get("StepId"))})


def list_steps(request: Request) -> Response:
    """Show the steps of a cluster, the newest first."""
    cluster = find_cluster(request.get("ClusterId"))
    states, names = request.get("StepStates"), request.get("StepIds")
    steps = [
        step
        for step in reversed(steps_of(cluster["Id"]))
        if (not states or state_of(step) in states) and (not names or step["Id"] in names)
    ]
    return answer({"Steps": steps})


def cancel_steps(request: Request) -> Response:
    """Cancel steps: one that runs becomes CANCEL_PENDING until its node has stopped it."""
    cluster = find_cluster(request.get("ClusterId"))
    outcomes = []
    for name in request["StepIds"]:
        state = state_of(find_step(cluster["Id"], name))
        if state not in ("PENDING", "RUNNING"):
            outcomes.append({"StepId": name, "Status": "FAILED", "Reason": f"The step is {state}."})
            continue
        _move(cluster["Id"], name, "CANCELLED" if state == "PENDING" else "CANCEL_PENDING")
        outcomes.append({"StepId": name, "Status": "SUBMITTED"})
    return answer({"CancelStepsInfoList": outcomes})
