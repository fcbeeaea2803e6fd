"""Instance fleets: what they ask EC2 for, what they get, and what EMR does when they wait in vain."""

import math
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rehearsal.embedded import ec2_nodes, emr_clock, vanilla
from rehearsal.embedded.ec2_capacity import Market, refusal
from rehearsal.embedded.emr_states import ENDED, LIVE, Refused, find_cluster, find_live_cluster, state_of
from rehearsal.embedded.responses import Request, Response, answer

TARGETS: Final = ("TargetOnDemandCapacity", "TargetSpotCapacity")
BOTH_TARGETS: Final = "The instance fleet should have both targetOnDemandCapacity and targetSpotCapacity specified"
"""EMR's words for a change that names one (gchq/sleeper#6422)."""

_MARKETS: Final[tuple[tuple[Market, str], ...]] = (("ON_DEMAND", "OnDemand"), ("SPOT", "Spot"))
_DEFAULT_MINUTES: Final = 60  # EMR's own for Spot; how long it goes on asking for On-Demand is not documented

instances: Any = vanilla.responses.AccountRegionScopedDict()
"""By cluster, the instances that its fleets got."""


@dataclass(frozen=True)
class Shortage:
    """Capacity that a fleet asks for and has not got.

    Parameters
    ----------
    fleet
        Its record.
    market
        Which it is asked of.
    units
        How many.
    reason
        EC2's.
    """

    fleet: dict[str, Any]
    market: Market
    units: int
    reason: str

    @property
    def minutes(self) -> float:
        """How long EMR goes on asking."""
        return float(self._spot.get("TimeoutDurationMinutes", _DEFAULT_MINUTES))

    @property
    def switches(self) -> bool:
        """Whether EMR asks for On-Demand then."""
        return self._spot.get("TimeoutAction") == "SWITCH_TO_ON_DEMAND"

    @property
    def _spot(self) -> Mapping[str, Any]:
        launch = self.fleet.get("LaunchSpecifications", {}) if self.market == "SPOT" else {}
        specification: Mapping[str, Any] = launch.get("SpotSpecification", {})
        return specification


def ask(cluster: Mapping[str, Any]) -> list[Shortage]:
    """Ask EC2 for what the fleets of a cluster lack, and return what is short after that."""
    return [shortage for fleet in cluster["InstanceFleets"] for shortage in _ask_for(cluster, fleet)]


def _ask_for(cluster: Mapping[str, Any], fleet: dict[str, Any]) -> list[Shortage]:
    shortages = []
    for market, name in _MARKETS:
        wanted = fleet[f"Target{name}Capacity"] - fleet[f"Provisioned{name}Capacity"]
        if market == "SPOT":  # On-Demand beyond its target has taken the place of Spot
            wanted -= max(0, fleet["ProvisionedOnDemandCapacity"] - fleet["TargetOnDemandCapacity"])
        if wanted > 0 and (reason := get(cluster, fleet, market, wanted)):
            shortages.append(Shortage(fleet, market, wanted, reason))
    reasons = "; ".join(shortage.reason for shortage in shortages)
    fleet["Status"]["StateChangeReason"] = {"Code": "INSTANCE_FAILURE", "Message": reasons} if shortages else {}
    return shortages


def get(cluster: Mapping[str, Any], fleet: dict[str, Any], market: Market, units: int) -> str:
    """Get capacity from the first type of a fleet that has some; if none has, tell EC2's last reason."""
    reason = f"the fleet {fleet['Id']} names no instance type"
    zone = cluster["Ec2InstanceAttributes"]["Ec2AvailabilityZone"]
    for given in fleet["InstanceTypeSpecifications"]:
        kind = given["InstanceType"]
        reason = refusal(kind, market, zone=zone, service_role=cluster["ServiceRole"])
        if not reason:
            number = math.ceil(units / given.get("WeightedCapacity", 1))
            started = [_instance(cluster, fleet, kind, market) for _ in range(number)]
            instances.setdefault(cluster["Id"], []).extend(started)
            fleet[f"Provisioned{dict(_MARKETS)[market]}Capacity"] += units
            if state_of(cluster) in ENDED:  # meanwhile: nobody else would end what it got too late
                ec2_nodes.end_all(cluster["Id"])
            return ""
    return reason


def has_all(cluster: Mapping[str, Any]) -> bool:
    """Return whether each fleet of a cluster has as much as it asks for, in whatever market."""
    return all(_capacity(fleet, "Provisioned") >= _capacity(fleet, "Target") for fleet in cluster["InstanceFleets"])


def _capacity(fleet: Mapping[str, Any], kind: str) -> int:
    return sum(int(fleet[f"{kind}{name}Capacity"]) for _, name in _MARKETS)


def _instance(cluster: Mapping[str, Any], fleet: Mapping[str, Any], kind: str, market: Market) -> dict[str, Any]:
    return {
        "Id": f"ci-{secrets.token_hex(10).upper()}",
        "Ec2InstanceId": ec2_nodes.start(cluster, fleet["InstanceFleetType"], kind),
        "InstanceFleetId": fleet["Id"],
        "InstanceType": kind,
        "Market": market,
        "Status": {"State": "RUNNING", "StateChangeReason": {}, "Timeline": {"CreationDateTime": emr_clock.now()}},
    }


def list_instances(request: Request) -> Response:
    """Show the instances of a cluster's fleets, or of one fleet or kind of fleet."""
    cluster = find_cluster(request.get("ClusterId"))
    fleets = {
        fleet["Id"]
        for fleet in cluster["InstanceFleets"]
        if request.get("InstanceFleetId", fleet["Id"]) == fleet["Id"]
        and request.get("InstanceFleetType", fleet["InstanceFleetType"]) == fleet["InstanceFleetType"]
    }
    ended = state_of(cluster) not in LIVE
    shown = [item for item in instances.get(cluster["Id"], []) if item["InstanceFleetId"] in fleets]
    return answer({"Instances": [_terminated(item) if ended else item for item in shown]})


def _terminated(instance: Mapping[str, Any]) -> dict[str, Any]:
    return {**instance, "Status": {**instance["Status"], "State": "TERMINATED"}}


def modify_instance_fleet(request: Request) -> Response:
    """Change the targets of a fleet, both of which have to be named.

    What is taken away goes at once. What is added comes if EC2 has it; the fleet is RESIZING until then, for ever,
    since nobody asks again.
    """
    cluster = find_live_cluster(request.get("ClusterId"))
    change = request["InstanceFleet"]
    fleet = _fleet(cluster, change["InstanceFleetId"])
    if any(target in change for target in TARGETS):
        if not all(target in change for target in TARGETS):
            raise Refused(BOTH_TARGETS)
        for market, name in _MARKETS:
            fleet[f"Target{name}Capacity"] = change[f"Target{name}Capacity"]
            _release(cluster, fleet, market)
        if state_of(cluster) != "STARTING":
            fleet["Status"]["State"] = "RESIZING" if _ask_for(cluster, fleet) else "RUNNING"
    return answer()


def _release(cluster: Mapping[str, Any], fleet: dict[str, Any], market: Market) -> None:
    """Give back what a fleet has beyond its target, the newest first."""
    name = dict(_MARKETS)[market]
    weights = {given["InstanceType"]: given.get("WeightedCapacity", 1) for given in fleet["InstanceTypeSpecifications"]}
    held = instances.get(cluster["Id"], [])
    for item in [item for item in reversed(held) if (item["InstanceFleetId"], item["Market"]) == (fleet["Id"], market)]:
        weight = weights[item["InstanceType"]]
        if fleet[f"Provisioned{name}Capacity"] - weight < fleet[f"Target{name}Capacity"]:
            return
        held.remove(item)
        ec2_nodes.end([item["Ec2InstanceId"]])
        fleet[f"Provisioned{name}Capacity"] -= weight


def _fleet(cluster: Mapping[str, Any], fleet_id: str) -> dict[str, Any]:
    fleets: Iterator[dict[str, Any]] = (fleet for fleet in cluster["InstanceFleets"] if fleet["Id"] == fleet_id)
    for fleet in fleets:
        return fleet
    raise Refused(f"Instance fleet id '{fleet_id}' is not valid.")
