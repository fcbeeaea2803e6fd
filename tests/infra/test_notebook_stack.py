import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from infra.templates import Deployment, Template, as_list, text
from infra.validation import findings


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


def _configuration(notebooks: Deployment, name: str) -> dict[str, Any]:
    (cluster,) = notebooks.resources("AWS::EMR::Cluster")
    found = {item["Classification"]: item for item in cluster.properties["Configurations"]}
    file = found[name]
    return dict(file.get("ConfigurationProperties") or file["Configurations"][0]["ConfigurationProperties"])


TIMEOUT = "livy.server.session.timeout"
SKIP_BUSY = "livy.server.session.timeout-check.skip-busy"


def test_an_open_notebook_keeps_the_cluster_no_longer_than_the_idle_stop(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(mode="interactive", notebook=True, idle_stop="20m")
    (cluster,) = deployment.resources("AWS::EMR::Cluster")

    assert cluster.properties["AutoTerminationPolicy"] == {"IdleTimeout": 1_200}
    assert _configuration(deployment, "livy-conf") == {TIMEOUT: "1200s", SKIP_BUSY: "true"}


@pytest.mark.parametrize(
    ("key", "value"),
    [(TIMEOUT, None), (TIMEOUT, "6h"), (SKIP_BUSY, None), (SKIP_BUSY, "false")],
    ids=["an hour, Livy's default", "what EMR's guide recommends", "Livy's default for cells at work", "the same"],
)
def test_other_ends_of_sessions_are_refused_at_synth(notebooks: Deployment, key: str, value: str | None) -> None:
    def harmed(template: Template) -> Template:
        body = copy.deepcopy(dict(template.body))
        for resource in body["Resources"].values():
            for item in resource.get("Properties", {}).get("Configurations", []):
                if item["Classification"] == "livy-conf":
                    given = {**item["ConfigurationProperties"], key: value}
                    item["ConfigurationProperties"] = {name: text for name, text in given.items() if text}
        return replace(template, body=body)

    def found(templates: Sequence[Template]) -> list[str]:
        return [finding.rule for finding in findings(templates) if finding.rule == "notebook-sessions"]

    assert found(notebooks.templates) == []
    assert found([harmed(template) for template in notebooks.templates]) == ["notebook-sessions"]


def test_the_nodes_get_the_package_of_the_job_and_what_draws_figures(notebooks: Deployment) -> None:
    (cluster,) = notebooks.resources("AWS::EMR::Cluster")
    (action,) = cluster.properties["BootstrapActions"]
    arguments = action["ScriptBootstrapAction"]["Args"]

    assert len(arguments) == 6
    assert text(arguments[5]).endswith(".zip")


@pytest.mark.parametrize("file", ["livy-env", "spark-defaults"])
def test_the_notebook_finds_photographs_results_and_weights_in_its_environment(
    notebooks: Deployment, file: str
) -> None:
    names = {name.rpartition(".")[2]: text(value) for name, value in _configuration(notebooks, file).items()}

    assert names["FRUITS_IMAGES"].endswith("/images/")
    assert names["FRUITS_OUTPUT"].endswith("/results/")
    assert names["FRUITS_WEIGHTS"].endswith(".tflite")
    assert len(names["FRUITS_WEIGHTS_SHA256"]) == 64
