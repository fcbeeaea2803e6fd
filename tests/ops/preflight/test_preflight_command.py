"""The preflight against the embedded AWS: what is there, what is missing, what is in the way."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.aws.account import Client
from ops.aws.cdk import Cdk
from ops.preflight.access import BOOTSTRAP_VERSION
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import ACCOUNT, EmbeddedAws
from rehearsal.embedded.daemon import embedded_aws
from tests.ops.commands import Fruits, fruits_with
from tests.ops.documented import assert_documented
from tests.rehearsal.clusters import make_roles, run_cluster, wait_for
from tests.rehearsal.users import keys_of_user

pytestmark = pytest.mark.server

BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-eu-west-3"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An embedded AWS with nothing in it."""
    with embedded_aws(tmp_path_factory.mktemp("preflight")) as running:
        yield running


@pytest.fixture(scope="module")
def client(place: EmbeddedAws) -> Client:
    return clients_of(place)


@pytest.fixture(scope="module")
def bootstrapped(place: EmbeddedAws) -> None:
    Cdk(Path(), place.environment()).bootstrap(ACCOUNT, place.region)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    path = "/aws-service-role/spot.amazonaws.com/"
    clients_of(place)("iam").create_role(RoleName="AWSServiceRoleForEC2Spot", Path=path, AssumeRolePolicyDocument=trust)


@pytest.fixture
def fruits(place: EmbeddedAws) -> Fruits:
    return fruits_with(place)


def _line(said: str, title: str) -> str:
    (line,) = (line.rstrip() for line in said.splitlines() if f" {title}  " in line)
    return line


def test_an_account_that_is_not_bootstrapped_is_a_failure_with_the_command(fruits: Fruits) -> None:
    said = fruits("preflight", "-c", "mode=interactive")
    assert said.exit_code == 1
    assert _line(said.stdout, "CDK bootstrap").startswith("FAILURE")
    assert _line(said.stdout, "Bucket for assets").startswith("FAILURE")
    assert f"CDK bootstrap\n  cdk bootstrap aws://{ACCOUNT}/eu-west-3\n" in said.stdout


@pytest.mark.usefixtures("bootstrapped")
def test_an_account_that_is_ready_passes_and_the_next_command_is_named(fruits: Fruits) -> None:
    said = fruits("preflight", "-c", "mode=interactive", "--account", ACCOUNT)
    assert said.exit_code == 0, said.output
    for title in ("Credentials", "Account", "Region", "CDK bootstrap", "Bucket for assets", "Stacks", "Clusters"):
        assert _line(said.stdout, title).startswith("ok "), title
    assert said.stdout.endswith("Next: cdk deploy FruitsStorage -c mode=interactive\n")


@pytest.mark.usefixtures("bootstrapped")
def test_a_program_gets_the_same_as_json(fruits: Fruits) -> None:
    said = fruits("preflight", "-c", "mode=interactive", "--account", ACCOUNT, "--json")
    assert said.exit_code == 0, said.output
    content = json.loads(said.stdout)
    assert_documented("preflight", content)
    assert {check["title"]: check["outcome"] for check in content["checks"]}["CDK bootstrap"] == "ok"
    assert content["next"] == "cdk deploy FruitsStorage -c mode=interactive"


@pytest.mark.usefixtures("bootstrapped")
def test_what_this_aws_cannot_say_is_not_checked(fruits: Fruits) -> None:
    said = fruits("preflight", "-c", "mode=interactive")
    for title in ("vCPUs On-Demand", "vCPUs Spot", "Instance types", "EMR release"):
        assert _line(said.stdout, title).startswith("not checked"), title
    assert fruits("preflight", "-c", "mode=interactive", "--strict").exit_code == 3


@pytest.mark.usefixtures("bootstrapped")
def test_another_account_than_the_one_that_is_meant_is_a_failure(fruits: Fruits) -> None:
    said = fruits("preflight", "-c", "mode=interactive", "--account", "111122223333")
    assert said.exit_code == 1
    assert _line(said.stdout, "Account").split(maxsplit=2)[2] == f"{ACCOUNT} as root, not 111122223333"


def test_without_credentials_only_this_machine_is_checked(place: EmbeddedAws) -> None:
    said = fruits_with(place, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)("preflight")
    assert said.exit_code == 1
    assert "no AWS credentials" in _line(said.stdout, "Credentials")
    assert _line(said.stdout, "Stacks").startswith("not checked")
    assert _line(said.stdout, "CDK command line").startswith("ok ")


@pytest.mark.usefixtures("bootstrapped")
def test_stacks_that_may_not_be_seen_leave_the_preflight_incomplete(place: EmbeddedAws, client: Client) -> None:
    keys = keys_of_user(client, deny="cloudformation:DescribeStacks")
    said = fruits_with(place, **keys)("preflight", "-c", "mode=interactive")
    assert said.exit_code == 3
    assert "access denied (DescribeStacks)" in _line(said.stdout, "Stacks")


@pytest.mark.usefixtures("bootstrapped")
def test_an_old_bootstrap_is_a_failure(fruits: Fruits, client: Client) -> None:
    parameter = {"Name": "/cdk-bootstrap/hnb659fds/version", "Type": "String", "Overwrite": True}
    now = client("ssm").get_parameter(Name=parameter["Name"])["Parameter"]["Value"]
    client("ssm").put_parameter(**parameter, Value=str(BOOTSTRAP_VERSION - 1))
    said = fruits("preflight", "-c", "mode=interactive")
    client("ssm").put_parameter(**parameter, Value=now)
    assert said.exit_code == 1
    assert "has version 5; needed: 6 or newer" in _line(said.stdout, "CDK bootstrap")


def test_the_bootstrap_that_is_asked_for_is_the_one_that_the_assembly_needs(synthesise: Callable[..., Path]) -> None:
    manifest = json.loads((synthesise() / "manifest.json").read_text(encoding="utf-8"))
    needed = {
        item["properties"]["requiresBootstrapStackVersion"]
        for item in manifest["artifacts"].values()
        if item["type"] == "aws:cloudformation:stack"
    }
    assert needed == {BOOTSTRAP_VERSION}


@pytest.mark.usefixtures("bootstrapped")
def test_a_transient_cluster_without_photographs_is_a_failure(fruits: Fruits) -> None:
    said = fruits("preflight", "-c", "mode=transient")
    assert said.exit_code == 1
    assert _line(said.stdout, "Photographs").startswith("FAILURE")
    assert "cdk deploy FruitsStorage -c mode=transient, then fruits images upload FOLDER" in said.stdout


@pytest.mark.usefixtures("bootstrapped")
def test_photographs_of_a_deployed_bucket_are_counted(
    place: EmbeddedAws, client: Client, synthesise: Callable[..., Path]
) -> None:
    Cdk(synthesise(env="prod", email="team@example.org"), place.environment()).deploy("FruitsStorage")
    fruits, prod = fruits_with(place), ("-c", "env=prod", "-c", "email=team@example.org")
    assert _line(fruits("preflight", *prod).stdout, "Photographs").startswith("FAILURE")
    outputs = client("cloudformation").describe_stacks(StackName="FruitsStorage-prod")["Stacks"][0]["Outputs"]
    bucket = {item["OutputKey"]: item["OutputValue"] for item in outputs}["DataBucket"]
    for key in ("images/", "images/_sample.json", "images/Kiwi/1.jpg"):
        client("s3").put_object(Bucket=bucket, Key=key, Body=b"")
    said = fruits("preflight", *prod)
    assert said.exit_code == 0, said.output
    assert f"1 in s3://{bucket}/images/" in _line(said.stdout, "Photographs")


@pytest.mark.usefixtures("bootstrapped")
def test_a_stack_that_failed_is_told_with_what_becomes_of_it(fruits: Fruits, client: Client) -> None:
    resource = {
        "Type": "AWS::EMR::Cluster",
        "Properties": {"Name": "no", "Instances": {}, "JobFlowRole": "a", "ServiceRole": "b"},
    }
    client("cloudformation").create_stack(
        StackName="FruitsCompute-dev", TemplateBody=json.dumps({"Resources": {"Cluster": resource}})
    )
    describe = client("cloudformation").describe_stacks
    wait_for(lambda: describe(StackName="FruitsCompute-dev")["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE")
    said = fruits("preflight", "-c", "env=dev")
    client("cloudformation").delete_stack(StackName="FruitsCompute-dev")
    assert _line(said.stdout, "Stacks").startswith("warning")
    assert "FruitsCompute-dev is ROLLBACK_COMPLETE" in _line(said.stdout, "Stacks")


@pytest.mark.usefixtures("bootstrapped")
def test_a_cluster_of_the_same_name_that_no_stack_owns_is_a_warning(fruits: Fruits, client: Client) -> None:
    make_roles(client)
    cluster = run_cluster(client, Name="fruits-dev")
    said = fruits("preflight", "-c", "env=dev")
    assert _line(said.stdout, "Clusters").startswith("warning")
    assert f"aws emr terminate-clusters --cluster-ids {cluster} --region eu-west-3" in said.stdout
    client("emr").terminate_job_flows(JobFlowIds=[cluster])
    assert _line(fruits("preflight", "-c", "env=dev").stdout, "Clusters").startswith("ok ")


@pytest.mark.usefixtures("bootstrapped")
def test_a_budget_and_a_database_that_no_stack_owns_are_failures(fruits: Fruits, client: Client) -> None:
    budget = {
        "BudgetName": "fruits-demo",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "1", "Unit": "USD"},
    }
    client("budgets").create_budget(AccountId=ACCOUNT, Budget=budget)
    client("glue").create_database(DatabaseInput={"Name": "fruits_demo"})
    said = fruits("preflight", "-c", "mode=interactive")
    client("budgets").delete_budget(AccountId=ACCOUNT, BudgetName="fruits-demo")
    client("glue").delete_database(Name="fruits_demo")
    assert said.exit_code == 1
    assert _line(said.stdout, "Budget").startswith("FAILURE")
    assert _line(said.stdout, "Glue database").startswith("FAILURE")
    assert f"aws budgets delete-budget --account-id {ACCOUNT} --budget-name fruits-demo\n" in said.stdout


@pytest.mark.usefixtures("bootstrapped")
def test_wheels_that_were_not_made_are_a_failure_with_the_command(fruits: Fruits) -> None:
    said = fruits("preflight", "-c", "mode=interactive", "-c", "architecture=arm64", "-c", "engine=keras")
    assert _line(said.stdout, "Wheels and weights").startswith("FAILURE")
    assert "make assets WHEELS=keras ARCHITECTURE=arm64\n" in said.stdout


def test_a_missing_bucket_for_assets_is_a_failure(fruits: Fruits, client: Client, bootstrapped: None) -> None:
    """The last test: the bucket is not made again."""
    for item in client("s3").list_object_versions(Bucket=BUCKET).get("Versions", ()):
        client("s3").delete_object(Bucket=BUCKET, Key=item["Key"], VersionId=item["VersionId"])
    client("s3").delete_bucket(Bucket=BUCKET)
    said = fruits("preflight", "-c", "mode=interactive")
    assert said.exit_code == 1
    assert f"no bucket {BUCKET}" in _line(said.stdout, "Bucket for assets")
