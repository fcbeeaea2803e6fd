"""Clusters for which EC2 has no instances: no capacity of a type, or an account that has never used Spot."""

import json
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ops.aws.account import Client
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.node.reports import ReportRefused
from rehearsal.scenario.stages import StageFailed
from rehearsal.scenario.starting import Start
from tests.rehearsal.clusters import (
    PATIENCE_SECONDS,
    SERVICE_ROLE,
    make_roles,
    run_cluster,
    status,
    wait_for,
    wait_for_state,
)
from tests.rehearsal.switches import Switches

if TYPE_CHECKING:
    from types_boto3_emr.literals import InstanceFleetTypeType
    from types_boto3_emr.type_defs import InstanceFleetModifyConfigTypeDef

SPOT = "spot.amazonaws.com"
SPOT_ROLE = "AWSServiceRoleForEC2Spot"
MAY_CREATE = {
    "Effect": "Allow",
    "Action": "iam:CreateServiceLinkedRole",
    "Resource": f"arn:aws:iam::000000000000:role/aws-service-role/{SPOT}/{SPOT_ROLE}*",
    "Condition": {"StringEquals": {"iam:AWSServiceName": SPOT}},
}


@pytest.fixture
def switches(aws: EmbeddedAws, client: Client) -> Iterator[Switches]:
    """An account that has never used Spot, with roles for clusters; EC2 has everything."""
    make_roles(client)
    yield (found := Switches(aws))
    found.exhaust()
    found.choose_launch("launch")
    iam = client("iam")
    if SPOT_ROLE in _role_names(client):
        iam.delete_service_linked_role(RoleName=SPOT_ROLE)
    if "spot" in iam.list_role_policies(RoleName=SERVICE_ROLE)["PolicyNames"]:
        iam.delete_role_policy(RoleName=SERVICE_ROLE, PolicyName="spot")


def _role_names(client: Client) -> list[str]:
    return [role["RoleName"] for role in client("iam").list_roles()["Roles"]]


def _fleet(kind: str, *types: str, on_demand: int = 0, spot: int = 0, action: str = "") -> dict[str, Any]:
    specification = {"TimeoutDurationMinutes": 10, "TimeoutAction": action}
    return {
        "InstanceFleetType": kind,
        "TargetOnDemandCapacity": on_demand,
        "TargetSpotCapacity": spot,
        "InstanceTypeConfigs": [
            {"InstanceType": name, "WeightedCapacity": 1 if kind == "MASTER" else 4} for name in types
        ],
        **({"LaunchSpecifications": {"SpotSpecification": specification}} if action else {}),
    }


PRIMARY = _fleet("MASTER", "m5.xlarge", on_demand=1)


def _run(client: Client, *fleets: dict[str, Any]) -> str:
    return run_cluster(client, Instances={"KeepJobFlowAliveWhenNoSteps": True, "InstanceFleets": [PRIMARY, *fleets]})


def _shown(client: Client, cluster_id: str) -> dict[str, Any]:
    fleets = client("emr").list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"]
    return {fleet["InstanceFleetType"]: fleet for fleet in fleets}


def _instances(client: Client, cluster_id: str, kind: "InstanceFleetTypeType") -> list[tuple[str, str]]:
    found = client("emr").list_instances(ClusterId=cluster_id, InstanceFleetType=kind)["Instances"]
    return [(item["InstanceType"], item["Market"]) for item in found]


# Spot in an account that has never used it


def test_spot_without_its_role_and_without_the_right_to_create_it_waits_and_says_why(
    client: Client, switches: Switches
) -> None:
    cluster_id = _run(client, _fleet("TASK", "m5.xlarge", spot=8, action="SWITCH_TO_ON_DEMAND"))
    task = _shown(client, cluster_id)["TASK"]
    assert (task["Status"]["State"], task["ProvisionedSpotCapacity"]) == ("PROVISIONING", 0)
    reason = task["Status"]["StateChangeReason"]["Message"]
    assert reason.startswith("AuthFailure.ServiceLinkedRoleCreationNotPermitted: ")
    assert status(client, cluster_id)["State"] == "STARTING"
    assert SPOT_ROLE not in _role_names(client)


def test_a_rehearsal_ends_a_cluster_that_waits_for_them_and_says_why(client: Client, switches: Switches) -> None:
    start = Start(client("emr"), switches, "fruits-test", still_there=lambda: None)
    with start.followed(lambda detail: None):
        cluster_id = _run(client, _fleet("TASK", "m5.xlarge", spot=8, action="SWITCH_TO_ON_DEMAND"))
        wait_for_state(client, cluster_id, "TERMINATED")
    told = f"the task fleet of cluster {cluster_id} gets no instances: AuthFailure."
    assert [item for item in start.found if item.startswith(told)]  # clusters of other tests wait, too


def test_a_rehearsal_leaves_a_cluster_alone_that_has_its_instances(client: Client, switches: Switches) -> None:
    switches.choose_launch("hold")
    told = Queue[str]()
    start = Start(client("emr"), switches, "fruits-test", still_there=lambda: None)
    with start.followed(told.put):
        cluster_id = _run(client)
        assert told.get(timeout=PATIENCE_SECONDS) == f"cluster {cluster_id} STARTING"
    assert (start.found, status(client, cluster_id)["State"]) == ([], "STARTING")


def test_a_rehearsal_ends_a_cluster_that_has_lost_its_node_at_once(client: Client, switches: Switches) -> None:
    def lost() -> None:
        raise StageFailed("the node has died", log="node.log")

    switches.choose_launch("hold")
    told = Queue[str]()
    start = Start(client("emr"), switches, "fruits-test", still_there=lost)
    with start.followed(told.put):
        cluster_id = _run(client)
        ended = wait_for_state(client, cluster_id, "TERMINATED_WITH_ERRORS")
    assert ended["StateChangeReason"]["Code"] == "INSTANCE_FAILURE"
    assert start.found == [told.get_nowait()] == ["the node has died (log: node.log)"]


def test_after_its_timeout_such_a_fleet_is_on_demand_if_it_says_so(client: Client, switches: Switches) -> None:
    cluster_id = _run(client, _fleet("TASK", "m5.xlarge", spot=8, action="SWITCH_TO_ON_DEMAND"))
    switches.advance(minutes=10)
    wait_for_state(client, cluster_id, "WAITING")
    task = _shown(client, cluster_id)["TASK"]
    assert (task["ProvisionedOnDemandCapacity"], task["ProvisionedSpotCapacity"]) == (8, 0)
    assert _instances(client, cluster_id, "TASK") == [("m5.xlarge", "ON_DEMAND")] * 2


def test_after_its_timeout_such_a_fleet_ends_the_cluster_if_it_says_so(client: Client, switches: Switches) -> None:
    cluster_id = _run(client, _fleet("TASK", "m5.xlarge", spot=8, action="TERMINATE_CLUSTER"))
    switches.advance(minutes=10)
    ended = wait_for_state(client, cluster_id, "TERMINATED_WITH_ERRORS")
    assert ended["StateChangeReason"]["Code"] == "INSTANCE_FLEET_TIMEOUT"
    assert "task instance fleet" in ended["StateChangeReason"]["Message"]
    assert "AuthFailure.ServiceLinkedRoleCreationNotPermitted" in ended["StateChangeReason"]["Message"]


def test_a_service_role_with_the_right_has_the_role_of_spot_created(client: Client, switches: Switches) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [MAY_CREATE]})
    client("iam").put_role_policy(RoleName=SERVICE_ROLE, PolicyName="spot", PolicyDocument=document)
    cluster_id = _run(client, _fleet("TASK", "m5.xlarge", spot=8, action="TERMINATE_CLUSTER"))
    wait_for_state(client, cluster_id, "WAITING")
    assert _shown(client, cluster_id)["TASK"]["ProvisionedSpotCapacity"] == 8
    assert client("iam").get_role(RoleName=SPOT_ROLE)["Role"]["Path"] == f"/aws-service-role/{SPOT}/"


def test_the_right_for_another_service_is_not_enough(client: Client, switches: Switches) -> None:
    other = {**MAY_CREATE, "Condition": {"StringEquals": {"iam:AWSServiceName": "spotfleet.amazonaws.com"}}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [other]})
    client("iam").put_role_policy(RoleName=SERVICE_ROLE, PolicyName="spot", PolicyDocument=document)
    cluster_id = _run(client, _fleet("TASK", "m5.xlarge", spot=8, action="TERMINATE_CLUSTER"))
    assert _shown(client, cluster_id)["TASK"]["ProvisionedSpotCapacity"] == 0


def test_a_cluster_that_waits_for_spot_starts_when_somebody_creates_the_role(
    client: Client, switches: Switches
) -> None:
    cluster_id = _run(client, _fleet("TASK", "m5.xlarge", spot=8, action="TERMINATE_CLUSTER"))
    client("iam").create_service_linked_role(AWSServiceName=SPOT)
    wait_for_state(client, cluster_id, "WAITING")
    assert _instances(client, cluster_id, "TASK") == [("m5.xlarge", "SPOT")] * 2


def test_a_service_linked_role_is_made_once(client: Client, switches: Switches) -> None:
    made = client("iam").create_service_linked_role(AWSServiceName=SPOT)["Role"]
    assert made["Arn"] == f"arn:aws:iam::000000000000:role/aws-service-role/{SPOT}/{SPOT_ROLE}"
    with pytest.raises(ClientError, match="has been taken in this account"):
        client("iam").create_service_linked_role(AWSServiceName=SPOT)


# A type that EC2 has none of


def test_a_fleet_takes_another_of_its_types(client: Client, switches: Switches) -> None:
    switches.exhaust("m5.xlarge")
    core = _fleet("CORE", "m5.xlarge", "m6i.xlarge", on_demand=4)
    primary = _fleet("MASTER", "m5.xlarge", "m5a.xlarge", on_demand=1)
    cluster_id = run_cluster(client, Instances={"KeepJobFlowAliveWhenNoSteps": True, "InstanceFleets": [primary, core]})
    wait_for_state(client, cluster_id, "WAITING")
    assert _instances(client, cluster_id, "CORE") == [("m6i.xlarge", "ON_DEMAND")]
    assert _instances(client, cluster_id, "MASTER") == [("m5a.xlarge", "ON_DEMAND")]


def test_a_fleet_without_another_type_ends_its_cluster_after_an_hour(client: Client, switches: Switches) -> None:
    switches.exhaust("m6i.xlarge")
    cluster_id = _run(client, _fleet("CORE", "m6i.xlarge", on_demand=4))
    reason = _shown(client, cluster_id)["CORE"]["Status"]["StateChangeReason"]["Message"]
    assert reason.startswith("InsufficientInstanceCapacity: We currently do not have sufficient m6i.xlarge capacity")
    switches.advance(minutes=59)
    assert status(client, cluster_id)["State"] == "STARTING"
    switches.advance(minutes=1)
    ended = wait_for_state(client, cluster_id, "TERMINATED_WITH_ERRORS")
    assert ended["StateChangeReason"]["Code"] == "INTERNAL_ERROR"
    (detail,) = ended["ErrorDetails"]
    assert detail["ErrorCode"] == "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ"
    assert {"instance-type": "m6i.xlarge", "availability-zone": "eu-west-3a"} in detail["ErrorData"]


def test_spot_without_capacity_gets_neither_spot_nor_on_demand_of_that_type(client: Client, switches: Switches) -> None:
    client("iam").create_service_linked_role(AWSServiceName=SPOT)
    switches.exhaust("m6i.xlarge")
    cluster_id = _run(client, _fleet("TASK", "m6i.xlarge", spot=4, action="SWITCH_TO_ON_DEMAND"))
    assert _shown(client, cluster_id)["TASK"]["Status"]["StateChangeReason"]["Message"].startswith(
        "UnfulfillableCapacity: "
    )
    switches.advance(minutes=10)
    assert status(client, cluster_id)["State"] == "STARTING"
    switches.advance(minutes=50)
    ended = wait_for_state(client, cluster_id, "TERMINATED_WITH_ERRORS")
    assert ended["StateChangeReason"]["Code"] == "INTERNAL_ERROR"


def test_a_fleet_that_has_its_spot_says_what_on_demand_it_lacks(client: Client, switches: Switches) -> None:
    client("iam").create_service_linked_role(AWSServiceName=SPOT)
    cluster_id = _run(client, _fleet("CORE", "m6i.xlarge", spot=4))
    switches.exhaust("m6i.xlarge")
    core = _shown(client, cluster_id)["CORE"]
    change: InstanceFleetModifyConfigTypeDef = {
        "InstanceFleetId": core["Id"],
        "TargetOnDemandCapacity": 4,
        "TargetSpotCapacity": 4,
    }
    wait_for_state(client, cluster_id, "WAITING")
    client("emr").modify_instance_fleet(ClusterId=cluster_id, InstanceFleet=change)
    core = _shown(client, cluster_id)["CORE"]
    assert (core["ProvisionedOnDemandCapacity"], core["ProvisionedSpotCapacity"]) == (0, 4)
    assert core["Status"]["StateChangeReason"]["Message"].startswith("InsufficientInstanceCapacity")


def test_a_cluster_that_waits_for_capacity_starts_when_there_is_some(client: Client, switches: Switches) -> None:
    switches.exhaust("m5.xlarge")
    cluster_id = _run(client)
    assert status(client, cluster_id)["State"] == "STARTING"
    switches.exhaust()
    wait_for_state(client, cluster_id, "WAITING")


def test_a_cluster_that_waits_for_capacity_can_be_ended(client: Client, switches: Switches) -> None:
    switches.exhaust("m5.xlarge")
    cluster_id = _run(client)
    client("emr").terminate_job_flows(JobFlowIds=[cluster_id])
    assert status(client, cluster_id)["StateChangeReason"]["Code"] == "USER_REQUEST"


def test_a_node_does_not_begin_before_its_cluster_has_its_instances(client: Client, switches: Switches) -> None:
    switches.choose_launch("hold")
    switches.exhaust("m5.xlarge")
    cluster_id = _run(client)
    with pytest.raises(ReportRefused, match="waits for capacity"):
        switches.cluster(cluster_id, "BOOTSTRAPPING")
    switches.exhaust()
    wait_for(lambda: _shown(client, cluster_id)["MASTER"]["ProvisionedOnDemandCapacity"])
    switches.cluster(cluster_id, "BOOTSTRAPPING")


def test_types_without_capacity_can_be_given_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRUITS_NO_CAPACITY", "m5a.xlarge,m5.xlarge")
    with embedded_aws(tmp_path / "aws") as other:
        make_roles(clients_of(other))
        cluster_id = _run(clients_of(other))
        reason = _shown(clients_of(other), cluster_id)["MASTER"]["Status"]["StateChangeReason"]["Message"]
    assert reason.startswith("InsufficientInstanceCapacity")
