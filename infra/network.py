"""A network without a way out: isolated subnets, S3 by a gateway endpoint, complete security groups."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Acknowledgment, Aws, Tags, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.acknowledgements import acknowledge
from infra.names import EMR_MANAGED_TAG

_ADDRESSES = "10.20.0.0/16"
_SUBNETS = "10.20.{}.0/20"


@dataclass(frozen=True, kw_only=True)
class GroupIds:
    """The security groups of a cluster.

    Parameters
    ----------
    primary, core
        Ids of the groups of the primary node, and of core and task nodes.
    service
        Id of the group by which EMR reaches them.
    """

    primary: str
    core: str
    service: str


@dataclass(frozen=True, kw_only=True)
class ClusterNetwork:
    """Where a cluster runs, whoever has made it.

    Parameters
    ----------
    vpc_id
        Id of the VPC.
    subnet_ids
        Ids of private subnets of it, of which EMR picks one.
    groups
        Security groups of the nodes.
    """

    vpc_id: str
    subnet_ids: Sequence[str]
    groups: GroupIds


class Network(Construct):
    """VPC, subnets and the only way out of them: to named buckets of S3 in the same region.

    Parameters
    ----------
    zones
        Availability zones, one subnet each; EMR picks the one with capacity.
    region
        Name of the region, which is in the names of EMR's own buckets.
    buckets
        The deployment's own buckets, which the nodes may reach.
    assets_bucket
        The bucket that the CDK uploads assets to, read only.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        zones: Sequence[str],
        region: str,
        buckets: Sequence[s3.IBucket],
        assets_bucket: s3.IBucket,
    ) -> None:
        super().__init__(scope, construct_id)
        network = ec2.CfnVPC(self, "Vpc", cidr_block=_ADDRESSES, enable_dns_support=True, enable_dns_hostnames=True)
        # EMR's tag is not for the VPC: with it EMR may make an interface endpoint that nothing deletes again.
        Tags.of(network).add("Name", self.node.path)
        routes = ec2.CfnRouteTable(self, "Routes", vpc_id=network.ref)
        subnets = [
            self._subnet(index, zone=zone, vpc_id=network.ref, routes=routes) for index, zone in enumerate(zones)
        ]
        ec2.CfnVPCEndpoint(
            self,
            "S3",
            vpc_id=network.ref,
            service_name=f"com.amazonaws.{region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[routes.ref],
            policy_document=iam.PolicyDocument(statements=_endpoint_statements(region, buckets, assets_bucket)),
        )
        self.place = ClusterNetwork(
            vpc_id=network.ref,
            subnet_ids=[subnet.ref for subnet in subnets],
            groups=ClusterSecurityGroups(self, "Groups", vpc_id=network.ref).ids,
        )
        acknowledge(
            network,
            "VPC7",
            "Nothing leaves this network but calls of S3, which the buckets' access logs record; flow logs"
            " would bill every gigabyte that the nodes shuffle among themselves.",
        )

    def _subnet(self, index: int, *, zone: str, vpc_id: str, routes: ec2.CfnRouteTable) -> ec2.CfnSubnet:
        subnet = ec2.CfnSubnet(
            self,
            f"Subnet{zone[-1].upper()}",
            vpc_id=vpc_id,
            availability_zone=zone,
            cidr_block=_SUBNETS.format(index * 16),
            map_public_ip_on_launch=False,
        )
        Tags.of(subnet).add("Name", subnet.node.path)
        Tags.of(subnet).add(EMR_MANAGED_TAG, "true")
        ec2.CfnSubnetRouteTableAssociation(
            self, f"{subnet.node.id}Routes", route_table_id=routes.ref, subnet_id=subnet.ref
        )
        Validations.of(subnet).acknowledge(
            Acknowledgment(
                id="CloudFormation-Validate::W3010",
                reason="The zones are a setting, checked against the region; a look-up differs by account.",
            )
        )
        return subnet


class ClusterSecurityGroups(Construct):
    """The three security groups of a cluster in a private subnet, with the rules that EMR would add itself.

    EMR adds what is missing. Groups with rules of EMR's own refer to each other, CloudFormation does not know
    these rules, and `cdk destroy` would end with a group that it cannot delete.

    Parameters
    ----------
    vpc_id
        Network that the cluster runs in.
    """

    def __init__(self, scope: Construct, construct_id: str, *, vpc_id: str) -> None:
        super().__init__(scope, construct_id)
        vpc = known_vpc(self, vpc_id)
        self.primary = tagged_group(self, "Primary", vpc=vpc, description="Primary node")
        self.core = tagged_group(self, "Core", vpc=vpc, description="Core and task nodes")
        self.service = tagged_group(self, "Service", vpc=vpc, description="Access of EMR to the nodes")
        nodes = (self.primary, self.core)
        for node in nodes:
            for peer in nodes:
                for port, what in (
                    (ec2.Port.all_tcp(), "TCP"),
                    (ec2.Port.all_udp(), "UDP"),
                    (ec2.Port.all_icmp(), "ICMP"),
                ):
                    node.add_ingress_rule(peer, port, f"{what} among the nodes")
                    node.add_egress_rule(peer, port, f"{what} among the nodes")
            node.add_ingress_rule(self.service, ec2.Port.tcp(8443), "EMR to its agent")
            self.service.add_egress_rule(node, ec2.Port.tcp(8443), "EMR to its agent")
            # The routes of our own subnets lead to S3 alone, whatever address is named here; where others lead, the
            # preflight says. EMR's guide asks for all TCP to S3; these are the ports that S3 has, and a list of
            # packages may still be read by HTTP.
            for number in (80, 443):
                node.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(number), "S3 by the gateway endpoint")
            # The guide lists the way in from the primary node only. From core nodes, too: else EMR might add it.
            node.add_egress_rule(self.service, ec2.Port.tcp(9443), "Metrics for managed scaling")
            self.service.add_ingress_rule(node, ec2.Port.tcp(9443), "Metrics for managed scaling")

    @property
    def ids(self) -> GroupIds:
        """What EMR names them by."""
        return GroupIds(
            primary=self.primary.security_group_id,
            core=self.core.security_group_id,
            service=self.service.security_group_id,
        )


def known_vpc(scope: Construct, vpc_id: str) -> ec2.IVpc:
    """Return a VPC for groups to be made in, of which nothing is looked up: a look-up needs the account.

    The CDK wants a zone, which no group has.
    """
    return ec2.Vpc.from_vpc_attributes(scope, "Vpc", vpc_id=vpc_id, availability_zones=["unknown"])


def tagged_group(scope: Construct, construct_id: str, *, vpc: ec2.IVpc, description: str) -> ec2.SecurityGroup:
    """Return a new security group that EMR may use, and from which nothing goes out until a rule allows it."""
    group = ec2.SecurityGroup(scope, construct_id, vpc=vpc, description=description, allow_all_outbound=False)
    Tags.of(group).add(EMR_MANAGED_TAG, "true")
    return group


def _endpoint_statements(
    region: str, buckets: Sequence[s3.IBucket], assets_bucket: s3.IBucket
) -> list[iam.PolicyStatement]:
    """Allow our buckets, and those of Amazon that EMR's guide for private subnets names for EMR 7."""
    own = {"StringEquals": {"aws:PrincipalAccount": Aws.ACCOUNT_ID}}

    def allow(
        actions: list[str], resources: list[str], conditions: dict[str, dict[str, str]] | None = None
    ) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            actions=actions, resources=resources, principals=[iam.AnyPrincipal()], conditions=conditions
        )

    def amazon(*names: str) -> list[str]:
        return [f"arn:{Aws.PARTITION}:s3:::{name}/*" for name in names]

    return [
        allow(["s3:*"], [arn for b in buckets for arn in (b.bucket_arn, b.arn_for_objects("*"))], own),
        allow(["s3:GetObject"], [assets_bucket.arn_for_objects("*")], own),
        allow(
            ["s3:GetObject"],
            amazon(f"al2023-repos-{region}-de612dc2", f"repo.{region}.emr.{Aws.URL_SUFFIX}"),
        ),
        allow(["s3:Put*"], amazon(f"aws157-logs-prod-{region}")),
        allow(
            ["s3:Put*", "s3:Get*", "s3:Create*", "s3:Abort*", "s3:List*"],
            amazon(f"prod.{region}.appinfo.src"),
        ),
    ]
