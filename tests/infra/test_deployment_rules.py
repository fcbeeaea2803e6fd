import ast
import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from aws_cdk import App, Stack, Validations
from aws_cdk import aws_ec2 as ec2

from infra import validation
from infra.security_group_rules import REQUIRED_OPENINGS
from infra.templates import Deployment, Finding, Template, as_list

GROUP_RULES = ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroup")

Mutation = Callable[[dict[str, Any]], None]
"""Changes the resources of one stack, found by their types."""


def _of_kind(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = [resource for resource in resources.values() if resource["Type"] == kind]
    assert found, f"no {kind} to change"
    return found


def _properties(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    properties: dict[str, Any] = _of_kind(resources, kind)[0]["Properties"]
    return properties


def _with(deployment: Deployment, stack: str, mutation: Mutation, *, region: str | None = "eu-west-3") -> list[Finding]:
    """Findings after one stack has changed."""
    templates = []
    for template in deployment.templates:
        body = copy.deepcopy(dict(template.body))
        if stack in template.path:
            mutation(body["Resources"])
        templates.append(Template(path=template.path, region=region, body=body))
    return validation.findings(templates)


def _node_statements(resources: dict[str, Any]) -> list[dict[str, Any]]:
    (role,) = (
        name
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Role" and "ec2.amazonaws.com" in str(resource["Properties"])
    )
    (policy,) = (
        resource
        for resource in _of_kind(resources, "AWS::IAM::Policy")
        if {"Ref": role} in resource["Properties"]["Roles"]
    )
    statements: list[dict[str, Any]] = policy["Properties"]["PolicyDocument"]["Statement"]
    return statements


def _grant(**statement: Any) -> Mutation:
    return lambda resources: _node_statements(resources).append({"Effect": "Allow", **statement})


def _lifetime_rule(resources: dict[str, Any]) -> dict[str, Any]:
    (rule,) = (
        resource["Properties"]
        for resource in _of_kind(resources, "AWS::Events::Rule")
        if resource["Properties"]["EventPattern"]["detail"]["state"] == ["STARTING"]
    )
    changed: dict[str, Any] = rule
    return changed


def _set(kind: str, **changes: Any) -> Mutation:
    return lambda resources: _properties(resources, kind).update(changes)


def _add(kind: str, **properties: Any) -> Mutation:
    return lambda resources: resources.update(Added={"Type": kind, "Properties": properties})


def _remove(kind: str) -> Mutation:
    def mutation(resources: dict[str, Any]) -> None:
        for name in [name for name, resource in resources.items() if resource["Type"] == kind]:
            del resources[name]

    return mutation


def _no_subscribers(resources: dict[str, Any]) -> None:
    for notification in _properties(resources, "AWS::Budgets::Budget")["NotificationsWithSubscribers"]:
        notification["Subscribers"] = []


def _never_terminates(resources: dict[str, Any]) -> None:
    definition = _properties(resources, "AWS::StepFunctions::StateMachine")["DefinitionString"]["Fn::Join"][1]
    definition[-1] = definition[-1].replace("emr:terminateJobFlows", "emr:describeCluster")


def _waits_for_ever(resources: dict[str, Any]) -> None:
    definition = _properties(resources, "AWS::StepFunctions::StateMachine")["DefinitionString"]["Fn::Join"][1]
    definition[0] = definition[0].replace('"Seconds":7200', '"Seconds":0')


def _public_policy(resources: dict[str, Any]) -> None:
    document = _properties(resources, "AWS::S3::BucketPolicy")["PolicyDocument"]
    document["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "s3:GetObject", "Resource": "x"}
    )


def _one_open_block(resources: dict[str, Any]) -> None:
    _properties(resources, "AWS::S3::Bucket")["PublicAccessBlockConfiguration"]["RestrictPublicBuckets"] = False


def _managed_policy_for_nodes(resources: dict[str, Any]) -> None:
    for role in _of_kind(resources, "AWS::IAM::Role"):
        if "ec2.amazonaws.com" in str(role["Properties"]["AssumeRolePolicyDocument"]):
            role["Properties"]["ManagedPolicyArns"] = ["arn:x:iam::aws:policy/AmazonS3FullAccess"]


def _without_target(target: str, fleet: str) -> Mutation:
    def mutation(resources: dict[str, Any]) -> None:
        instances = _properties(resources, "AWS::EMR::Cluster")["Instances"]
        for item in as_list(instances[fleet]):
            del item[target]

    return mutation


def _settings_of(resources: dict[str, Any], classification: str) -> dict[str, str]:
    configurations = _properties(resources, "AWS::EMR::Cluster")["Configurations"]
    (file,) = (item for item in configurations if item["Classification"] == classification)
    settings: dict[str, str] = file["ConfigurationProperties"]
    return settings


def _spark(name: str, value: str) -> Mutation:
    return lambda resources: _settings_of(resources, "spark-defaults").update({name: value})


def _without_label(name: str) -> Mutation:
    def mutation(resources: dict[str, Any]) -> None:
        del _settings_of(resources, "yarn-site")[f"yarn.node-labels.{name}"]

    return mutation


def _with_livy(resources: dict[str, Any]) -> None:
    _properties(resources, "AWS::EMR::Cluster")["Applications"].append({"Name": "Livy"})


def _node_type(name: str) -> Mutation:
    def mutation(resources: dict[str, Any]) -> None:
        (task,) = _properties(resources, "AWS::EMR::Cluster")["Instances"]["TaskInstanceFleets"]
        task["InstanceTypeConfigs"][0]["InstanceType"] = name

    return mutation


def _key_without(condition: str) -> Mutation:
    def mutation(resources: dict[str, Any]) -> None:
        statements = _properties(resources, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
        (everybody,) = (item for item in statements if item["Principal"] == {"AWS": "*"})
        del everybody["Condition"]["StringEquals"][condition]

    return mutation


REFUSED: Mapping[str, tuple[str, str, Mutation]] = {
    "a core fleet without a target for Spot": (
        "both-fleet-targets",
        "Compute",
        _without_target("TargetSpotCapacity", "CoreInstanceFleet"),
    ),
    "a task fleet without a target for On-Demand": (
        "both-fleet-targets",
        "Compute",
        _without_target("TargetOnDemandCapacity", "TaskInstanceFleets"),
    ),
    "an added task fleet with one target": (
        "both-fleet-targets",
        "Compute",
        _add("AWS::EMR::InstanceFleetConfig", InstanceFleetType="TASK", TargetSpotCapacity=8),
    ),
    "executors larger than a node": ("executors-fit", "Compute", _spark("spark.executor.memory", "12g")),
    "executors that leave no room for a master": (
        "executors-fit",
        "Compute",
        _spark("spark.executor.memory", "8000m"),
    ),
    "more memory beside the heap": (
        "executors-fit",
        "Compute",
        _spark("spark.executor.memoryOverhead", "5000m"),
    ),
    "executors with more cores than a node": (
        "executors-fit",
        "Compute",
        _spark("spark.executor.cores", "8"),
    ),
    "the driver of a notebook that displaces an executor": ("executors-fit", "Compute", _with_livy),
    "task nodes with less memory": ("executors-fit", "Compute", _node_type("c6i.xlarge")),
    "task nodes of unknown memory": ("executors-fit", "Compute", _node_type("x9.xlarge")),
    "masters on any node": (
        "masters-on-core-nodes",
        "Compute",
        _without_label("enabled"),
    ),
    "masters on nodes of no label": (
        "masters-on-core-nodes",
        "Compute",
        _without_label("am.default-node-label-expression"),
    ),
    "no idle stop": (
        "idle-stop",
        "Compute",
        lambda r: _properties(r, "AWS::EMR::Cluster").pop("AutoTerminationPolicy"),
    ),
    "an idle stop of a month": (
        "idle-stop",
        "Compute",
        _set("AWS::EMR::Cluster", AutoTerminationPolicy={"IdleTimeout": 2_592_000}),
    ),
    "no state machine": ("maximum-lifetime", "Guard", _remove("AWS::StepFunctions::StateMachine")),
    "no rule for the start": ("maximum-lifetime", "Guard", _remove("AWS::Events::Rule")),
    "a disabled rule": ("maximum-lifetime", "Guard", lambda r: _lifetime_rule(r).update(State="DISABLED")),
    "a rule without target": ("maximum-lifetime", "Guard", lambda r: _lifetime_rule(r).update(Targets=[])),
    "a rule for another cluster": ("maximum-lifetime", "Compute", _set("AWS::EMR::Cluster", Name="another")),
    "a rule for another state": (
        "maximum-lifetime",
        "Guard",
        lambda r: _lifetime_rule(r)["EventPattern"]["detail"].update(state=["RUNNING"]),
    ),
    "a rule for other events": (
        "maximum-lifetime",
        "Guard",
        lambda r: _lifetime_rule(r)["EventPattern"].update({"detail-type": ["EMR Step Status Change"]}),
    ),
    "a machine that terminates nothing": ("maximum-lifetime", "Guard", _never_terminates),
    "a machine that does not wait": ("maximum-lifetime", "Guard", _waits_for_ever),
    "no budget": ("budget", "Guard", _remove("AWS::Budgets::Budget")),
    "a budget that tells nobody": ("budget", "Guard", _no_subscribers),
    "a NAT gateway": ("no-internet", "Network", _add("AWS::EC2::NatGateway", SubnetId="subnet-1")),
    "an internet gateway": ("no-internet", "Network", _add("AWS::EC2::InternetGateway")),
    "public addresses": ("no-internet", "Network", _set("AWS::EC2::Subnet", MapPublicIpOnLaunch=True)),
    "a custom resource": ("no-functions", "Storage", _add("Custom::S3AutoDeleteObjects")),
    "a CloudFormation custom resource": ("no-functions", "Storage", _add("AWS::CloudFormation::CustomResource")),
    "a Lambda function": ("no-functions", "Guard", _add("AWS::Lambda::Function")),
    "a bucket without block": (
        "private-buckets",
        "Storage",
        lambda r: _properties(r, "AWS::S3::Bucket").pop("PublicAccessBlockConfiguration"),
    ),
    "a bucket with one block open": ("private-buckets", "Storage", _one_open_block),
    "a bucket with a public list": ("private-buckets", "Storage", _set("AWS::S3::Bucket", AccessControl="PublicRead")),
    "a bucket policy for everybody": ("private-buckets", "Storage", _public_policy),
    "a key for everybody": ("private-keys", "Compute", _key_without("kms:CallerAccount")),
    "a key for every service": ("private-keys", "Compute", _key_without("kms:ViaService")),
    "a wildcard action": ("narrow-node-role", "Compute", _grant(Action="s3:Get*", Resource="arn:x:s3:::b/images/*")),
    "any action": (
        "narrow-node-role",
        "Compute",
        _grant(Action=["s3:GetObject", "*"], Resource="arn:x:s3:::b/images/*"),
    ),
    "any resource": ("narrow-node-role", "Compute", _grant(Action="s3:GetObject", Resource="*")),
    "a whole bucket": (
        "narrow-node-role",
        "Compute",
        _grant(Action="s3:GetObject", Resource={"Fn::Join": ["", [{"Ref": "B"}, "/*"]]}),
    ),
    "a wildcard in the middle": (
        "narrow-node-role",
        "Compute",
        _grant(Action="s3:GetObject", Resource="arn:x:s3:::b/*/x"),
    ),
    "all actions but some": (
        "narrow-node-role",
        "Compute",
        _grant(NotAction="iam:*", Resource="arn:x:s3:::b/images/*"),
    ),
    "a managed policy for nodes": ("narrow-node-role", "Compute", _managed_policy_for_nodes),
    "a literal ARN": (
        "own-partition",
        "Guard",
        _add("AWS::SNS::Subscription", TopicArn="arn:aws:sns:eu-west-3:1:topic"),
    ),
    "an ARN literal in pieces": (
        "own-partition",
        "Guard",
        _add("AWS::SNS::Subscription", TopicArn={"Fn::Join": [":", ["arn", "aws", "sns"]]}),
    ),
    "groups that EMR makes": (
        "complete-security-groups",
        "Compute",
        lambda r: _properties(r, "AWS::EMR::Cluster")["Instances"].pop("ServiceAccessSecurityGroup"),
    ),
}


def test_the_default_deployment_breaks_no_rule(deployment: Deployment) -> None:
    assert validation.findings(deployment.templates) == []


@pytest.mark.parametrize("name", REFUSED)
def test_a_deployment_is_refused_for(name: str, deployment: Deployment) -> None:
    rule, stack, mutation = REFUSED[name]
    found = _with(deployment, stack, mutation)
    assert {finding.rule for finding in found} == {rule}
    assert all(stack in finding.stack or rule in {"maximum-lifetime", "budget"} for finding in found)


@pytest.mark.parametrize("region", ["eu-west-2", "us-east-1", None])
def test_a_deployment_is_refused_for_a_region_outside_the_union(region: str | None, deployment: Deployment) -> None:
    found = _with(deployment, "Compute", lambda _: None, region=region)
    assert {finding.rule for finding in found} == {"european-region"}
    assert len(found) == len(deployment.templates)


def _without_rule(kind: str, number: int) -> Mutation:
    """Take away a security-group rule, one of its own or one that is written into a group."""

    def mutation(resources: dict[str, Any]) -> None:
        if kind != "AWS::EC2::SecurityGroup":
            del resources[sorted(name for name, item in resources.items() if item["Type"] == kind)[number]]
            return
        groups = [group["Properties"] for group in _of_kind(resources, kind) if _written_into(group)]
        rules = [(group, rule) for group in groups for rule in group["SecurityGroupEgress"]]
        group, rule = rules[number]
        group["SecurityGroupEgress"].remove(rule)

    return mutation


def _written_into(group: dict[str, Any]) -> list[dict[str, Any]]:
    return [rule for rule in group["Properties"].get("SecurityGroupEgress", []) if rule["CidrIp"] == "0.0.0.0/0"]


def test_every_security_group_rule_that_emr_needs_is_missed_when_it_is_gone(deployment: Deployment) -> None:
    missed = set()
    kinds = {kind: list(deployment.resources(kind)) for kind in GROUP_RULES}
    written = sum(len(_written_into({"Properties": group.properties})) for group in kinds["AWS::EC2::SecurityGroup"])
    for kind, found in kinds.items():
        for number in range(written if kind == "AWS::EC2::SecurityGroup" else len(found)):
            for finding in _with(deployment, "Network", _without_rule(kind, number)):
                assert finding.rule == "complete-security-groups"
                missed.add(finding.message)
    assert len(missed) == len(REQUIRED_OPENINGS)


def test_a_rule_with_a_narrower_port_range_is_not_the_one_that_emr_adds(deployment: Deployment) -> None:
    def narrow(resources: dict[str, Any]) -> None:
        rule = next(
            resource["Properties"]
            for resource in _of_kind(resources, "AWS::EC2::SecurityGroupIngress")
            if resource["Properties"]["ToPort"] == 65535
        )
        rule["ToPort"] = 1024

    assert {finding.rule for finding in _with(deployment, "Network", narrow)} == {"complete-security-groups"}


def test_what_a_rule_refuses_fails_the_synth(build: Callable[..., App]) -> None:
    app = build()
    stack = next(child for child in app.node.children if isinstance(child, Stack))
    ec2.CfnInternetGateway(stack, "Gateway")
    Validations.of(app).add_plugins(validation.DeploymentRules())
    with pytest.raises(RuntimeError, match="is a AWS::EC2::InternetGateway; keep the subnets isolated"):
        app.synth()


def test_a_rule_that_fails_itself_fails_the_synth(build: Callable[..., App], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Deployment) -> Iterator[Finding]:
        raise KeyError("Properties")

    monkeypatch.setattr(validation, "RULES", (broken,))
    app = build()
    Validations.of(app).add_plugins(validation.DeploymentRules())
    with pytest.raises(RuntimeError, match=r"The rules failed: KeyError\('Properties'\)"):
        app.synth()


@pytest.mark.parametrize("rule", validation.RULES, ids=validation.rule_id)
def test_the_findings_of_a_rule_have_its_id(rule: Callable[[Deployment], Iterator[Finding]]) -> None:
    """As they are written: a finding that no template of the tests brings about counts, too."""
    calls = [item for item in ast.walk(ast.parse(inspect.getsource(rule))) if isinstance(item, ast.Call)]
    names = {
        name.value
        for call in calls
        for name in [*call.args[:1], *(word.value for word in call.keywords if word.arg == "rule")]
        if isinstance(name, ast.Constant) and ast.unparse(call.func).rpartition(".")[2] in {"finding", "Finding"}
    }
    assert names == {validation.rule_id(rule)}


def test_the_plugin_announces_the_id_of_every_finding() -> None:
    ids = validation.DeploymentRules().rule_ids
    assert {rule for rule, *_ in REFUSED.values()} | {"rules-applied", "european-region"} <= set(ids)
    assert len(ids) == len(set(ids))
