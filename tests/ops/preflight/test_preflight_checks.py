"""Checks that only AWS itself can answer, on answers of its shape: the embedded AWS has no quotas, no offerings."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra.settings import DeploymentSettings
from ops.aws.account import AccessDenied
from ops.aws.given import read_given
from ops.preflight import access, capacity, leftovers, recipients
from ops.preflight.examination import Answer, examine, exit_code
from ops.preflight.findings import Check, Finding, Outcome, Scope, failure, ok, warning

SESSION: Any = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-3")
ASSETS = "cdk-hnb659fds-assets-111122223333-eu-west-3"
CONFIRMED = "arn:aws:sns:eu-west-3:111122223333:topic:1"
ZONES = ("eu-west-3a", "eu-west-3b", "eu-west-3c")


class Services:
    """Clients that answer what a test has laid down, and refuse any other question."""

    def __init__(self) -> None:
        self._stubs: dict[str, Stubber] = {}

    def __call__(self, service: str) -> Any:
        return self._stub(service).client

    def _stub(self, service: str) -> Stubber:
        if service not in self._stubs:
            self._stubs[service] = Stubber(SESSION.client(service))
            self._stubs[service].activate()
        return self._stubs[service]

    def answer(self, service: str, operation: str, content: dict[str, Any], **expected: Any) -> None:
        self._stub(service).add_response(operation, content, expected or None)

    def refuse(self, service: str, operation: str, code: str) -> None:
        self._stub(service).add_client_error(operation, service_error_code=code, service_message="no")

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

    def bucket(self, *, algorithm: str, key: str | None = None) -> None:
        """Lay down the CDK's bucket for assets, and how it encrypts."""
        rule = {"SSEAlgorithm": algorithm} | ({"KMSMasterKeyID": key} if key else {})
        encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]}
        asked = {"Bucket": ASSETS, "ExpectedBucketOwner": "111122223333"}
        self.answer("s3", "head_bucket", {}, **asked)
        self.answer("s3", "get_bucket_encryption", {"ServerSideEncryptionConfiguration": encryption}, **asked)

    def topic(self, stack: str, region: str, subscription: str, *, address: str = "team@example.org") -> None:
        """Lay down a stack with a topic, and the one subscription of it."""
        arn = f"arn:aws:sns:{region}:111122223333:topic"
        described = {
            "StackName": f"{stack}-demo",
            "StackStatus": "CREATE_COMPLETE",
            "CreationTime": "2026-01-01T00:00:00Z",
            "Outputs": [{"OutputKey": "TopicArn", "OutputValue": arn}],
        }
        self.answer("cloudformation", "describe_stacks", {"Stacks": [described]})
        subscribed = {"Endpoint": address, "Protocol": "email", "SubscriptionArn": subscription, "TopicArn": arn}
        self.answer("sns", "list_subscriptions_by_topic", {"Subscriptions": [subscribed]}, TopicArn=arn)

    def all_asked(self) -> None:
        for stub in self._stubs.values():
            stub.assert_no_pending_responses()


@pytest.fixture
def services() -> Iterator[Services]:
    laid_down = Services()
    yield laid_down
    laid_down.all_asked()


def _scope(services: Services, *values: str, **given: Any) -> Scope:
    settings: DeploymentSettings = read_given(values).settings
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
    ("releases", "said"),
    [
        (["emr-7.13.0", "emr-7.14.0", "emr-spark-8.1.0"], "emr-7.13.0; EMR has emr-7.14.0, which this project was not"),
        (["emr-7.9.0", "emr-7.13.0", "emr-6.15.0", "emr-spark-8.1.0"], "emr-7.13.0, the newest of EMR 7"),
    ],
)
def test_a_newer_release_of_the_same_line_is_named(services: Services, releases: list[str], said: str) -> None:
    services.answer("emr", "list_release_labels", {"ReleaseLabels": releases})
    found = capacity.release(_scope(services))
    assert found.outcome is Outcome.OK
    assert found.text.startswith(said)


def test_an_interactive_cluster_is_said_to_need_its_vcpus_twice_while_it_is_replaced(services: Services) -> None:
    services.quota("L-1216C47A", 36)
    services.instances()
    found = capacity.on_demand_quota(_scope(services, *SMALL, "mode=interactive"))
    assert found.outcome is Outcome.OK
    assert found.text.endswith("a new run_id starts a second cluster before the first ends: 12 more for minutes")


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("AES256", None), ("aws:kms", None), ("aws:kms", "arn:aws:kms:eu-west-3:111122223333:alias/aws/s3")],
)
def test_assets_that_every_role_of_the_account_can_read_are_fine(
    services: Services, algorithm: str, key: str | None
) -> None:
    services.bucket(algorithm=algorithm, key=key)
    assert access.assets_bucket(_scope(services)) == ok(ASSETS)


@pytest.mark.parametrize("algorithm", ["aws:kms", "aws:kms:dsse"])
def test_assets_under_a_customers_key_are_a_failure_for_the_nodes_could_not_read_them(
    services: Services, algorithm: str
) -> None:
    key = "arn:aws:kms:eu-west-3:111122223333:key/0b1c"
    services.bucket(algorithm=algorithm, key=key)
    found = access.assets_bucket(_scope(services))
    assert found.outcome is Outcome.FAILURE
    assert f"is encrypted with {key}, which the nodes may not use" in found.text
    assert found.fix == "cdk bootstrap aws://111122223333/eu-west-3 --no-bootstrap-customer-key"


def test_an_e_mail_that_was_not_confirmed_is_a_warning_with_the_command_that_sends_it_again(
    services: Services,
) -> None:
    services.topic("FruitsGuard", "eu-west-3", "PendingConfirmation")
    found = recipients.email(_scope(services, "email=team@example.org"))
    assert found.outcome is Outcome.WARNING
    assert found.text.startswith("team@example.org has not confirmed the subscription in eu-west-3")
    assert found.fix == (
        "aws sns subscribe --topic-arn arn:aws:sns:eu-west-3:111122223333:topic --protocol email"
        " --notification-endpoint team@example.org --region eu-west-3"
    )


def test_an_e_mail_that_was_confirmed_is_fine(services: Services) -> None:
    services.topic("FruitsGuard", "eu-west-3", CONFIRMED)
    found = recipients.email(_scope(services, "email=team@example.org"))
    assert found == ok("team@example.org has confirmed")


def test_the_confirmation_of_another_address_is_none_of_ours(services: Services) -> None:
    services.topic("FruitsGuard", "eu-west-3", CONFIRMED, address="other@example.org")
    assert recipients.email(_scope(services, "email=team@example.org")).outcome is Outcome.WARNING


def test_a_budget_in_another_region_has_a_subscription_of_its_own_to_confirm(services: Services) -> None:
    services.topic("FruitsGuard", "eu-north-1", CONFIRMED)
    services.topic("FruitsBudget", "eu-central-1", "PendingConfirmation")
    found = recipients.email(_scope(services, "region=eu-north-1", "email=team@example.org"))
    assert found.outcome is Outcome.WARNING
    assert "in eu-central-1" in found.text


def test_before_the_first_deployment_the_confirmation_is_announced(services: Services) -> None:
    services.answer("cloudformation", "describe_stacks", {"Stacks": []})
    found = recipients.email(_scope(services, "email=team@example.org"))
    assert found == ok("SNS will ask team@example.org to confirm: nothing is sent before")


def test_a_deployment_that_tells_nobody_is_a_warning(services: Services) -> None:
    assert recipients.email(_scope(services)).outcome is Outcome.WARNING


def test_an_address_that_is_required_and_missing_is_a_failure(services: Services) -> None:
    assert recipients.email(_scope(services, "env=prod")) == failure(
        "no email is set, and prod is not deployed without one", "cdk deploy FruitsGuard -c email=team@example.org"
    )


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


@pytest.mark.parametrize("order", [("CREATE_FAILED", "ROLLBACK_COMPLETE"), ("ROLLBACK_COMPLETE", "CREATE_FAILED")])
def test_of_several_stacks_in_trouble_one_that_cannot_be_deployed_is_named(
    services: Services, order: tuple[str, str]
) -> None:
    described = [
        {"StackName": f"{stack}-demo", "StackStatus": status, "CreationTime": "2026-01-01T00:00:00Z"}
        for stack, status in zip(("FruitsStorage", "FruitsNetwork"), order, strict=True)
    ]
    services.answer("cloudformation", "describe_stacks", {"Stacks": described})
    found = leftovers.stacks(_scope(services))
    assert found.outcome is Outcome.FAILURE
    assert "CREATE_FAILED" in found.text


def test_the_bootstrap_of_a_company_is_looked_for_by_its_qualifier(services: Services) -> None:
    qualifier = read_given(["@aws-cdk/core:bootstrapQualifier=acme"]).qualifier
    services.answer("ssm", "get_parameter", {"Parameter": {"Value": "30"}}, Name="/cdk-bootstrap/acme/version")
    services.refuse("s3", "head_bucket", "404")
    scope = _scope(services, qualifier=qualifier)
    assert access.bootstrap(scope).outcome is Outcome.OK
    found = access.assets_bucket(scope)
    assert "cdk-acme-assets-111122223333-eu-west-3" in found.text
    assert found.fix.endswith("eu-west-3 --qualifier acme --toolkit-stack-name CDKToolkit-acme")


def test_a_stack_whose_deployment_nobody_approved_is_told_with_the_reason(services: Services) -> None:
    stack = {
        "StackName": "FruitsStorage-demo",
        "StackStatus": "REVIEW_IN_PROGRESS",
        "CreationTime": "2026-01-01T00:00:00Z",
    }
    services.answer("cloudformation", "describe_stacks", {"Stacks": [stack]})
    found = leftovers.stacks(_scope(services))
    assert found.outcome is Outcome.WARNING
    assert "its deployment was not approved" in found.text
    assert found.text.endswith("--require-approval never")


@pytest.mark.parametrize(
    ("known", "outcome"), [(["2023.6.20250303.0"], Outcome.OK), (["2023.9.20260914.0"], Outcome.FAILURE)]
)
def test_a_pinned_amazon_linux_has_to_be_one_that_emr_has(
    known: list[str], outcome: Outcome, services: Services
) -> None:
    described = {"ReleaseLabel": "emr-7.13.0", "AvailableOSReleases": [{"Label": label} for label in known]}
    services.answer("emr", "describe_release_label", described, ReleaseLabel="emr-7.13.0")
    found = capacity.operating_system(_scope(services, "os_release_label=2023.6.20250303.0"))
    assert found.outcome is outcome
    assert found.fix == ("" if outcome is Outcome.OK else f"cdk deploy --all -c os_release_label={known[0]}")
