"""``fruits leaks`` finds each kind of thing that a deployment may leave, and nothing of anybody else."""

import itertools
import json
from collections.abc import Iterator

import pytest

from ops.aws.account import Client
from ops.errors import ExitCode
from ops.pricing.price_book import PriceBook
from ops.teardown.leaks.prices import Prices
from ops.teardown.leaks.scope import Leftover
from ops.teardown.leaks.sweep import Findings, sweep
from rehearsal.embedded.aws import EmbeddedAws
from tests.ops.commands import Fruits, fruits_with
from tests.ops.documented import assert_documented
from tests.ops.teardown import leftovers

pytestmark = pytest.mark.server

PLANTS = (
    leftovers.plant_clusters,
    leftovers.plant_security_configurations,
    leftovers.plant_network,
    leftovers.plant_machines,
    leftovers.plant_studio,
    leftovers.plant_storage,
    leftovers.plant_keys,
    leftovers.plant_watching,
    leftovers.plant_identity,
    leftovers.plant_stacks,
)


@pytest.fixture(scope="module")
def planted(client: Client) -> set[tuple[str, str]]:
    """Plant everything at once: what is ours, and beside it what is not."""
    return set(itertools.chain.from_iterable(plant(client) for plant in PLANTS))


@pytest.fixture(scope="module")
def findings(aws: EmbeddedAws, planted: set[tuple[str, str]]) -> Iterator[Findings]:
    with pytest.MonkeyPatch.context() as patch:
        for key, value in aws.variables().items():
            patch.setenv(key, value)
        yield sweep("demo", [aws.region], Prices(PriceBook.load()))


@pytest.fixture
def fruits(aws: EmbeddedAws, planted: set[tuple[str, str]]) -> Fruits:
    return fruits_with(aws)


KINDS = (
    *("EMR cluster", "ended EMR cluster", "EMR security configuration", "EMR Studio"),
    *("EC2 instance", "EBS volume", "EBS snapshot", "elastic IP address"),
    *("VPC", "subnet", "route table", "internet gateway", "security group", "network interface"),
    *("VPC endpoint", "NAT gateway", "bucket", "CDK assets", "KMS key", "KMS key pending deletion"),
    *("log group", "alarm", "dashboard", "event rule", "topic", "state machine", "budget"),
    *("Glue database", "IAM role", "instance profile", "IAM policy", "stack", "sqs"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_planted_is_found_and_nothing_else(
    kind: str, findings: Findings, planted: set[tuple[str, str]]
) -> None:
    expected = {identity for planted_kind, identity in planted if planted_kind == kind}
    assert expected, "nothing of that kind was planted"
    assert {item.id for item in findings.leftovers if item.kind == kind} == expected


def test_every_kind_that_is_found_has_been_planted(findings: Findings, planted: set[tuple[str, str]]) -> None:
    assert {item.kind for item in findings.leftovers} == {kind for kind, _ in planted} == set(KINDS)


def test_every_service_could_be_asked(findings: Findings) -> None:
    assert findings.unseen == []


def _of(findings: Findings, kind: str) -> list[Leftover]:
    return [item for item in findings.leftovers if item.kind == kind]


@pytest.mark.parametrize(
    "kind",
    [
        *("ended EMR cluster", "EMR security configuration", "EMR Studio", "VPC", "subnet", "route table"),
        *("internet gateway", "security group", "network interface", "KMS key pending deletion", "event rule"),
        *("topic", "state machine", "budget", "Glue database", "IAM role", "instance profile", "IAM policy"),
    ],
)
def test_what_is_free_is_not_on_the_bill(kind: str, findings: Findings) -> None:
    assert all(item.free and not item.billable for item in _of(findings, kind))


@pytest.mark.parametrize(
    "kind",
    [
        *("EMR cluster", "EC2 instance", "EBS volume", "EBS snapshot", "elastic IP address", "NAT gateway"),
        *("bucket", "KMS key", "alarm", "dashboard", "sqs"),
    ],
)
def test_what_may_cost_is_on_the_bill_whether_or_not_its_price_is_known(kind: str, findings: Findings) -> None:
    assert all(item.billable for item in _of(findings, kind))


def test_a_gateway_endpoint_is_free_and_an_interface_endpoint_is_not(findings: Findings) -> None:
    endpoints = {item.detail.partition(",")[0]: item for item in _of(findings, "VPC endpoint")}
    assert endpoints["Gateway"].free
    assert endpoints["Interface"].billable


def test_the_command_of_what_a_deployed_stack_holds_destroys_the_stack(findings: Findings) -> None:
    (topic,) = [item for item in _of(findings, "topic") if item.claim.stack]
    assert topic.command == "fruits destroy --stack FruitsNotebook -c env=demo"


def test_the_command_of_what_no_stack_holds_removes_the_thing_itself(findings: Findings) -> None:
    (volume, *_) = [item for item in _of(findings, "EBS volume") if not item.stack]
    assert volume.command == f"aws ec2 delete-volume --volume-id {volume.id} --region eu-west-3"


def test_a_disk_is_held_by_the_stack_that_holds_its_machine(findings: Findings) -> None:
    (machine,) = [item for item in _of(findings, "EC2 instance") if item.stack == "FruitsNotebook-demo"]
    disks = [item for item in _of(findings, "EBS volume") if item.claim.why == f"used by {machine.id}"]
    assert {disk.stack for disk in disks} == {machine.stack}
    assert {disk.command for disk in disks} == {"fruits destroy --stack FruitsNotebook -c env=demo"}


def test_what_the_cdk_uploads_is_named_apart(findings: Findings) -> None:
    (assets,) = _of(findings, "CDK assets")
    assert assets.shared
    assert not assets.billable
    assert assets.detail == "1 object, 1.00 MiB"


def test_a_key_that_goes_has_its_day(findings: Findings) -> None:
    (key,) = _of(findings, "KMS key pending deletion")
    assert key.kept
    assert "deleted on 20" in key.detail


def test_the_exit_code_says_that_something_bills(fruits: Fruits) -> None:
    result = fruits("leaks")
    assert result.exit_code == 1, result.output
    assert "left on the bill, at least" in result.output
    assert "nothing left on the bill" not in result.output


def test_another_environment_sees_only_its_own(fruits: Fruits, planted: set[tuple[str, str]]) -> None:
    result = fruits("leaks", "-c", "env=dev")
    assert result.exit_code == 0, result.output
    assert result.output.rstrip().endswith("nothing left on the bill")
    assert "No trace that fruits-dev was ever here" in result.output
    assert not [identity for kind, identity in planted if kind != "CDK assets" and identity in result.output]


def test_all_regions_of_the_union_can_be_swept(fruits: Fruits) -> None:
    result = fruits("leaks", "--everywhere", "-c", "env=dev", "-c", "region=eu-north-1")
    assert result.exit_code == 0, result.output
    first = result.output.splitlines()[0]
    assert first.endswith("eu-north-1, eu-central-1, eu-west-1, eu-west-3, eu-south-1, eu-south-2")


def test_a_bucket_that_is_kept_on_purpose_is_not_counted(fruits: Fruits) -> None:
    counted = fruits("leaks").output.splitlines()[-1]
    kept = fruits("leaks", "--keep", "FruitsStorage").output.splitlines()[-1]
    assert int(counted.split()[0]) == int(kept.split()[0]) + 1
    assert "beside what is kept on purpose" in kept


def test_a_stack_that_is_none_is_refused(fruits: Fruits) -> None:
    result = fruits("leaks", "--keep", "Storage")
    assert result.exit_code == 2
    assert "accepted: FruitsStorage, FruitsNetwork" in result.output


def test_a_program_gets_the_same_as_json(fruits: Fruits) -> None:
    said = fruits("leaks", "--json")
    content = json.loads(said.stdout)
    assert_documented("leaks", content)
    assert said.exit_code == ExitCode.FAILED
    assert content["billable"] == sum(
        not (item["kept"] or item["shared"] or item["monthly_usd"] == 0) for item in content["leftovers"]
    )
