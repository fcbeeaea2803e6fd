"""A cluster that waits for capacity: other types, On-Demand in place of Spot, or the end.

Of Spot, EMR does what the fleet says, after the minutes that the fleet says ("Configuring provisioning timeouts",
Management Guide). Of On-Demand it goes on asking for an hour here, and the cluster ends with what the guide calls
INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ. Meanwhile the cluster is STARTING.
"""

from collections.abc import Mapping
from typing import Any, Final

from rehearsal.embedded import emr_clock
from rehearsal.embedded.emr_fleets import Shortage, ask, get
from rehearsal.embedded.emr_states import LIVE, move_cluster, state_of

_ON_DEMAND_SECONDS: Final = 3600.0


def wait_for_capacity(cluster: Mapping[str, Any]) -> bool:
    """Wait until a new cluster has all its instances; return whether it has, or else has ended."""
    begun: float = cluster["Status"]["Timeline"]["CreationDateTime"]
    while state_of(cluster) in LIVE:
        waiting = []
        for shortage in ask(cluster):
            due = begun + 60 * shortage.minutes
            if shortage.switches and due <= emr_clock.now():
                if not get(cluster, shortage.fleet, "ON_DEMAND", shortage.units):
                    continue
                due = max(due, begun + _ON_DEMAND_SECONDS)
            if due <= emr_clock.now():
                _give_up(cluster, shortage)
                return False
            waiting.append(due)
        if not waiting:
            return True
        emr_clock.pause(min(waiting))
    return False


def _give_up(cluster: Mapping[str, Any], shortage: Shortage) -> None:
    kind = f"{shortage.fleet['InstanceFleetType'].lower()} instance fleet {shortage.fleet['Id']}"
    if shortage.market == "SPOT" and not shortage.switches:
        message = f"The {kind} did not get its Spot capacity within {shortage.minutes:g} minutes: {shortage.reason}"
        move_cluster(cluster["Id"], "TERMINATED_WITH_ERRORS", code="INSTANCE_FLEET_TIMEOUT", message=message)
        return
    move_cluster(
        cluster["Id"],
        "TERMINATED_WITH_ERRORS",
        code="INTERNAL_ERROR",
        message=f"The {kind} did not get its capacity: {shortage.reason}",
        details={
            "ErrorCode": "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ",
            "ErrorMessage": shortage.reason,
            "ErrorData": [
                {
                    "instance-type": shortage.fleet["InstanceTypeSpecifications"][-1]["InstanceType"],
                    "availability-zone": cluster["Ec2InstanceAttributes"]["Ec2AvailabilityZone"],
                }
            ],
        },
    )
