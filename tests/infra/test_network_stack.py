from collections.abc import Callable

import pytest

from infra.templates import Deployment, Resource, as_list, text

EMR_TAG = {"Key": "for-use-with-amazon-emr-managed-policies", "Value": "true"}


def _tags(resource: Resource) -> list[dict[str, str]]:
    return list(resource.properties.get("Tags", []))


def test_the_network_has_subnets_in_several_zones_and_no_way_out(deployment: Deployment) -> None:
    subnets = list(deployment.resources("AWS::EC2::Subnet"))
    assert {subnet.properties["AvailabilityZone"] for subnet in subnets} == {"eu-west-3a", "eu-west-3b", "eu-west-3c"}
    assert len({subnet.properties["CidrBlock"] for subnet in subnets}) == 3
    assert not any(subnet.properties["MapPublicIpOnLaunch"] for subnet in subnets)
    assert not list(
        deployment.resources(
            "AWS::EC2::NatGateway", "AWS::EC2::InternetGateway", "AWS::EC2::VPCGatewayAttachment", "AWS::EC2::Route"
        )
    )


def test_the_zones_can_be_chosen(deploy: Callable[..., Deployment]) -> None:
    subnets = deploy(availability_zones="eu-west-3c,eu-west-3a").resources("AWS::EC2::Subnet")
    assert [subnet.properties["AvailabilityZone"] for subnet in subnets] == ["eu-west-3c", "eu-west-3a"]


def test_the_only_endpoint_is_the_free_gateway_to_s3_on_every_route(deployment: Deployment) -> None:
    (endpoint,) = deployment.resources("AWS::EC2::VPCEndpoint")
    assert endpoint.properties["VpcEndpointType"] == "Gateway"
    assert endpoint.properties["ServiceName"] == "com.amazonaws.eu-west-3.s3"
    tables = [{"Ref": table.logical_id} for table in deployment.resources("AWS::EC2::RouteTable")]
    assert endpoint.properties["RouteTableIds"] == tables
    routed = {
        association.properties["RouteTableId"]["Ref"]
        for association in deployment.resources("AWS::EC2::SubnetRouteTableAssociation")
    }
    assert routed == {table["Ref"] for table in tables}


def test_the_endpoint_lets_through_our_buckets_and_those_that_emr_7_needs(deployment: Deployment) -> None:
    (endpoint,) = deployment.resources("AWS::EC2::VPCEndpoint")
    allowed = {
        text(resource)
        for statement in endpoint.properties["PolicyDocument"]["Statement"]
        for resource in as_list(statement["Resource"])
    }
    own = {resource for resource in allowed if resource.startswith("<FruitsStorage")}
    assert len(own) == 6  # data, logs and code: the bucket and its objects
    assert {resource.removeprefix("arn:<AWS::Partition>:s3:::") for resource in allowed - own} == {
        "cdk-hnb659fds-assets-<AWS::AccountId>-eu-west-3/*",
        "al2023-repos-eu-west-3-de612dc2/*",
        "repo.eu-west-3.emr.<AWS::URLSuffix>/*",
        "aws157-logs-prod-eu-west-3/*",
        "prod.eu-west-3.appinfo.src/*",
    }


def test_only_this_account_reaches_its_buckets_through_the_endpoint(deployment: Deployment) -> None:
    (endpoint,) = deployment.resources("AWS::EC2::VPCEndpoint")
    for statement in endpoint.properties["PolicyDocument"]["Statement"]:
        ours = any("FruitsStorage" in text(item) or "cdk-" in text(item) for item in as_list(statement["Resource"]))
        expected = {"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}}
        assert (statement.get("Condition") == expected) is ours


@pytest.mark.parametrize("kind", ["AWS::EC2::Subnet", "AWS::EC2::SecurityGroup"])
def test_emr_may_use_what_carries_its_tag(kind: str, deployment: Deployment) -> None:
    resources = list(deployment.resources(kind))
    assert len(resources) == 3
    assert all(EMR_TAG in _tags(resource) for resource in resources)


def test_the_vpc_does_not_carry_the_tag_with_which_emr_would_make_an_endpoint(deployment: Deployment) -> None:
    (vpc,) = deployment.resources("AWS::EC2::VPC")
    assert _tags(vpc)
    assert EMR_TAG not in _tags(vpc)


def test_nodes_may_call_nothing_but_each_other_emr_and_the_ports_of_s3(deployment: Deployment) -> None:
    outside = sorted(
        (group.logical_id, rule["IpProtocol"], rule["FromPort"], rule["ToPort"])
        for group in deployment.resources("AWS::EC2::SecurityGroup")
        for rule in as_list(group.properties.get("SecurityGroupEgress"))
        if rule["CidrIp"] == "0.0.0.0/0"
    )
    assert [rule[1:] for rule in outside] == 2 * [("tcp", 80, 80), ("tcp", 443, 443)]
    assert len({rule[0] for rule in outside}) == 2


def test_nobody_outside_may_call_the_nodes(deployment: Deployment) -> None:
    assert not any(
        group.properties.get("SecurityGroupIngress") for group in deployment.resources("AWS::EC2::SecurityGroup")
    )
    rules = list(deployment.resources("AWS::EC2::SecurityGroupIngress"))
    assert rules
    assert all("SourceSecurityGroupId" in rule.properties for rule in rules)
