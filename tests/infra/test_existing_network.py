"""A deployment into a VPC that somebody else has made: what is left out, what refers to it, what is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from infra.errors import DeploymentError
from infra.settings import DeploymentSettings
from infra.templates import Deployment, Resource
from infra.validation import findings

VPC = "vpc-0123456789abcdef0"
SUBNETS = "subnet-0123456789abcdef0,subnet-1123456789abcdef0"
GROUPS = "sg-0123456789abcdef0,sg-1123456789abcdef0,sg-2123456789abcdef0"
NOTEBOOK = {"env": "dev", "mode": "interactive", "notebook": True}


def _one(deployment: Deployment, kind: str) -> Resource:
    (found,) = deployment.resources(kind)
    return found


def test_nothing_of_a_network_is_made_but_groups_in_the_vpc(deploy: Callable[..., Deployment]) -> None:
    made = deploy(vpc=VPC, subnets=SUBNETS)
    kinds = {item.kind for item in made.resources() if item.kind.startswith("AWS::EC2::")}
    rules = {"AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"}
    assert kinds == {"AWS::EC2::SecurityGroup", *rules}
    groups = list(made.resources("AWS::EC2::SecurityGroup"))
    assert [group.properties["VpcId"] for group in groups] == [VPC] * 3


def test_the_cluster_names_the_subnets_and_the_groups_that_are_made(deploy: Callable[..., Deployment]) -> None:
    made = deploy(vpc=VPC, subnets=SUBNETS)
    cluster = _one(made, "AWS::EMR::Cluster")
    instances = cluster.properties["Instances"]
    assert instances["Ec2SubnetIds"] == SUBNETS.split(",")
    group = made.target(instances["EmrManagedMasterSecurityGroup"], cluster.stack)
    assert group in {item.identity for item in made.resources("AWS::EC2::SecurityGroup")}


def test_a_studio_is_in_the_same_vpc(deploy: Callable[..., Deployment]) -> None:
    made = deploy(vpc=VPC, subnets=SUBNETS, **NOTEBOOK)
    studio = _one(made, "AWS::EMR::Studio")
    assert (studio.properties["VpcId"], studio.properties["SubnetIds"]) == (VPC, SUBNETS.split(","))
    assert {item.properties["VpcId"] for item in made.resources("AWS::EC2::SecurityGroup")} == {VPC}


def test_with_groups_of_others_there_is_no_stack_of_the_network(deploy: Callable[..., Deployment]) -> None:
    made = deploy(vpc=VPC, subnets=SUBNETS, security_groups=GROUPS)
    assert not [template.path for template in made.templates if "FruitsNetwork" in template.path]
    instances = _one(made, "AWS::EMR::Cluster").properties["Instances"]
    keys = ("EmrManagedMasterSecurityGroup", "EmrManagedSlaveSecurityGroup", "ServiceAccessSecurityGroup")
    assert [instances[key] for key in keys] == GROUPS.split(",")


def test_one_group_of_others_among_ours_is_a_finding(deploy: Callable[..., Deployment]) -> None:
    made = deploy(vpc=VPC, subnets=SUBNETS)
    assert findings(made.templates) == []
    _one(made, "AWS::EMR::Cluster").properties["Instances"]["ServiceAccessSecurityGroup"] = "sg-0123456789abcdef0"
    assert {item.rule for item in findings(made.templates)} == {"complete-security-groups"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"subnets": SUBNETS}, f"subnets={SUBNETS}: without vpc; accepted: vpc with them, or neither"),
        ({"security_groups": GROUPS}, f"security_groups={GROUPS}: without vpc"),
        ({"vpc": VPC}, f"vpc={VPC}: without subnets; accepted: subnets of it as well"),
        (
            {"vpc": "network", "subnets": SUBNETS},
            "vpc=network: not of the accepted form; accepted: id of an existing VPC",
        ),
        ({"vpc": VPC, "subnets": "here"}, "here is no id such as subnet-0123456789abcdef0"),
        ({"vpc": VPC, "subnets": f"{SUBNETS},{SUBNETS}"}, "subnet-0123456789abcdef0 is named twice"),
        ({"vpc": VPC, "subnets": SUBNETS, "security_groups": "sg-01234567"}, "a cluster takes three, not 1"),
        (
            {"vpc": VPC, "subnets": SUBNETS, "availability_zones": "eu-west-3a,eu-west-3b"},
            "availability_zones=eu-west-3a,eu-west-3b: with vpc=.* accepted: one of the two",
        ),
        ({"vpc": VPC, "subnets": SUBNETS, "security_groups": GROUPS, **NOTEBOOK}, "notebook=true: makes groups"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    given: dict[str, Any], said: str, settings_of: Callable[..., DeploymentSettings]
) -> None:
    with pytest.raises(DeploymentError, match=said):
        settings_of(**given)
