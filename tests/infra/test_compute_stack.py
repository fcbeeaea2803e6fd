import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import cx_api

from infra.job_settings import STEP_LIMIT, STEP_RESERVE
from infra.packaging import Assets
from infra.settings import DeploymentSettings
from infra.templates import Deployment, Resource, as_list, text
from job.arguments import parse_arguments

# Properties that CloudFormation can only give to a new cluster.
REPLACING = {"Applications", "BootstrapActions", "Configurations", "Name", "ReleaseLabel", "Steps"}


def _cluster(deployment: Deployment) -> Resource:
    (cluster,) = deployment.resources("AWS::EMR::Cluster")
    return cluster


def _role_of(deployment: Deployment, service: str) -> Resource:
    (role,) = (
        role
        for role in deployment.resources("AWS::IAM::Role")
        if "FruitsCompute" in role.stack
        and role.properties["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": service}
    )
    return role


def _statements(deployment: Deployment, role: Resource) -> list[dict[str, Any]]:
    return [
        statement
        for policy in deployment.resources("AWS::IAM::Policy")
        if {"Ref": role.logical_id} in policy.properties["Roles"] and policy.stack == role.stack
        for statement in policy.properties["PolicyDocument"]["Statement"]
    ]


def _spark_defaults(deployment: Deployment) -> dict[str, str]:
    configurations = _cluster(deployment).properties["Configurations"]
    (defaults,) = (item for item in configurations if item["Classification"] == "spark-defaults")
    return dict(defaults["ConfigurationProperties"])


def test_a_transient_cluster_runs_the_job_and_ends_with_it(deployment: Deployment) -> None:
    cluster = _cluster(deployment).properties
    assert cluster["Instances"]["KeepJobFlowAliveWhenNoSteps"] is False
    (step,) = cluster["Steps"]
    assert step["Name"] == "fruits-demo first"
    assert step["HadoopJarStep"]["Jar"] == "command-runner.jar"


def test_an_interactive_cluster_waits_for_steps_and_notebooks(deploy: Callable[..., Deployment]) -> None:
    cluster = _cluster(deploy(mode="interactive")).properties
    assert cluster["Instances"]["KeepJobFlowAliveWhenNoSteps"] is True
    assert "Steps" not in cluster
    applications = {application["Name"] for application in cluster["Applications"]}
    assert applications == {"Spark", "Livy", "JupyterEnterpriseGateway"}


@pytest.mark.parametrize("mode", ["transient", "interactive"])
def test_a_cluster_stops_when_idle_whatever_its_mode(mode: str, deploy: Callable[..., Deployment]) -> None:
    cluster = _cluster(deploy(mode=mode, idle_stop="20m")).properties
    assert cluster["AutoTerminationPolicy"] == {"IdleTimeout": 1_200}
    assert cluster["Instances"]["TerminationProtected"] is False


def test_the_release_is_the_one_the_job_is_rehearsed_with(deployment: Deployment) -> None:
    assert _cluster(deployment).properties["ReleaseLabel"] == "emr-7.13.0"


def test_primary_and_core_are_on_demand_and_tasks_are_spot_with_a_fallback(deployment: Deployment) -> None:
    instances = _cluster(deployment).properties["Instances"]
    for fleet in (instances["MasterInstanceFleet"], instances["CoreInstanceFleet"]):
        assert fleet["TargetOnDemandCapacity"] > 0
        assert not fleet.get("TargetSpotCapacity")
    (task,) = instances["TaskInstanceFleets"]
    assert task["TargetSpotCapacity"] == 8
    assert task["TargetOnDemandCapacity"] == 0
    assert task["LaunchSpecifications"]["SpotSpecification"] == {
        "AllocationStrategy": "price-capacity-optimized",
        "TimeoutAction": "SWITCH_TO_ON_DEMAND",
        "TimeoutDurationMinutes": 10,
    }


def test_fleets_are_counted_in_vcpus(deploy: Callable[..., Deployment]) -> None:
    instances = _cluster(deploy(core_instance_types="m5.xlarge,m5.2xlarge", core_vcpus=12)).properties["Instances"]
    core = instances["CoreInstanceFleet"]
    assert core["TargetOnDemandCapacity"] == 12
    weights = {item["InstanceType"]: item["WeightedCapacity"] for item in core["InstanceTypeConfigs"]}
    assert weights == {"m5.xlarge": 4, "m5.2xlarge": 8}
    assert {item["WeightedCapacity"] for item in instances["MasterInstanceFleet"]["InstanceTypeConfigs"]} == {1}


def test_managed_scaling_keeps_core_nodes_and_lets_tasks_come_and_go(deploy: Callable[..., Deployment]) -> None:
    limits = _cluster(deploy(core_vcpus=8, task_spot_vcpus=8, maximum_vcpus=40)).properties["ManagedScalingPolicy"]
    assert limits["ComputeLimits"] == {
        "UnitType": "InstanceFleetUnits",
        "MinimumCapacityUnits": 8,
        "MaximumCapacityUnits": 40,
        "MaximumCoreCapacityUnits": 8,
        "MaximumOnDemandCapacityUnits": 40,
    }


def test_without_spot_there_is_no_task_fleet_and_core_nodes_scale(deploy: Callable[..., Deployment]) -> None:
    cluster = _cluster(deploy(task_spot_vcpus=0, maximum_vcpus=16)).properties
    assert "TaskInstanceFleets" not in cluster["Instances"]
    assert cluster["ManagedScalingPolicy"]["ComputeLimits"]["MaximumCoreCapacityUnits"] == 16


def test_graviton_nodes_get_wheels_of_their_own(deploy: Callable[..., Deployment]) -> None:
    arm, intel = _cluster(deploy(architecture="arm64")).properties, _cluster(deploy()).properties
    types = {item["InstanceType"] for item in arm["Instances"]["CoreInstanceFleet"]["InstanceTypeConfigs"]}
    assert types == {"m6g.xlarge", "m7g.xlarge", "m8g.xlarge"}
    wheelhouses = [cluster["BootstrapActions"][0]["ScriptBootstrapAction"]["Args"][0] for cluster in (arm, intel)]
    assert wheelhouses[0] != wheelhouses[1]


def test_every_node_installs_the_locked_wheelhouse(
    deployment: Deployment,
    settings_of: Callable[..., DeploymentSettings],
    assets_of: Callable[[DeploymentSettings], Assets],
) -> None:
    (action,) = _cluster(deployment).properties["BootstrapActions"]
    script = action["ScriptBootstrapAction"]
    assert text(script["Path"]).startswith("s3://cdk-hnb659fds-assets-")
    wheelhouse, lock, directory, region, probe = script["Args"]
    assert text(wheelhouse).endswith(".zip")
    assert text(probe).endswith(".py")
    assert lock == assets_of(settings_of()).lock_sha256
    assert directory == "/opt/fruits"
    assert region == "eu-west-3"
    assert _spark_defaults(deployment)["spark.pyspark.python"].startswith(directory)


def test_the_job_understands_the_arguments_of_its_step(project: Path, deploy: Callable[..., Deployment]) -> None:
    (step,) = _cluster(deploy(run_id="second", csv=True, components=50, batch_size=16)).properties["Steps"]
    submit, *arguments = [text(argument) for argument in step["HadoopJarStep"]["Args"]]
    assert submit == "spark-submit"
    main = next(index for index, argument in enumerate(arguments) if argument.endswith(".py"))
    assert arguments[:3] == ["--deploy-mode", "client", "--py-files"]
    assert arguments[3].endswith(".zip")
    parsed = parse_arguments(arguments[main + 1 :])
    assert parsed.images.uri.endswith("/images")
    assert parsed.output.uri.endswith("/results")
    assert parsed.weights.endswith(".tflite")
    model = (project / "build" / "model" / "mobilenet_v2.tflite").read_bytes()
    assert parsed.weights_sha256 == hashlib.sha256(model).hexdigest()
    assert (parsed.components, parsed.engine, parsed.batch_size, parsed.csv) == (50, "litert", 16, True)
    assert parsed.run_label == "second"


def _changed(first: Resource, second: Resource) -> set[str]:
    return {
        key
        for key in first.properties.keys() | second.properties.keys()
        if first.properties.get(key) != second.properties.get(key)
    }


@pytest.mark.parametrize("mode", ["transient", "interactive"])
def test_a_new_run_id_is_a_new_cluster(mode: str, deploy: Callable[..., Deployment]) -> None:
    changed = _changed(_cluster(deploy(mode=mode)), _cluster(deploy(mode=mode, run_id="second")))
    assert changed == {"Configurations"} | ({"Steps"} if mode == "transient" else set())
    assert changed <= REPLACING


@pytest.mark.parametrize(
    "setting", [{"idle_stop": "20m"}, {"core_vcpus": 12}, {"task_spot_vcpus": 4}, {"maximum_vcpus": 64}], ids=str
)
def test_new_limits_replace_a_transient_cluster_which_has_ended_and_amend_an_interactive_one(
    setting: dict[str, Any], deploy: Callable[..., Deployment]
) -> None:
    assert _changed(_cluster(deploy()), _cluster(deploy(**setting))) & REPLACING
    interactive = _changed(_cluster(deploy(mode="interactive")), _cluster(deploy(mode="interactive", **setting)))
    assert interactive
    assert not interactive & REPLACING


def test_the_longest_uris_fit_into_what_is_kept_for_them(deployment: Deployment) -> None:
    (step,) = _cluster(deployment).properties["Steps"]
    longest_bucket, longest_account_and_region = "b" * 63, "a" * 40
    written = len(step["HadoopJarStep"]["Jar"])
    for argument in step["HadoopJarStep"]["Args"]:
        value = text(argument).replace("${AWS::AccountId}-eu-west-3", longest_account_and_region)
        start, _, rest = value.partition("<")
        written += len(start + (longest_bucket + rest.partition(">")[2] if rest else ""))
    assert written < STEP_RESERVE < STEP_LIMIT


def test_the_step_for_an_interactive_cluster_can_be_read_from_the_outputs(deploy: Callable[..., Deployment]) -> None:
    (outputs,) = (
        template.body["Outputs"]
        for template in deploy(mode="interactive").templates
        if "FruitsCompute" in template.path
    )
    submission = json.loads(text(outputs["JobStep"]["Value"]))
    assert submission["jar"] == "command-runner.jar"
    assert submission["name"] == "fruits-demo first"
    assert submission["arguments"][0] == "spark-submit"


def test_disks_are_encrypted_with_a_key_that_ends_with_the_cluster(deployment: Deployment) -> None:
    (configuration,) = deployment.resources("AWS::EMR::SecurityConfiguration")
    (key,) = deployment.resources("AWS::KMS::Key")
    encryption = configuration.properties["SecurityConfiguration"]["EncryptionConfiguration"]
    disks = encryption["AtRestEncryptionConfiguration"]["LocalDiskEncryptionConfiguration"]
    assert encryption["EnableAtRestEncryption"] is True
    assert disks["EnableEbsEncryption"] is True
    assert disks["AwsKmsKey"] == {"Fn::GetAtt": [key.logical_id, "Arn"]}
    assert _cluster(deployment).properties["SecurityConfiguration"] == {"Ref": configuration.logical_id}
    assert key.properties["PendingWindowInDays"] == 7
    assert key.properties["EnableKeyRotation"] is True


def test_ec2_may_use_the_key_for_whoever_of_this_account_launches_nodes(deployment: Deployment) -> None:
    (key,) = deployment.resources("AWS::KMS::Key")
    (launching,) = (
        item for item in key.properties["KeyPolicy"]["Statement"] if "kms:CreateGrant" in as_list(item["Action"])
    )
    assert launching["Principal"] == {"AWS": "*"}
    assert launching["Condition"] == {
        "StringEquals": {
            "kms:CallerAccount": {"Ref": "AWS::AccountId"},
            "kms:ViaService": "ec2.eu-west-3.amazonaws.com",
        }
    }


def test_nodes_answer_only_the_second_version_of_the_metadata_service(deployment: Deployment) -> None:
    (configuration,) = deployment.resources("AWS::EMR::SecurityConfiguration")
    assert configuration.properties["SecurityConfiguration"]["InstanceMetadataServiceConfiguration"] == {
        "MinimumInstanceMetadataServiceVersion": 2,
        "HttpPutResponseHopLimit": 1,
    }


def test_the_instance_profile_is_named_like_its_role_and_made_before_the_cluster(deployment: Deployment) -> None:
    (profile,) = deployment.resources("AWS::IAM::InstanceProfile")
    role = _role_of(deployment, "ec2.amazonaws.com")
    assert profile.properties["InstanceProfileName"] == {"Ref": role.logical_id}
    assert profile.properties["Roles"] == [{"Ref": role.logical_id}]
    assert _cluster(deployment).properties["JobFlowRole"] == {"Ref": profile.logical_id}


def test_the_cluster_starts_after_its_roles_have_their_rights(deployment: Deployment) -> None:
    (compute,) = (template.body for template in deployment.templates if "FruitsCompute" in template.path)
    (dependencies,) = (
        resource["DependsOn"] for resource in compute["Resources"].values() if resource["Type"] == "AWS::EMR::Cluster"
    )
    policies = {policy.logical_id for policy in deployment.resources("AWS::IAM::Policy") if "Compute" in policy.stack}
    assert policies <= set(dependencies)


def test_nodes_may_read_images_write_results_and_put_logs_and_nothing_else(deployment: Deployment) -> None:
    rights: dict[str, set[str]] = {}
    for statement in _statements(deployment, _role_of(deployment, "ec2.amazonaws.com")):
        for resource in map(text, as_list(statement["Resource"])):
            place = resource.rpartition(">")[2]
            rights.setdefault(place, set()).update(as_list(statement["Action"]))
    assets = {place: actions for place, actions in rights.items() if place.endswith((".zip", ".py", ".sh", ".tflite"))}
    assert len(assets) == 6
    assert all(actions == {"s3:GetObject"} for actions in assets.values())
    results = {
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
    }
    assert {place: actions for place, actions in rights.items() if place not in assets} == {
        "": {
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            "kms:DescribeKey",
        },
        "/images/*": {"s3:GetObject"},
        "/results": results,
        "/results/*": results,
        "/emr/*": {"s3:PutObject"},
    }


def test_nodes_list_only_images_and_results(deployment: Deployment) -> None:
    (listing,) = (
        statement
        for statement in _statements(deployment, _role_of(deployment, "ec2.amazonaws.com"))
        if statement["Action"] == "s3:ListBucket"
    )
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["images", "images/*", "results", "results/*"]}}


def test_an_interactive_cluster_also_reads_submitted_jobs(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(mode="interactive")
    statements = _statements(deployment, _role_of(deployment, "ec2.amazonaws.com"))
    readable = [text(place) for statement in statements for place in as_list(statement["Resource"])]
    assert sum(place.endswith("/jobs/*") for place in readable) == 1


def test_emr_may_pass_one_role_and_is_trusted_for_this_account_alone(deployment: Deployment) -> None:
    service = _role_of(deployment, "elasticmapreduce.amazonaws.com")
    nodes = _role_of(deployment, "ec2.amazonaws.com")
    (policy,) = service.properties["ManagedPolicyArns"]
    assert text(policy).endswith("iam::aws:policy/service-role/AmazonEMRServicePolicy_v2")
    (passing,) = (item for item in _statements(deployment, service) if item["Action"] == "iam:PassRole")
    assert passing["Resource"] == {"Fn::GetAtt": [nodes.logical_id, "Arn"]}
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    (trust,) = service.properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_emr_may_make_the_role_of_spot_and_no_other_service_linked_role(deployment: Deployment) -> None:
    service = _role_of(deployment, "elasticmapreduce.amazonaws.com")
    (making,) = (item for item in _statements(deployment, service) if item["Action"] == "iam:CreateServiceLinkedRole")
    assert text(making["Resource"]) == (
        "arn:<AWS::Partition>:iam::<AWS::AccountId>:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot*"
    )
    assert making["Condition"] == {"StringEquals": {"iam:AWSServiceName": "spot.amazonaws.com"}}


def test_without_spot_emr_may_make_no_role(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(task_spot_vcpus=0)
    statements = _statements(deployment, _role_of(deployment, "elasticmapreduce.amazonaws.com"))
    assert "iam:CreateServiceLinkedRole" not in {action for item in statements for action in as_list(item["Action"])}


def test_logs_go_to_the_bucket_that_outlives_the_cluster(deployment: Deployment) -> None:
    log_uri = _cluster(deployment).properties["LogUri"]
    assert text(log_uri).endswith("/emr/")
    bucket = deployment.target(log_uri["Fn::Join"][1][1], _cluster(deployment).stack)
    assert "FruitsStorage" in bucket


def test_the_cluster_carries_the_tag_of_emrs_managed_policy(deployment: Deployment) -> None:
    tags = _cluster(deployment).properties["Tags"]
    assert {"Key": "for-use-with-amazon-emr-managed-policies", "Value": "true"} in tags


def test_the_guard_is_deployed_before_the_cluster(assembly: Callable[..., cx_api.CloudAssembly]) -> None:
    compute = next(stack for stack in assembly().stacks if stack.id == "FruitsCompute")
    assert "FruitsGuard" in {dependency.id for dependency in compute.dependencies}


def test_amazon_linux_is_pinned_where_a_release_of_it_is_named(
    deploy: Callable[..., Deployment], deployment: Deployment
) -> None:
    (pinned,) = deploy(os_release_label="2023.6.20250303.0").resources("AWS::EMR::Cluster")
    (newest,) = deployment.resources("AWS::EMR::Cluster")
    assert pinned.properties["OSReleaseLabel"] == "2023.6.20250303.0"
    assert "OSReleaseLabel" not in newest.properties
