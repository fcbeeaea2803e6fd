from collections.abc import Callable

import pytest

from infra.templates import Deployment, as_list, text


@pytest.fixture
def notebooks(deploy: Callable[..., Deployment]) -> Deployment:
    return deploy(mode="interactive", notebook=True)


def test_there_are_no_notebooks_unless_they_are_asked_for(deploy: Callable[..., Deployment]) -> None:
    assert not list(deploy(mode="interactive").resources("AWS::EMR::Studio"))


def test_the_studio_logs_in_by_iam_in_the_subnets_of_the_cluster(notebooks: Deployment) -> None:
    (studio,) = notebooks.resources("AWS::EMR::Studio")
    (cluster,) = notebooks.resources("AWS::EMR::Cluster")
    assert studio.properties["AuthMode"] == "IAM"
    assert studio.properties["SubnetIds"] == cluster.properties["Instances"]["Ec2SubnetIds"]
    assert text(studio.properties["DefaultS3Location"]).endswith("/notebooks/")


def test_a_workspace_reaches_the_gateway_of_the_engine_and_nothing_else(notebooks: Deployment) -> None:
    (studio,) = notebooks.resources("AWS::EMR::Studio")
    engine = notebooks.target(studio.properties["EngineSecurityGroupId"], studio.stack)
    workspace = notebooks.target(studio.properties["WorkspaceSecurityGroupId"], studio.stack)
    rules = [
        (
            rule.kind.rpartition("::")[2],
            notebooks.target(rule.properties["GroupId"], rule.stack),
            notebooks.target(
                rule.properties.get("SourceSecurityGroupId") or rule.properties["DestinationSecurityGroupId"],
                rule.stack,
            ),
            rule.properties["FromPort"],
            rule.properties["ToPort"],
        )
        for rule in notebooks.resources("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
        if "FruitsNotebook" in rule.stack
    ]
    assert sorted(rules) == sorted(
        [
            ("SecurityGroupIngress", engine, workspace, 18888, 18888),
            ("SecurityGroupEgress", workspace, engine, 18888, 18888),
        ]
    )


def test_the_groups_of_the_studio_carry_emrs_tag(notebooks: Deployment) -> None:
    groups = [group for group in notebooks.resources("AWS::EC2::SecurityGroup") if "FruitsNotebook" in group.stack]
    assert len(groups) == 2
    tag = {"Key": "for-use-with-amazon-emr-managed-policies", "Value": "true"}
    assert all(tag in group.properties["Tags"] for group in groups)


def test_the_studio_changes_only_tagged_resources_where_ec2_can_tell(notebooks: Deployment) -> None:
    (policy,) = (item for item in notebooks.resources("AWS::IAM::Policy") if "FruitsNotebook" in item.stack)
    unconditional = {
        action
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if "Condition" not in statement
        for action in as_list(statement["Action"])
        if action.startswith("ec2:") and not action.startswith("ec2:Describe")
    }
    assert unconditional == {"ec2:ModifyNetworkInterfaceAttribute"}


def test_the_studio_reads_and_writes_notebooks_alone(notebooks: Deployment) -> None:
    (policy,) = (item for item in notebooks.resources("AWS::IAM::Policy") if "FruitsNotebook" in item.stack)
    objects = [
        text(resource)
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if "s3:PutObject" in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]
    assert len(objects) == 1
    assert objects[0].endswith("/notebooks/*")
