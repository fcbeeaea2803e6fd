"""Checks that only AWS itself can answer, on answers of its shape: the embedded AWS has no quotas, no offerings."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra.settings import DeploymentSettings
from ops.account import AccessDenied
from ops.preflight import access, capacity, leftovers
from ops.preflight.examination import Answer, examine, exit_code
from ops.preflight.findings import Check, Finding, Outcome, Scope, failure, ok, warning
from ops.synthesis import given_settings

ZONES = ("eu-west-3a", "eu-west-3b", "eu-west-3c")


class Services:
    """Clients that answer what a test has laid down, and refuse any other question."""

    def __init__(self) -> None:
        session = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-3")
        self._clients = {name: session.client(name) for name in ("ec2", "emr", "iam", "service-quotas", "sts")}
        self._stubs = {name: Stubber(client) for name, client in self._clients.items()}
        for stub in self._stubs.values():
            stub.activate()

    def __call__(self, service: str) -> Any:
        return self._clients[service]

    def answer(self, service: str, operation: str, content: dict[str, Any], **expected: Any) -> None:
        self._stubs[service].add_response(operation, content, expected or None)

    def refuse(self, service: str, operation: str, code: str) -> None:
        self._stubs[service].add_client_error(operation, service_error_code=code, service_message="no")

    def quota(self, code: str, vcpus: float) -> None:
        quota = {"QuotaCode": code, "Value": vcpus, "Unit": "None"}
        self.answer("service-quotas", "get_service_quota", {"Quota": quota}, ServiceCode="ec2", QuotaCode=code)

    def instances(self, *instances: tuple[str, int, bool]) -> None:
        """Lay down instances: type, vCPUs, Spot or not."""
        described = [
            {
                "InstanceType": kind,
                "CpuOptions": {"CoreCount": vcpus // 2, "ThreadsPerCore": 2},
                **({"InstanceLifecycle": "spot"} if spot else {}),
            }
            for kind, vcpus, spot in instances
        ]
        self.answer("ec2", "describe_instances", {"Reservations": [{"Instances": described}]})

    def offer(self, *offered: tuple[str, str]) -> None:
        """Lay down offerings: zone, type."""
        offerings = [
            {"Location": zone, "LocationType": "availability-zone", "InstanceType": kind} for zone, kind in offered
        ]
        self.answer("ec2", "describe_instance_type_offerings", {"InstanceTypeOfferings": offerings})

    def all_asked(self) -> None:
        for stub in self._stubs.values():
            stub.assert_no_pending_responses()


@pytest.fixture
def services() -> Iterator[Services]:
    laid_down = Services()
    yield laid_down
    laid_down.all_asked()


def _scope(services: Services, *values: str, **given: Any) -> Scope:
    settings: DeploymentSettings = given_settings(values)
    identity = {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/ann"}
    return Scope(settings, "", services, services, identity=identity, **given)


FLEETS = ("core_vcpus=8", "task_spot_vcpus=8", "maximum_vcpus=32", "core_instance_types=m5.xlarge,m5.2xlarge")
SMALL = (*FLEETS, "primary_instance_types=m5.xlarge", "task_instance_types=m5.xlarge")


@pytest.mark.parametrize(
    ("quota", "outcome"),
    [(36, Outcome.OK), (35, Outcome.WARNING), (12, Outcome.WARNING), (11, Outcome.FAILURE)],
)
def test_the_on_demand_quota_holds_the_primary_node_the_core_fleet_and_what_may_be_added(
    services: Services, quota: int, outcome: Outcome
) -> None:
    services.quota("L-1216C47A", quota)
    services.instances()
    found = capacity.on_demand_quota(_scope(services, *SMALL))
    assert found.outcome is outcome
    assert found.text.startswith(f"{quota} vCPUs are free ({quota} less 0 in use); 12 to start, 36 at most")
    assert ("--quota-code L-1216C47A --desired-value 36 --region eu-west-3" in found.fix) == (outcome is not Outcome.OK)


def test_vcpus_in_use_are_taken_off_the_quota_of_their_market_and_family(services: Services) -> None:
    services.quota("L-1216C47A", 64)
    services.instances(("m5.4xlarge", 16, False), ("r6i.2xlarge", 8, True), ("p4d.24xlarge", 96, False))
    found = capacity.on_demand_quota(_scope(services, *SMALL))
    assert found == ok("48 vCPUs are free (64 less 16 in use); 12 to start, 36 at most")


def test_nodes_that_are_larger_than_what_is_missing_are_counted_whole(services: Services) -> None:
    services.quota("L-1216C47A", 100)
    services.instances()
    large = ("core_vcpus=8", "core_instance_types=m5.8xlarge", "primary_instance_types=m5.xlarge")
    found = capacity.on_demand_quota(_scope(services, *large, "task_spot_vcpus=0"))
    assert "36 to start, 36 at most" in found.text


def test_too_small_a_spot_quota_is_a_warning_as_the_fleet_switches_to_on_demand(services: Services) -> None:
    services.quota("L-34B43A08", 4)
    services.instances()
    found = capacity.spot_quota(_scope(services, *SMALL))
    assert found.outcome is Outcome.WARNING
    assert "8 to start, 24 at most; On-Demand instances take their place" in found.text


def test_without_spot_capacity_its_quota_and_its_role_are_not_asked_for(services: Services) -> None:
    scope = _scope(services, "task_spot_vcpus=0")
    assert capacity.spot_quota(scope).outcome is Outcome.OK
    assert access.spot_role(scope).outcome is Outcome.OK


def test_a_zone_has_to_offer_a_type_of_each_fleet(services: Services) -> None:
    services.offer(("eu-west-3a", "m5.xlarge"), ("eu-west-3b", "m5.2xlarge"))
    found = capacity.instance_types(_scope(services, *SMALL))
    assert found == warning("eu-west-3a offer a type of each fleet")


def test_types_that_no_zone_offers_are_named(services: Services) -> None:
    services.offer(*((zone, "m5.xlarge") for zone in ZONES))
    found = capacity.instance_types(_scope(services, *SMALL))
    assert found.outcome is Outcome.WARNING
    assert "no zone offers m5.2xlarge" in found.text


def test_no_zone_with_a_type_of_each_fleet_is_a_failure(services: Services) -> None:
    services.offer(("eu-west-3b", "m5.2xlarge"))
    assert capacity.instance_types(_scope(services, *SMALL)).outcome is Outcome.FAILURE


def test_all_types_in_all_zones_are_fine(services: Services) -> None:
    services.offer(*((zone, kind) for zone in ZONES for kind in ("m5.xlarge", "m5.2xlarge")))
    assert capacity.instance_types(_scope(services, *SMALL)).outcome is Outcome.OK


def test_a_release_that_emr_does_not_have_is_a_failure_with_the_newest_one(services: Services) -> None:
    services.answer("emr", "list_release_labels", {"ReleaseLabels": ["emr-7.9.0", "emr-7.12.0"], "NextToken": "more"})
    services.answer("emr", "list_release_labels", {"ReleaseLabels": ["emr-6.15.0"]}, NextToken="more")
    found = capacity.release(_scope(services, "release_label=emr-7.13.0"))
    assert found == failure(
        "EMR has no release emr-7.13.0 in eu-west-3", "cdk deploy --all -c release_label=emr-7.12.0"
    )


def test_a_release_on_the_second_page_is_found(services: Services) -> None:
    services.answer("emr", "list_release_labels", {"ReleaseLabels": ["emr-7.14.0"], "NextToken": "more"})
    services.answer("emr", "list_release_labels", {"ReleaseLabels": ["emr-7.13.0"]}, NextToken="more")
    assert capacity.release(_scope(services)).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("not-opted-in", Outcome.FAILURE), ("opted-in", Outcome.OK), ("opt-in-not-required", Outcome.OK)],
)
def test_a_region_has_to_be_enabled(services: Services, status: str, outcome: Outcome) -> None:
    services.answer(
        "ec2",
        "describe_regions",
        {"Regions": [{"RegionName": "eu-south-2", "OptInStatus": status}]},
        RegionNames=["eu-south-2"],
        AllRegions=True,
    )
    assert access.region(_scope(services, "region=eu-south-2")).outcome is outcome


def test_spot_without_its_service_linked_role_is_a_failure_with_the_command_that_makes_it(services: Services) -> None:
    services.refuse("iam", "get_role", "NoSuchEntity")
    found = access.spot_role(_scope(services, *SMALL))
    assert (found.outcome, found.fix) == (
        Outcome.FAILURE,
        "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com",
    )


def test_emrs_own_service_linked_role_is_a_warning_for_emr_makes_it(services: Services) -> None:
    services.refuse("iam", "get_role", "NoSuchEntity")
    found = access.cleanup_role(_scope(services))
    assert (found.outcome, found.fix) == (
        Outcome.WARNING,
        "aws iam create-service-linked-role --aws-service-name elasticmapreduce.amazonaws.com",
    )


def test_an_account_that_has_used_spot_is_ready_for_it(services: Services) -> None:
    role = {
        "RoleName": "AWSServiceRoleForEC2Spot",
        "Path": "/aws-service-role/spot.amazonaws.com/",
        "RoleId": "AROAEXAMPLEEXAMPLE12",
        "Arn": "arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
        "CreateDate": "2026-01-01T00:00:00Z",
    }
    services.answer("iam", "get_role", {"Role": role}, RoleName="AWSServiceRoleForEC2Spot")
    assert access.spot_role(_scope(services, *SMALL)) == ok("AWSServiceRoleForEC2Spot")


def test_what_may_not_be_asked_is_not_checked_and_not_passed(services: Services) -> None:
    services.answer("sts", "get_caller_identity", {"Account": "111122223333", "Arn": "arn:aws:iam::1:user/ann"})
    services.refuse("service-quotas", "get_service_quota", "AccessDeniedException")
    check = Check("Quota", capacity.on_demand_quota, ("service-quotas",))
    _, answer = examine(_scope(services, *SMALL), [check])
    assert answer.finding.outcome is Outcome.UNKNOWN
    assert "access denied (GetServiceQuota)" in answer.finding.text


@pytest.mark.parametrize(
    ("outcomes", "strict", "code"),
    [
        ([(Outcome.OK, True), (Outcome.WARNING, True)], False, 0),
        ([(Outcome.UNKNOWN, False)], False, 0),
        ([(Outcome.UNKNOWN, False)], True, 3),
        ([(Outcome.UNKNOWN, True), (Outcome.OK, True)], False, 3),
        ([(Outcome.UNKNOWN, True), (Outcome.FAILURE, False)], False, 1),
    ],
)
def test_the_exit_code_tells_failures_from_what_was_not_checked(
    outcomes: list[tuple[Outcome, bool]], strict: bool, code: int
) -> None:
    answers = [Answer("x", Finding(outcome, ""), essential) for outcome, essential in outcomes]
    assert exit_code(answers, strict=strict) == code


def test_invalid_credentials_fail_once_and_leave_the_rest_unchecked(services: Services) -> None:
    services.refuse("sts", "get_caller_identity", "InvalidClientTokenId")
    checks = [Check("Clusters", leftovers.clusters, ("emr",)), Check("Local", lambda scope: ok("here"))]
    found = examine(_scope(services), checks)
    assert [(item.title, item.finding.outcome) for item in found] == [
        ("Credentials", Outcome.FAILURE),
        ("Clusters", Outcome.UNKNOWN),
        ("Local", Outcome.OK),
    ]
    assert "log in again" in found[0].finding.text
    assert exit_code(found) == 1


def test_an_error_of_our_own_is_not_taken_for_an_answer(services: Services) -> None:
    def broken(scope: Scope) -> Finding:
        raise KeyError(scope.region)

    services.answer("sts", "get_caller_identity", {"Account": "111122223333", "Arn": "arn:aws:iam::1:user/ann"})
    with pytest.raises(KeyError):
        examine(_scope(services), [Check("Broken", broken)])


def test_access_denied_is_told_apart_from_other_refusals(services: Services) -> None:
    services.refuse("iam", "get_role", "AccessDenied")
    with pytest.raises(AccessDenied):
        access.cleanup_role(_scope(services))
