"""The actions of the EMR API, and those of our own by which a node says what it does."""

from collections.abc import Callable

from rehearsal.embedded import (
    ec2_capacity,
    emr_app_uis,
    emr_clock,
    emr_clusters,
    emr_fleets,
    emr_launch,
    emr_notebooks,
    emr_policies,
    emr_stabilisation,
    emr_states,
    emr_steps,
    emr_studios,
    schedules,
    vanilla,
)
from rehearsal.embedded.responses import Handler, Request, Response, answer, refuse


def report_cluster_state(request: Request) -> Response:
    """Let a node move its cluster (`ClusterId`, `State`, and `Code` and `Message` when it ends).

    Its bootstrap begins when all fleets of the cluster have their instances.
    """
    cluster = emr_states.find_cluster(request["ClusterId"])
    if request["State"] == "BOOTSTRAPPING" and not emr_fleets.has_all(cluster):
        raise emr_states.Refused(f"Cluster {cluster['Id']} waits for capacity: see its instance fleets for the reason")
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
    emr_launch.policy.choose(request["Policy"])
    return answer()


def choose_capacity(request: Request) -> Response:
    """Choose the instance types of which EC2 has none (`Exhausted`)."""
    ec2_capacity.choose_exhausted(request["Exhausted"])
    return answer()


def choose_stabilisation(request: Request) -> Response:
    """Choose how CloudFormation sees the next clusters (`Policy`)."""
    emr_stabilisation.policy.choose(request["Policy"])
    return answer()


def advance_clock(request: Request) -> Response:
    """Let time pass at once for EMR, and for what is scheduled (`Seconds`)."""
    emr_clock.advance(request["Seconds"])
    schedules.advance(request["Seconds"])
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
    emr._now_iso = emr_clock.now
    emr._make_step = emr_steps.make_step
    emr_policies.keep_between_starts(
        security_configurations=emr_policies.security_configurations,
        policies=emr_policies.policies,
        studios=emr_studios.studios,
        app_uis=emr_app_uis.app_uis,
        notebook_executions=emr_notebooks.executions,
        instances=emr_fleets.instances,
    )
    actions: dict[str, Handler] = {
        **emr_policies.policy_handlers("AutoTerminationPolicy"),
        **emr_policies.policy_handlers("ManagedScalingPolicy"),
        "CreatePersistentAppUI": emr_app_uis.create_persistent_app_ui,
        "GetPersistentAppUIPresignedURL": emr_app_uis.get_persistent_app_ui_presigned_url,
    }
    handlers: list[Handler] = [
        *(emr_clusters.run_job_flow, emr_clusters.describe_cluster, emr_clusters.list_instance_fleets),
        *(emr_clusters.modify_cluster, emr_clusters.terminate_job_flows),
        *(emr_steps.add_job_flow_steps, emr_steps.describe_step, emr_steps.list_steps, emr_steps.cancel_steps),
        *(emr_policies.create_security_configuration, emr_policies.describe_security_configuration),
        *(emr_policies.list_security_configurations, emr_policies.delete_security_configuration),
        *(emr_studios.create_studio, emr_studios.describe_studio, emr_studios.list_studios),
        *(emr_studios.update_studio, emr_studios.delete_studio),
        *(emr_notebooks.start_notebook_execution, emr_notebooks.describe_notebook_execution),
        *(emr_notebooks.list_notebook_executions, emr_notebooks.stop_notebook_execution),
        emr_notebooks.report_notebook_execution,
        *(emr_fleets.list_instances, emr_fleets.modify_instance_fleet),
        *(report_cluster_state, report_step_state, terminate_cluster),
        *(choose_cluster_launch, choose_capacity, choose_stabilisation, advance_clock),
    ]
    actions |= {_action(handler.__name__): handler for handler in handlers}
    emr._HANDLERS.update(actions)
    emr._HANDLERS.update({name: _answering_refusals(handler) for name, handler in emr._HANDLERS.items()})


def _action(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _answering_refusals(handler: Callable[[Request], Response]) -> Handler:
    def handle(request: Request) -> Response:
        emr_clusters.forget_old_clusters()
        try:
            return handler(request)
        except ValueError as error:
            return refuse(str(error))

    return handle
