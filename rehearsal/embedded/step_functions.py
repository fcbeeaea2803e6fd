"""EMR as an integration of Step Functions, called with the rights of the state machine's role."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from rehearsal.embedded import vanilla
from rehearsal.embedded.authorization import role_denial

_SERVICE = "emr"
_role: ContextVar[str] = ContextVar("fruits_state_machine_role")
_vanilla_execute = vanilla.stepfunctions._execute_task
_vanilla_dispatch = vanilla.stepfunctions._dispatch_aws_sdk_json


def _execute_task(state_def: Any, raw_input: Any, execution: Mapping[str, Any], ctx: Any) -> Any:
    machine = vanilla.stepfunctions._state_machines[execution["stateMachineArn"]]
    token = _role.set(machine["roleArn"])
    try:
        return _vanilla_execute(state_def, raw_input, execution, ctx)
    finally:
        _role.reset(token)


def _dispatch(service_info: Any, service_name: str, action: str, input_data: Mapping[str, Any]) -> Any:
    if service_name == _SERVICE:
        for denial in _denials(action, input_data):
            # The SDK's name for an error that its model of EMR does not list.
            raise vanilla.stepfunctions._ExecutionError("Emr.EmrException", denial)
    return _vanilla_dispatch(service_info, service_name, action, input_data)


def _denials(action: str, input_data: Mapping[str, Any]) -> list[str]:
    named = input_data.get("JobFlowIds") or [input_data.get("JobFlowId") or input_data.get("ClusterId")]
    asked = f"elasticmapreduce:{action[0].upper()}{action[1:]}"
    denials = []
    for cluster_id in named:
        cluster = vanilla.emr._clusters.get(cluster_id, {})
        tags = {tag["Key"]: tag["Value"] for tag in cluster.get("Tags", [])}
        denials.append(
            role_denial(
                _role.get(),
                service="states.amazonaws.com",
                action=asked,
                resource=cluster.get("ClusterArn", "*"),
                context={
                    f"{prefix}:ResourceTag/{key}": value
                    for key, value in tags.items()
                    for prefix in ("aws", "elasticmapreduce")
                },
            )
        )
    return [denial for denial in denials if denial]


def install() -> None:
    """Add the integration."""
    machines = vanilla.stepfunctions
    machines._AWS_SDK_SERVICE_MAP[_SERVICE] = {
        "target_prefix": "ElasticMapReduce",
        "protocol": "json",
        "service_key": "elasticmapreduce",
    }
    machines._AWS_SDK_ERROR_PREFIX[_SERVICE] = "Emr"
    machines._execute_task = _execute_task
    machines._dispatch_aws_sdk_json = _dispatch
