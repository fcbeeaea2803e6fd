"""A sweep that cannot see everything says so, and never that nothing is left."""

import json
from datetime import date
from typing import Any

import pytest

from ops.aws.account import Client
from ops.pricing.amount import Amount
from ops.pricing.price_book import PriceBook, Record, Source
from ops.teardown.leaks import watching
from ops.teardown.leaks.prices import Prices
from ops.teardown.leaks.scope import Leftover, Scope
from ops.teardown.leaks.screen import verdict
from ops.teardown.leaks.sweep import Findings
from rehearsal.embedded.aws import ACCOUNT, EmbeddedAws
from tests.ops.commands import fruits_with
from tests.ops.teardown import leftovers
from tests.rehearsal.clusters import SERVICE_ROLE, make_roles

pytestmark = pytest.mark.server


def user(client: Client, name: str, *denied: str) -> dict[str, str]:
    """Make a user who may do everything but some actions, and give the variables of the key."""
    iam = client("iam")
    iam.create_user(UserName=name)
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": list(denied), "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="all-but", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


@pytest.mark.parametrize(
    ("service", "denied", "unseen"),
    [
        ("volumes", "ec2:DescribeVolumes", ["EBS volumes", "EBS snapshots"]),
        ("clusters", "elasticmapreduce:ListClusters", ["EMR clusters"]),
        ("keys", "kms:ListKeys", ["KMS keys"]),
        ("tags", "tag:GetResources", ["tagged resources"]),
    ],
)
def test_one_denied_service_is_named_and_the_exit_code_says_so(
    aws: EmbeddedAws, client: Client, service: str, denied: str, unseen: list[str]
) -> None:
    result = fruits_with(aws, **user(client, f"without-{service}", denied))("leaks")
    assert result.exit_code == 3, result.output
    assert "nothing left on the bill" not in result.output
    assert "nothing seen on the bill; what could not be seen:" in result.output
    assert "No trace" not in result.output
    for what in unseen:
        assert f"cannot list {what}: access denied" in result.output


def test_what_can_be_seen_is_found_all_the_same(aws: EmbeddedAws, client: Client) -> None:
    (key, _) = list(leftovers.plant_keys(client))
    result = fruits_with(aws, **user(client, "without-logs", "logs:DescribeLogGroups"))("leaks")
    assert result.exit_code == 3
    assert key[1] in result.output
    assert "so there may be more" in result.output
    client("kms").schedule_key_deletion(KeyId=key[1], PendingWindowInDays=7)


def test_a_bucket_that_cannot_be_listed_is_on_the_bill(aws: EmbeddedAws, client: Client) -> None:
    name = "fruitsstorage-demo-logs-closed"
    client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    result = fruits_with(aws, **user(client, "without-list", "s3:ListBucketVersions"))("leaks")
    client("s3").delete_bucket(Bucket=name)
    assert result.exit_code == 1, result.output
    assert f"not known  bucket {name}" in result.output
    assert "what lies in it could not be listed: access denied" in result.output


def test_without_credentials_there_is_one_line_and_no_verdict(aws: EmbeddedAws) -> None:
    result = fruits_with(aws, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)("leaks")
    assert result.exit_code == 1
    assert "no AWS credentials; log in" in result.output
    assert "left" not in result.output


def test_a_key_that_aws_does_not_know_is_no_verdict_either(aws: EmbeddedAws) -> None:
    result = fruits_with(aws, AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="x")("leaks")
    assert result.exit_code == 1
    assert "billable" not in result.output


@pytest.mark.parametrize("command", ["leaks", "empty", "destroy"])
def test_the_wrong_account_is_refused(aws: EmbeddedAws, command: str) -> None:
    result = fruits_with(aws)(command, "--account", "123456789012")
    assert result.exit_code == 1
    assert f"the credentials are of account {ACCOUNT}, not of 123456789012" in result.output


def test_a_setting_that_is_none_is_refused(aws: EmbeddedAws) -> None:
    result = fruits_with(aws)("leaks", "-c", "env=nowhere")
    assert result.exit_code == 2
    assert "env=nowhere: not an environment" in result.output


def test_the_production_environment_needs_no_address_here(aws: EmbeddedAws) -> None:
    assert fruits_with(aws)("leaks", "-c", "env=prod").exit_code == 0


def test_names_that_tell_nothing_are_found_by_the_tag_index(client: Client) -> None:
    """The embedded tag index knows no alarms, log groups and state machines; here it is given what AWS's has."""
    machine = f"arn:aws:states:eu-west-3:{ACCOUNT}:stateMachine:lifetime"
    alarm = f"arn:aws:cloudwatch:eu-west-3:{ACCOUNT}:alarm:by-hand"
    group = f"arn:aws:logs:eu-west-3:{ACCOUNT}:log-group:/by/hand"
    for name in ("/by/hand", "/of/others"):
        client("logs").create_log_group(logGroupName=name)
    make_roles(client)
    for name in ("lifetime", "of-others"):
        role = f"arn:aws:iam::{ACCOUNT}:role/{SERVICE_ROLE}"
        definition = '{"StartAt": "Stop", "States": {"Stop": {"Type": "Succeed"}}}'
        client("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=role)
    for name in ("by-hand", "of-others"):
        client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/S3",
            MetricName="NumberOfObjects",
            Period=300,
            EvaluationPeriods=1,
            Threshold=1,
            Statistic="Average",
            ComparisonOperator="GreaterThanThreshold",
        )
    scope = scope_with(tagged=dict.fromkeys((machine, alarm, group)))
    found = [item.id for sweeper in watching.SWEEPERS for item in sweeper.find(client, scope)]
    assert found == ["/by/hand", "by-hand", "lifetime"]


def scope_with(**given: Any) -> Scope:
    """Return a scope of the environment demo in Paris."""
    return Scope(env="demo", region="eu-west-3", account=ACCOUNT, prices=Prices(PriceBook.load()), **given)


@pytest.mark.parametrize(
    "name",
    ["fruits-demo", "fruits_demo", "FruitsStorage-demo", "FruitsCompute-demo-Nodes-1A", "fruitsstorage-demo-logs-1a"],
)
def test_names_of_the_deployment_are_ours(name: str) -> None:
    assert scope_with().by_name(name)


@pytest.mark.parametrize(
    "name",
    ["fruits-demo2", "fruits-demo-shop", "FruitsStorage-demo2-x", "FruitsShop-demo", "my-FruitsStorage-demo", "fruits"],
)
def test_names_that_look_alike_are_not_ours(name: str) -> None:
    assert scope_with().by_name(name) is None


def test_a_stack_that_looks_alike_claims_nothing_by_its_tag() -> None:
    tags = {"aws:cloudformation:stack-name": "FruitsShop-demo"}
    assert scope_with().by_tags(tags) is None


def test_what_a_cluster_of_ours_has_started_is_ours() -> None:
    scope = scope_with(clusters=frozenset({"j-OURS"}))
    assert scope.by_tags({"aws:elasticmapreduce:job-flow-id": "j-OURS"})
    assert scope.by_tags({"aws:elasticmapreduce:job-flow-id": "j-THEIRS"}) is None


def book(**prices: float) -> PriceBook:
    """Return a book with prices by kind."""
    records = tuple(
        Record(kind=kind, name=name, region="eu-west-3", unit="", usd=prices[key], source="test", date="2026-11-22")
        for key, kind, name in (("gp3", "ebs", "gp3"), ("nat", "nat", "gateway"), ("key", "kms", "key"))
        if key in prices
    )
    sources = {"test": Source(title="test")}
    return PriceBook(
        records=records, rules=(), sources=sources, euro_usd=1.0, euro_date=date(2026, 11, 22), euro_source="test"
    )


def test_prices_of_a_month_are_those_of_the_book() -> None:
    prices = Prices(book(gp3=0.08, nat=0.05, key=1.0))
    assert prices.disk(100, "gp3", "eu-west-3").usd == pytest.approx(8.0)
    assert prices.nat_gateway("eu-west-3").usd == pytest.approx(36.5)  # 730 hours
    assert prices.key("eu-west-3").usd == pytest.approx(1.0)


def test_a_price_that_the_book_does_not_have_is_unknown_and_not_zero() -> None:
    prices = Prices(book())
    assert prices.disk(100, "gp3", "eu-west-3").unknown
    assert prices.instance("m5.xlarge", "eu-west-3").unknown
    assert prices.key("eu-west-3").unknown


def _amount(usd: float | None) -> Amount:
    return Amount(missing=frozenset({"its price"})) if usd is None else Amount(usd)


def _findings(*monthly: float | None, unseen: tuple[str, ...] = ()) -> Findings:
    claim = scope_with().by_name("fruits-demo")
    assert claim
    items = [
        Leftover(kind="EBS volume", id=f"vol-{index}", claim=claim, monthly=cost, command="")
        for index, cost in enumerate(map(_amount, monthly))
    ]
    return Findings("demo", ACCOUNT, ["eu-west-3"], items, unseen)


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        (_findings(), "nothing left on the bill"),
        (_findings(0.0), "nothing left on the bill"),
        (_findings(8.0, 1.5), "2 left on the bill, 9.50 USD a month"),
        (_findings(8.0, None), "2 left on the bill, at least 8.00 USD a month (1 without a known price)"),
        (_findings(None), "1 left on the bill, at a price that is not known"),
        (
            _findings(unseen=("cannot list VPCs",)),
            "nothing seen on the bill; what could not be seen: 1, so there may be more",
        ),
    ],
)
def test_the_verdict_never_says_more_than_was_seen(findings: Findings, expected: str) -> None:
    assert verdict(findings) == expected
