from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aws_cdk import cx_api

from infra.catalog import RESULT_TABLES
from infra.templates import Deployment, Resource, as_list, text

BUCKETS = {"Data", "Logs", "Code"}


def _template(deployment: Deployment) -> Mapping[str, Any]:
    return next(template.body for template in deployment.templates if "FruitsStorage" in template.path)


def _buckets(deployment: Deployment) -> dict[str, Resource]:
    outputs = _template(deployment)["Outputs"]
    named = {
        "Data": outputs["DataBucket"]["Value"]["Ref"],
        "Logs": outputs["LogBucket"]["Value"]["Ref"],
        "Code": outputs["CodeBucket"]["Value"]["Ref"],
    }
    found = {bucket.logical_id: bucket for bucket in deployment.resources("AWS::S3::Bucket")}
    assert len(found) == len(BUCKETS)
    return {name: found[logical_id] for name, logical_id in named.items()}


@pytest.mark.parametrize("name", sorted(BUCKETS))
def test_a_bucket_is_encrypted_private_and_owned_by_its_account(name: str, deployment: Deployment) -> None:
    properties = _buckets(deployment)[name].properties
    encryption = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@pytest.mark.parametrize("name", sorted(BUCKETS))
def test_a_bucket_refuses_calls_without_tls_and_with_old_tls(name: str, deployment: Deployment) -> None:
    bucket = _buckets(deployment)[name]
    statements = [
        statement
        for policy in deployment.resources("AWS::S3::BucketPolicy")
        if policy.properties["Bucket"] == {"Ref": bucket.logical_id}
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement["Action"] == "s3:*"
    ]
    conditions = [statement["Condition"] for statement in statements]
    assert {"Bool": {"aws:SecureTransport": "false"}} in conditions
    assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in conditions


@pytest.mark.parametrize("name", sorted(BUCKETS))
def test_uploads_that_nobody_finished_stop_billing_after_a_day(name: str, deployment: Deployment) -> None:
    rules = _buckets(deployment)[name].properties["LifecycleConfiguration"]["Rules"]
    unfinished = [rule for rule in rules if "AbortIncompleteMultipartUpload" in rule]
    assert [rule["AbortIncompleteMultipartUpload"] for rule in unfinished] == [{"DaysAfterInitiation": 1}]
    assert "Prefix" not in unfinished[0]


def test_logs_expire_and_data_does_not(deployment: Deployment) -> None:
    expiring = {
        name: {
            rule["Prefix"]: rule["ExpirationInDays"]
            for rule in bucket.properties["LifecycleConfiguration"]["Rules"]
            if "ExpirationInDays" in rule
        }
        for name, bucket in _buckets(deployment).items()
    }
    assert expiring == {"Data": {}, "Logs": {"emr/": 30, "s3-access/": 90}, "Code": {"jobs/": 90}}


@pytest.mark.parametrize("name", sorted(BUCKETS))
def test_what_is_overwritten_in_a_bucket_is_kept_for_a_month_and_then_forgotten_everywhere(
    name: str, deployment: Deployment
) -> None:
    properties = _buckets(deployment)[name].properties
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = [rule for rule in properties["LifecycleConfiguration"]["Rules"] if "NoncurrentVersionExpiration" in rule]
    kept = {rule.get("Prefix", ""): rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in rules}
    assert kept == {"": 30, "results/": 7} if name == "Data" else {"": 30}
    assert [rule["ExpiredObjectDeleteMarker"] for rule in rules if "Prefix" not in rule] == [True]


def test_nodes_can_delete_neither_logs_nor_old_versions_of_anything(deployment: Deployment) -> None:
    buckets = {bucket.identity: name for name, bucket in _buckets(deployment).items()}
    deleting = set()
    for policy in deployment.resources("AWS::IAM::Policy"):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            actions = {action for action in as_list(statement["Action"]) if action.startswith("s3:Delete")}
            assert actions <= {"s3:DeleteObject"}
            if actions:
                deleting |= {
                    buckets[deployment.target(as_list(arn.get("Fn::Join", ["", [arn]])[1])[0], policy.stack)]
                    for arn in as_list(statement["Resource"])
                }
    assert deleting == {"Data"}


@pytest.mark.parametrize("name", ["Data", "Code"])
def test_access_to_data_and_code_is_logged(name: str, deployment: Deployment) -> None:
    buckets = _buckets(deployment)
    assert buckets[name].properties["LoggingConfiguration"] == {
        "DestinationBucketName": {"Ref": buckets["Logs"].logical_id},
        "LogFilePrefix": f"s3-access/{name.lower()}/",
    }


def _deletion_policies(deployment: Deployment) -> set[str]:
    return {
        resource["DeletionPolicy"]
        for resource in _template(deployment)["Resources"].values()
        if resource["Type"] == "AWS::S3::Bucket"
    }


def test_buckets_are_kept_on_destroy(deployment: Deployment) -> None:
    assert _deletion_policies(deployment) == {"Retain"}


def test_buckets_are_deleted_on_destroy_only_if_a_setting_says_so(deploy: Callable[..., Deployment]) -> None:
    assert _deletion_policies(deploy(remove_data=True)) == {"Delete"}


@pytest.mark.parametrize("removable", [True, False])
def test_the_stack_of_kept_data_cannot_be_destroyed_by_mistake(
    removable: bool, assembly: Callable[..., cx_api.CloudAssembly]
) -> None:
    protected = {stack.id: bool(stack.termination_protection) for stack in assembly(remove_data=removable).stacks}
    assert protected.pop("FruitsStorage") is not removable
    assert not any(protected.values())


def test_athena_reads_each_result_where_the_job_writes_it(deployment: Deployment) -> None:
    tables = {
        table.properties["TableInput"]["Name"]: table.properties["TableInput"]
        for table in deployment.resources("AWS::Glue::Table")
    }
    data = text({"Ref": _buckets(deployment)["Data"].logical_id})
    assert set(tables) == {table.folder.name for table in RESULT_TABLES}
    for table in RESULT_TABLES:
        found = tables[table.folder.name]
        location = text(found["StorageDescriptor"]["Location"])
        assert location == f"s3://{data}/results/{table.folder.name}/"
        assert [key["Name"] for key in found["PartitionKeys"]] == [table.folder.key]
        template = text(found["Parameters"]["storage.location.template"])
        assert template == f"{location}{table.folder.key}=${{{table.folder.key}}}/"
        assert found["Parameters"][f"projection.{table.folder.key}.type"] == "injected"


def test_tables_follow_the_output_folder(deploy: Callable[..., Deployment]) -> None:
    tables = deploy(output_prefix="fruits/v2/").resources("AWS::Glue::Table")
    locations = [text(table.properties["TableInput"]["StorageDescriptor"]["Location"]) for table in tables]
    assert all("/fruits/v2/" in location for location in locations)


def test_no_policy_of_a_bucket_lets_in_anybody_but_log_delivery(deployment: Deployment) -> None:
    allowed = [
        statement["Principal"]
        for policy in deployment.resources("AWS::S3::BucketPolicy")
        for statement in as_list(policy.properties["PolicyDocument"]["Statement"])
        if statement["Effect"] == "Allow"
    ]
    assert allowed
    assert all(principal == {"Service": "logging.s3.amazonaws.com"} for principal in allowed)
