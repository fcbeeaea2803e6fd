"""Instance fleets, counted in vCPUs: On-Demand for what must not vanish, Spot for what may."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_emr as emr

from infra.instance_types import InstanceType

_Fleet = emr.CfnCluster.InstanceFleetConfigProperty


@dataclass(frozen=True, kw_only=True)
class Fleets:
    """The nodes of a cluster.

    Core and task fleets name a target for both markets, one of them 0: EMR changes a running fleet only if both are
    given, and CloudFormation hands on just what the template says. The primary fleet, which cannot change, may
    name one target only.

    Parameters
    ----------
    primary_types, core_types, task_types
        Instance types of each fleet; EMR takes the cheapest On-Demand, or the Spot pools least likely to be
        taken away at a good price.
    core_vcpus
        On-Demand vCPUs with HDFS on their disks.
    task_spot_vcpus
        Spot vCPUs; 0 for none.
    spot_timeout_minutes
        Minutes to wait for Spot capacity before paying On-Demand prices for it.
    maximum_vcpus
        Limit of vCPUs for managed scaling.
    """

    primary_types: Sequence[InstanceType]
    core_types: Sequence[InstanceType]
    task_types: Sequence[InstanceType]
    core_vcpus: int
    task_spot_vcpus: int
    spot_timeout_minutes: int
    maximum_vcpus: int

    def primary(self) -> _Fleet:
        """Return the fleet of the one primary node, which weighs one whatever its size."""
        return _Fleet(
            name="Primary",
            target_on_demand_capacity=1,
            instance_type_configs=[
                emr.CfnCluster.InstanceTypeConfigProperty(instance_type=node.name, weighted_capacity=1)
                for node in self.primary_types
            ],
            launch_specifications=_on_demand(),
        )

    def core(self) -> _Fleet:
        """Return the fleet that runs HDFS and, as YARN's node labels say, the application masters."""
        return _Fleet(
            name="Core",
            target_on_demand_capacity=self.core_vcpus,
            target_spot_capacity=0,
            instance_type_configs=_weighed(self.core_types),
            launch_specifications=_on_demand(),
        )

    def task(self) -> list[_Fleet] | None:
        """Return the fleet that only computes, or None without Spot capacity."""
        if not self.task_spot_vcpus:
            return None
        return [
            _Fleet(
                name="Task",
                target_on_demand_capacity=0,
                target_spot_capacity=self.task_spot_vcpus,
                instance_type_configs=_weighed(self.task_types),
                launch_specifications=_spot(self.spot_timeout_minutes),
            )
        ]

    def scaling_policy(self) -> emr.CfnCluster.ManagedScalingPolicyProperty:
        """Return the limits of managed scaling; core nodes stay where task nodes can come and go."""
        return emr.CfnCluster.ManagedScalingPolicyProperty(
            compute_limits=emr.CfnCluster.ComputeLimitsProperty(
                unit_type="InstanceFleetUnits",
                minimum_capacity_units=self.core_vcpus,
                maximum_capacity_units=self.maximum_vcpus,
                maximum_core_capacity_units=self.core_vcpus if self.task_spot_vcpus else self.maximum_vcpus,
                maximum_on_demand_capacity_units=self.maximum_vcpus,
            )
        )


def _weighed(types: Sequence[InstanceType]) -> list[emr.CfnCluster.InstanceTypeConfigProperty]:
    return [
        emr.CfnCluster.InstanceTypeConfigProperty(instance_type=node.name, weighted_capacity=node.vcpus)
        for node in types
    ]


def _on_demand() -> emr.CfnCluster.InstanceFleetProvisioningSpecificationsProperty:
    return emr.CfnCluster.InstanceFleetProvisioningSpecificationsProperty(
        on_demand_specification=emr.CfnCluster.OnDemandProvisioningSpecificationProperty(
            allocation_strategy="lowest-price"
        )
    )


def _spot(timeout_minutes: int) -> emr.CfnCluster.InstanceFleetProvisioningSpecificationsProperty:
    return emr.CfnCluster.InstanceFleetProvisioningSpecificationsProperty(
        spot_specification=emr.CfnCluster.SpotProvisioningSpecificationProperty(
            allocation_strategy="price-capacity-optimized",
            timeout_action="SWITCH_TO_ON_DEMAND",
            timeout_duration_minutes=timeout_minutes,
        )
    )
