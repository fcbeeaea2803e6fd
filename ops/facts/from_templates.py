"""Facts of the synthesised templates: what is deployed, what is open, who may do what, what stops a bill."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from infra.cost_rules import CLUSTER, seconds_to_live
from infra.templates import Deployment, as_list
from ops.facts.fact import Fact

COMMAND: Final = "cdk synth"

_GROUP_RULES: Final = ("SecurityGroupIngress", "SecurityGroupEgress")
_WAYS_OUT: Final = ("AWS::EC2::NatGateway", "AWS::EC2::InternetGateway", "AWS::EC2::EgressOnlyInternetGateway")
_FUNCTIONS: Final = ("AWS::Lambda::Function", "AWS::CloudFormation::CustomResource")


def template_facts(deployment: Deployment) -> dict[str, Fact]:
    """Count what the templates hold."""
    from infra.validation import RULES  # noqa: PLC0415 - loads the CDK, which takes a second

    kinds = [resource.kind for resource in deployment.resources()]

    def count(*wanted: str) -> int:
        return sum(kind in wanted for kind in kinds)

    counts: dict[str, tuple[int, str]] = {
        "stacks": (len(deployment.templates), "stacks"),
        "resources": (len(kinds), "resources"),
        "resources.kinds": (len(set(kinds)), "types"),
        "network.rules": (_group_rules(deployment), "rules"),
        "network.groups": (count("AWS::EC2::SecurityGroup"), "security groups"),
        "network.subnets": (count("AWS::EC2::Subnet"), "subnets"),
        "network.ways_out": (count(*_WAYS_OUT), "gateways to the internet"),
        "network.endpoint_statements": (len(endpoint_statements(deployment)), "statements"),
        "iam.roles": (count("AWS::IAM::Role"), "roles"),
        "iam.statements": (len(list(role_statements(deployment))), "statements"),
        "storage.buckets": (count("AWS::S3::Bucket"), "buckets"),
        "storage.tables": (count("AWS::Glue::Table"), "tables"),
        "functions": (count(*_FUNCTIONS), "Lambda functions"),
        "alarms": (count("AWS::CloudWatch::Alarm"), "alarms"),
        "synth.rules": (len(RULES), "rules"),
        "stops": (len(stops(deployment)), "cost stops"),
    }
    return {name: Fact(value=value, unit=unit, command=COMMAND) for name, (value, unit) in counts.items()}


def endpoint_statements(deployment: Deployment) -> list[Mapping[str, Any]]:
    """Return the statements of the S3 endpoint's policy: the buckets that anything in the network may reach."""
    return [
        statement
        for endpoint in deployment.resources("AWS::EC2::VPCEndpoint")
        for statement in as_list(endpoint.properties.get("PolicyDocument", {}).get("Statement"))
    ]


def role_statements(deployment: Deployment) -> Iterator[Mapping[str, Any]]:
    """Iterate over the statements of our roles' own policies, inline and attached; trust is none of them."""
    for role in deployment.resources("AWS::IAM::Role"):
        for policy in as_list(role.properties.get("Policies")):
            yield from as_list(policy["PolicyDocument"]["Statement"])
    for policy in deployment.resources("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        yield from as_list(policy.properties["PolicyDocument"]["Statement"])


def stops(deployment: Deployment) -> list[str]:
    """Name what ends the cost of each cluster without anybody's doing, or tells of it, as the templates have it."""
    found: Mapping[str, Callable[[], bool]] = {
        "end of the job": lambda: _every(deployment, _ends_with_its_job),
        "idle stop": lambda: _every(deployment, lambda cluster: "AutoTerminationPolicy" in cluster.properties),
        "maximum lifetime": lambda: _every(
            deployment, lambda cluster: seconds_to_live(deployment, cluster) is not None
        ),
        "budget": lambda: any(deployment.resources("AWS::Budgets::Budget")),
    }
    return [name for name, is_there in found.items() if is_there()]


def _every(deployment: Deployment, holds: Callable[[Any], bool]) -> bool:
    clusters = list(deployment.resources(CLUSTER))
    return bool(clusters) and all(map(holds, clusters))


def _ends_with_its_job(cluster: Any) -> bool:
    return cluster.properties["Instances"].get("KeepJobFlowAliveWhenNoSteps") is False


def _group_rules(deployment: Deployment) -> int:
    inline = sum(
        len(as_list(group.properties.get(key)))
        for group in deployment.resources("AWS::EC2::SecurityGroup")
        for key in _GROUP_RULES
    )
    return inline + sum(1 for _ in deployment.resources(*(f"AWS::EC2::{key}" for key in _GROUP_RULES)))
