"""Templates as they were deployed, and what the stacks made from them hold."""

from collections.abc import Mapping
from typing import Any

from ops.aws.account import Client, asking
from ops.errors import FruitsError


class TemplateUnreadable(FruitsError):
    """A template is none that the CDK has deployed."""


def deployed_template(client: Client, stack: str) -> Mapping[str, Any]:
    """Read the template that a stack was last deployed with.

    Raises
    ------
    AwsRefused
        If CloudFormation cannot be asked.
    TemplateUnreadable
        If it is not JSON.
    """
    with asking(f"read the template of {stack}"):
        body = client("cloudformation").get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    if not isinstance(body, Mapping):  # boto3 reads JSON, and leaves YAML as it is
        raise TemplateUnreadable(
            f"{stack}: its template is not JSON, so the CDK did not deploy it; deploy the stack again with the CDK"
        )
    return body


def held_by(client: Client, stack: str, kind: str) -> list[str]:
    """Return the physical ids of what a stack still holds of a type.

    Parameters
    ----------
    client
        Clients of its region.
    stack
        Its name in CloudFormation.
    kind
        Type of the resources: ``AWS::S3::Bucket``.

    Raises
    ------
    AwsRefused
        If CloudFormation cannot be asked.
    """
    with asking(f"list the resources of {stack}"):
        listed = client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return [
        item["PhysicalResourceId"]
        for item in listed
        if item["ResourceType"] == kind
        and item.get("PhysicalResourceId")
        and item["ResourceStatus"] != "DELETE_COMPLETE"
    ]
