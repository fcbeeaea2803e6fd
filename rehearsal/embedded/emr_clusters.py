"""RunJobFlow and what shows, changes and ends a cluster: ministack's record, completed."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rehearsal.embedded import emr_clock, vanilla
from rehearsal.embedded.emr_launch import launch, node_takes_part
from rehearsal.embedded.emr_network import GROUPS, misplaced
from rehearsal.embedded.emr_policies import check_policy, keep_policy, security_configurations
from rehearsal.embedded.emr_states import begin, find_cluster, find_live_cluster, terminate
from rehearsal.embedded.responses import Request, Response, answer, refuse, result

_COPIED: Final = (
    "AutoScalingRole",
    "CustomAmiId",
    "EbsRootVolumeIops",
    "EbsRootVolumeSize",
    "EbsRootVolumeThroughput",
    "KerberosAttributes",
    "LogEncryptionKmsKeyId",
    "OSReleaseLabel",
    "ScaleDownBehavior",
    "SecurityConfiguration",
)
_ATTRIBUTES: Final = (
    "AdditionalMasterSecurityGroups",
    "AdditionalSlaveSecurityGroups",
    "Ec2KeyName",
    "EmrManagedMasterSecurityGroup",
    "EmrManagedSlaveSecurityGroup",
    "ServiceAccessSecurityGroup",
)
_REMEMBERED_SECONDS: Final = 61 * 24 * 3600.0  # "two months" (Management Guide, "View cluster status and details")
_vanilla_run = vanilla.emr._run_job_flow


def run_job_flow(request: Request) -> Response:
    """Accept a cluster, which is STARTING then; refuse what EMR refuses at once."""
    for problem in _problems(request):
        return refuse(problem, "ValidationException")
    check_policy(request.get("AutoTerminationPolicy", {}))
    response: Response = _vanilla_run(request)
    cluster = find_cluster(result(response)["JobFlowId"])
    _complete(cluster, request)
    for name in ("AutoTerminationPolicy", "ManagedScalingPolicy"):
        if name in request:
            keep_policy(cluster["Id"], name, request[name])
    begin(cluster)
    launch(cluster)
    return response


def _problems(request: Request) -> Iterator[str]:
    instances = request["Instances"]
    profile = request.get("JobFlowRole")
    if profile not in vanilla.iam._instance_profiles:
        yield f"Invalid InstanceProfile: {profile}."
    if request.get("ServiceRole") not in vanilla.iam._roles:
        yield f"Invalid ServiceRole: {request.get('ServiceRole')}."
    if "ReleaseLabel" not in request:
        yield "The releaseLabel must be given."
    configuration = request.get("SecurityConfiguration")
    if configuration and configuration not in security_configurations:
        yield f"Security configuration with name '{configuration}' does not exist."
    subnets = [*instances.get("Ec2SubnetIds", []), *filter(None, [instances.get("Ec2SubnetId")])]
    for subnet in subnets:
        if subnet not in vanilla.ec2._subnets:
            yield f"The subnet configuration was invalid: The subnet ID '{subnet}' does not exist"
    for key in GROUPS:
        group = instances.get(key)
        if group and group not in vanilla.ec2._security_groups:
            yield f"The security group '{group}' does not exist"
    yield from misplaced(instances, subnets)


def _complete(cluster: dict[str, Any], request: Request) -> None:
    instances = request["Instances"]
    cluster["Configurations"] = request.get("Configurations", [])
    cluster |= {key: request[key] for key in _COPIED if key in request}
    attributes = cluster["Ec2InstanceAttributes"]
    attributes |= {key: instances[key] for key in _ATTRIBUTES if key in instances}
    subnets = instances.get("Ec2SubnetIds") or [attributes["Ec2SubnetId"]]
    attributes["RequestedEc2SubnetIds"] = subnets
    # EMR picks the subnet with the most capacity; here the first is as good as any.
    attributes["Ec2SubnetId"] = subnets[0]
    subnet = vanilla.ec2._subnets.get(subnets[0])
    if subnet:
        attributes["Ec2AvailabilityZone"] = subnet["AvailabilityZone"]
    for fleet, given in zip(cluster["InstanceFleets"], instances.get("InstanceFleets", []), strict=True):
        fleet |= {key: given[key] for key in ("LaunchSpecifications", "ResizeSpecifications") if key in given}


def list_instance_fleets(request: Request) -> Response:
    """Show the fleets of a cluster."""
    return answer({"InstanceFleets": find_cluster(request.get("ClusterId"))["InstanceFleets"]})


def modify_cluster(request: Request) -> Response:
    """Change how many steps run at a time."""
    cluster = find_live_cluster(request.get("ClusterId"))
    cluster["StepConcurrencyLevel"] = request.get("StepConcurrencyLevel", cluster["StepConcurrencyLevel"])
    return answer({"StepConcurrencyLevel": cluster["StepConcurrencyLevel"]})


def terminate_job_flows(request: Request) -> Response:
    """End clusters; one that has ended already stays as it is."""
    clusters = [find_cluster(name) for name in request["JobFlowIds"]]
    for cluster in clusters:
        if cluster["TerminationProtected"]:
            return refuse("Could not shut down one or more job flows since they are termination protected.")
    for cluster in clusters:
        terminate(
            cluster["Id"], code="USER_REQUEST", message="Terminated by user request", at_once=not node_takes_part()
        )
    return answer()


def describe_cluster(request: Request) -> Response:
    """Show a cluster."""
    hidden = ("InstanceFleets", "InstanceGroups", "BootstrapActions")
    cluster: Mapping[str, Any] = find_cluster(request.get("ClusterId"))
    return answer({"Cluster": {key: value for key, value in cluster.items() if key not in hidden}})


def forget_old_clusters() -> None:
    """Forget the clusters whose end is two months ago."""
    for cluster_id, cluster in list(vanilla.emr._clusters.items()):
        ended = cluster["Status"]["Timeline"].get("EndDateTime")
        if ended is not None and emr_clock.now() - ended > _REMEMBERED_SECONDS:
            del vanilla.emr._clusters[cluster_id]
            vanilla.emr._steps.pop(cluster_id, None)
