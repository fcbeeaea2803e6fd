"""The actions of the EMR API, and those of our own by which a node says what it does."""

import time
from collections.abc import Callable

from rehearsal.embedded import (
    emr_clusters,
    emr_launch,
    emr_policies,
    emr_states,
    emr_steps,
    emr_studios,
    vanilla,
)
from rehearsal.embedded.responses import Handler, Request, Response, answer, refuse


def report_cluster_state(request: Request) -> Response:
    """Let a node move its cluster (`ClusterId`, `State`, and `Code` and `Message` when it ends)."""
    emr_states.move_cluster(
        request["ClusterId"], request["State"], code=request.get("Code", ""), message=request.get("Message", "")
    )
    return answer()


def report_step_state(request: Request) -> Response:
    """Let a node move a step (`ClusterId`, `StepId`, `State`, and `FailureDetails` of a failed one)."""
    emr_states.move_step(
        request["ClusterId"], request["StepId"], request["State"], failure=request.get("FailureDetails")
    )
    return answer()


def choose_cluster_launch(request: Request) -> Response:
    """Choose what happens to the next clusters (`Policy`)."""
    emr_launch.choose_launch(request["Policy"])
    return answer()


def terminate_cluster(request: Request) -> Response:
    """End a cluster for a reason of EMR's own (`ClusterId`, `Code`, `Message`), such as its idle stop."""
    emr_states.terminate(
        request["ClusterId"],
        code=request["Code"],
        message=request["Message"],
        at_once=not emr_launch.node_takes_part(),
    )
    return answer()


def install() -> None:
    """Replace and add actions."""
    emr = vanilla.emr
    emr._now_iso = lambda: round(time.time(), 3)  # seconds since 1970, as the JSON protocol has it
    emr._make_step = emr_steps.make_step
    emr_policies.keep_between_starts(
        security_configurations=emr_policies.security_configurations,
        policies=emr_policies.policies,
        studios=emr_studios.studios,
    )
    actions: dict[str, Handler] = {
        **emr_policies.policy_handlers("AutoTerminationPolicy"),
        **emr_policies.policy_handlers("ManagedScalingPolicy"),
    }
    handlers: list[Handler] = [
        *(emr_clusters.run_job_flow, emr_clusters.describe_cluster, emr_clusters.list_instance_fleets),
        *(emr_clusters.modify_cluster, emr_clusters.terminate_job_flows),
        *(emr_steps.add_job_flow_steps, emr_steps.describe_step, emr_steps.list_steps, emr_steps.cancel_steps),
        *(emr_policies.create_security_configuration, emr_policies.describe_security_configuration),
        *(emr_policies.list_security_configurations, emr_policies.delete_security_configuration),
        *(emr_studios.create_studio, emr_studios.describe_studio, emr_studios.list_studios),
        *(emr_studios.update_studio, emr_studios.delete_studio),
        *(report_cluster_state, report_step_state, choose_cluster_launch, terminate_cluster),
    ]
    actions |= {_action(handler.__name__): handler for handler in handlers}
    emr._HANDLERS.update({name: _answering_refusals(handler) for name, handler in actions.items()})


def _action(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _answering_refusals(handler: Callable[[Request], Response]) -> Handler:
    def handle(request: Request) -> Response:
        try:
            return handler(request)
        except ValueError as error:
            return refuse(str(error))

    return handle
