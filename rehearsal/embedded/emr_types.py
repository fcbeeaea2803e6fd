"""CloudFormation's types of EMR: cluster, step, security configuration and Studio."""

import copy
import json
from collections.abc import Mapping
from typing import Any, Final

from rehearsal.embedded import vanilla
from rehearsal.embedded.emr_fleets import TARGETS
from rehearsal.embedded.emr_requests import as_list, cluster_request, step_request
from rehearsal.embedded.emr_stabilisation import wait_until_ended, wait_until_stable
from rehearsal.embedded.emr_states import LIVE, find_cluster, state_of
from rehearsal.embedded.responses import Handler, result
from rehearsal.embedded.shapes import request
from rehearsal.embedded.types import Attributes, Properties, Replacement, ResourceType

_POLICIES: Final[tuple[str, ...]] = ("AutoTerminationPolicy", "ManagedScalingPolicy")


def _call(action: str, content: Mapping[str, Any], logical_id: str = "") -> dict[str, Any]:
    handler: Handler = vanilla.emr._HANDLERS[action]
    return result(handler(request("emr", action, content, logical_id)))


def _create_cluster(logical_id: str, properties: Properties, _stack: str) -> tuple[str, Attributes]:
    cluster_id = _call("RunJobFlow", cluster_request(properties), logical_id)["JobFlowId"]
    wait_until_stable(cluster_id)
    return cluster_id, _attributes(cluster_id)


def _attributes(cluster_id: str) -> Attributes:
    return {"Id": cluster_id, "MasterPublicDNS": find_cluster(cluster_id)["MasterPublicDnsName"]}


def _update_cluster(
    cluster_id: str, old: Properties, new: Properties, stack: str, logical_id: str
) -> tuple[str, Attributes]:
    if _fixed(old["Instances"]) != _fixed(new["Instances"]):
        replaced: tuple[str, Attributes] = vanilla.provisioners._replace_resource(
            "AWS::EMR::Cluster", cluster_id, old, new, stack, logical_id
        )
        return replaced
    changed = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    for name in _POLICIES:
        if name in changed:
            content = {name: new[name]} if name in new else {}
            _call(f"{'Put' if content else 'Remove'}{name}", {"ClusterId": cluster_id} | content, logical_id)
    if "StepConcurrencyLevel" in changed:
        level = new.get("StepConcurrencyLevel", 1)
        _call("ModifyCluster", {"ClusterId": cluster_id, "StepConcurrencyLevel": level}, logical_id)
    if "VisibleToAllUsers" in changed:
        visible = new.get("VisibleToAllUsers", True)
        _call("SetVisibleToAllUsers", {"JobFlowIds": [cluster_id], "VisibleToAllUsers": visible}, logical_id)
    if "Instances" in changed:
        _update_instances(cluster_id, old, new, logical_id)
    _update_tags(cluster_id, old, new)
    return cluster_id, _attributes(cluster_id)


def _fixed(instances: Properties) -> dict[str, Any]:
    """Leave out of the instances what EMR can change on a running cluster."""
    fixed = copy.deepcopy(dict(instances))
    fixed.pop("TerminationProtected", None)
    for key in ("CoreInstanceFleet", "TaskInstanceFleets", "CoreInstanceGroup", "TaskInstanceGroups"):
        for member in as_list(fixed.get(key, [])):
            for target in (*TARGETS, "InstanceCount", "AutoScalingPolicy"):
                member.pop(target, None)
    return fixed


def _update_instances(cluster_id: str, old: Properties, new: Properties, logical_id: str) -> None:
    before, after = (
        request("emr", "RunJobFlow", cluster_request(side), logical_id)["Instances"] for side in (old, new)
    )
    protected = after.get("TerminationProtected", False)
    _call("SetTerminationProtection", {"JobFlowIds": [cluster_id], "TerminationProtected": protected})
    sides = zip(before.get("InstanceFleets", []), after.get("InstanceFleets", []), strict=True)
    for fleet, (former, given) in zip(find_cluster(cluster_id)["InstanceFleets"], sides, strict=True):
        if former != given:
            change = {key: given[key] for key in TARGETS if key in given}
            content = {"ClusterId": cluster_id, "InstanceFleet": {"InstanceFleetId": fleet["Id"], **change}}
            _call("ModifyInstanceFleet", content)


def _update_tags(cluster_id: str, old: Properties, new: Properties) -> None:
    before, after = ({tag["Key"]: tag["Value"] for tag in side.get("Tags", [])} for side in (old, new))
    if gone := sorted(before.keys() - after.keys()):
        _call("RemoveTags", {"ResourceId": cluster_id, "TagKeys": gone})
    if set_now := [{"Key": key, "Value": value} for key, value in after.items() if before.get(key) != value]:
        _call("AddTags", {"ResourceId": cluster_id, "Tags": set_now})


def _delete_cluster(cluster_id: str, _properties: Properties) -> None:
    _call("TerminateJobFlows", {"JobFlowIds": [cluster_id]})
    wait_until_ended(cluster_id)


def _create_step(logical_id: str, properties: Properties, _stack: str) -> tuple[str, Attributes]:
    content = {"JobFlowId": properties["JobFlowId"], "Steps": [_step_without_cluster(properties)]}
    (step_id,) = _call("AddJobFlowSteps", content, logical_id)["StepIds"]
    return step_id, {"Id": step_id}


def _step_without_cluster(properties: Properties) -> dict[str, Any]:
    return step_request({key: value for key, value in properties.items() if key != "JobFlowId"})


def _delete_step(step_id: str, properties: Properties) -> None:
    """Cancel the step if it still can be: EMR has no way to delete one."""
    if state_of(find_cluster(properties["JobFlowId"])) in LIVE:
        _call("CancelSteps", {"ClusterId": properties["JobFlowId"], "StepIds": [step_id]})


def _create_security_configuration(logical_id: str, properties: Properties, stack: str) -> tuple[str, Attributes]:
    name = properties.get("Name") or vanilla.provisioners._physical_name(stack, logical_id)
    content = properties["SecurityConfiguration"]
    text = content if isinstance(content, str) else json.dumps(content)
    _call("CreateSecurityConfiguration", {"Name": name, "SecurityConfiguration": text}, logical_id)
    return name, {}


def _delete_security_configuration(name: str, _properties: Properties) -> None:
    _call("DeleteSecurityConfiguration", {"Name": name})


def _create_studio(logical_id: str, properties: Properties, _stack: str) -> tuple[str, Attributes]:
    studio_id = _call("CreateStudio", properties, logical_id)["StudioId"]
    studio = _call("DescribeStudio", {"StudioId": studio_id})["Studio"]
    return studio_id, {"StudioId": studio_id, "Arn": studio["StudioArn"], "Url": studio["Url"]}


def _update_studio(
    studio_id: str, _old: Properties, new: Properties, _stack: str, logical_id: str
) -> tuple[str, Attributes]:
    keys = ("Name", "Description", "SubnetIds", "DefaultS3Location")
    _call("UpdateStudio", {"StudioId": studio_id, **{key: new[key] for key in keys if key in new}}, logical_id)
    studio = _call("DescribeStudio", {"StudioId": studio_id})["Studio"]
    return studio_id, {"StudioId": studio_id, "Arn": studio["StudioArn"], "Url": studio["Url"]}


def _delete_studio(studio_id: str, _properties: Properties) -> None:
    _call("DeleteStudio", {"StudioId": studio_id})


_CLUSTER_REPLACEMENT = Replacement(
    always=(
        *("AdditionalInfo", "Applications", "AutoScalingRole", "BootstrapActions", "Configurations", "CustomAmiId"),
        *("EbsRootVolumeIops", "EbsRootVolumeSize", "EbsRootVolumeThroughput", "JobFlowRole", "KerberosAttributes"),
        *("LogEncryptionKmsKeyId", "LogUri", "Name", "OSReleaseLabel", "PlacementGroupConfigs", "ReleaseLabel"),
        *("ScaleDownBehavior", "SecurityConfiguration", "ServiceRole", "Steps"),
    ),
    sometimes=("Instances",),
)

TYPES: Final = {
    "AWS::EMR::Cluster": ResourceType(
        create=_create_cluster,
        update=_update_cluster,
        delete=_delete_cluster,
        replacement=_CLUSTER_REPLACEMENT,
        tags="Tags",
        blocking=True,
    ),
    "AWS::EMR::Step": ResourceType(
        create=_create_step,
        delete=_delete_step,
        replacement=Replacement(
            always=("ActionOnFailure", "EncryptionKeyArn", "HadoopJarStep", "JobFlowId", "LogUri", "Name")
        ),
    ),
    "AWS::EMR::SecurityConfiguration": ResourceType(
        create=_create_security_configuration,
        delete=_delete_security_configuration,
        replacement=Replacement(always=("Name", "SecurityConfiguration")),
    ),
    "AWS::EMR::Studio": ResourceType(
        create=_create_studio,
        update=_update_studio,
        delete=_delete_studio,
        replacement=Replacement(
            always=(
                *("AuthMode", "EncryptionKeyArn", "EngineSecurityGroupId", "IdcInstanceArn", "IdcUserAssignment"),
                *("ServiceRole", "TrustedIdentityPropagationEnabled", "UserRole", "VpcId", "WorkspaceSecurityGroupId"),
            )
        ),
        tags="Tags",
    ),
}
