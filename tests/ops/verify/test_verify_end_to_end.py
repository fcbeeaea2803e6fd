"""A verification against the embedded AWS and its node, by its command, to its end, with a difference planted."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ops.aws.account import Client
from ops.aws.cdk import Cdk
from ops.local.sample import LABELS, render_sample
from ops.verify.report import NAME
from ops.verify.runner import verifiable
from ops.verify.transient import AGAIN, TRANSIENT
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import ACCOUNT
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.node.daemon import local_node
from tests.ops.commands import Fruits, fruits_with

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import TagTypeDef

pytestmark = [pytest.mark.server, pytest.mark.long]

LEFT_OUT = {2, *TRANSIENT.checks, *AGAIN.checks}
"""Rows that need the cluster that runs the job: too dear here; a rehearsal runs it, and another file has it fail."""

SEEN_HERE = {17, 33, 36, 43, 66}
PLANTED = {28}


@dataclass(frozen=True)
class Verified:
    """A verification that is over; its embedded AWS still runs."""

    client: Client
    fruits: Fruits
    folder: Path
    code: int
    printed: str

    @property
    def rows(self) -> dict[int, dict[str, Any]]:
        found = json.loads((self.folder / NAME).read_text(encoding="utf-8"))["rows"]
        return {int(number): row for number, row in found.items()}

    def of(self, outcome: str) -> set[int]:
        return {number for number, row in self.rows.items() if row["outcome"] == outcome}


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verified]:
    folder = tmp_path_factory.mktemp("verify")
    render_sample(folder / "images", per_label=5, labels=LABELS[:3])
    rows = ",".join(map(str, sorted(verifiable() - LEFT_OUT)))
    options = ["--yes", "--rows", rows, "--images", str(folder / "images"), "--folder", str(folder / "out")]
    with (
        embedded_aws(folder / "aws", launch="hold") as aws,
        local_node(aws, log_seconds=1, image=folder / "image"),
    ):
        Cdk(Path(), aws.environment()).bootstrap(ACCOUNT, aws.region)
        client = clients_of(aws)
        _plant(client)
        fruits = fruits_with(aws)
        done = fruits("verify", *options, "--look-every", "0.3")
        yield Verified(client, fruits, folder / "out", done.exit_code, done.output)


def _plant(client: Client) -> None:
    """Leave something on the bill that no stack owns, as a deployment that went wrong would."""
    tags: list[TagTypeDef] = [{"Key": "project", "Value": "fruits"}, {"Key": "environment", "Value": "verifyb"}]
    client("ec2").create_volume(
        AvailabilityZone="eu-west-3a", Size=8, TagSpecifications=[{"ResourceType": "volume", "Tags": tags}]
    )


def test_the_phases_end_as_they_should(verified: Verified) -> None:
    phases = json.loads((verified.folder / NAME).read_text(encoding="utf-8"))["phases"]
    assert [(item["phase"], item["why"]) for item in phases] == [
        (name, "") for name in (*("facts", "deploy", "interactive", "probe", "logs", "lifetime", "destroy", "leaks"),)
    ]


def test_rows_that_can_be_seen_here_are_confirmed(verified: Verified) -> None:
    assert verified.of("confirmed") == SEEN_HERE


def test_a_difference_that_was_planted_is_refuted_with_what_was_found(verified: Verified) -> None:
    assert verified.of("refuted") == PLANTED
    assert verified.rows[28]["answer"][0].startswith("EBS volume vol-")
    assert verified.code == 1
    assert "left: EBS volume vol-" in verified.printed


def test_rows_that_only_aws_can_answer_say_so(verified: Verified) -> None:
    others = verified.of("not seen")
    assert others
    silent = [verified.rows[number] for number in others if not verified.rows[number]["answer"].startswith("only AWS")]
    assert silent == []


def test_price_and_time_were_said_before_anything_began(verified: Verified) -> None:
    told, began = verified.printed.index("USD as planned"), verified.printed.index("phase facts")
    assert told < began
    assert "at most 60" in verified.printed


def test_nothing_of_it_is_left(verified: Verified) -> None:
    stacks = [item["StackName"] for item in verified.client("cloudformation").describe_stacks()["Stacks"]]
    assert stacks == ["CDKToolkit"]
    buckets = [item["Name"] for item in verified.client("s3").list_buckets()["Buckets"]]
    assert [name for name in buckets if "verify" in name] == []


def test_what_was_seen_here_cannot_be_entered_as_seen_on_aws(verified: Verified) -> None:
    refused = verified.fruits("verify", "--apply", str(verified.folder / NAME))
    assert refused.exit_code == 2
    assert "a report of the embedded AWS shows nothing of AWS" in refused.stderr


def test_a_report_tells_no_account(verified: Verified) -> None:
    assert ACCOUNT not in (verified.folder / NAME).read_text(encoding="utf-8")
