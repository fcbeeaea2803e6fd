"""Acknowledging findings of cdk-nag beside the resource they are about, by the ids cdk-nag gives them."""

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from infra.templates import text


def acknowledge(scope: IConstruct, rule: str, reason: str) -> None:
    """Acknowledge a finding of the AwsSolutions rules on one construct.

    Parameters
    ----------
    scope
        The construct.
    rule
        The rule's id after ``AwsSolutions-``.
    reason
        Why the finding may stand, for whoever reviews it.
    """
    Validations.of(scope).acknowledge(Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason))


def acknowledge_wildcard(scope: IConstruct, arn: str, reason: str) -> None:
    """Acknowledge that a role's policy names an ARN with a wildcard, and why no narrower one will do."""
    resolved = text(Stack.of(scope).resolve(arn))
    acknowledge(scope, f"IAM5[Resource::{resolved}]", reason)


def acknowledge_folder(scope: IConstruct, bucket: s3.IBucket, prefix: str, reason: str) -> None:
    """Acknowledge that a role's policy names all objects of a folder in a bucket of another stack.

    The finding names the export that the CDK makes of the bucket's ARN, so it is made here already.
    """
    owner = Stack.of(bucket)
    export = owner.resolve(owner.export_value(bucket.bucket_arn))["Fn::ImportValue"]
    acknowledge(scope, f"IAM5[Resource::{export}/{prefix}*]", reason)
