"""A stack whose cluster EMR has forgotten, on CloudFormation's answers as its API reference has them."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ops.aws.deployment import DeployedStack
from ops.pricing.amount import Amount
from ops.teardown.destroy.plan import DestructionPlan, Target
from ops.teardown.destroy.run import Unfinished, destroy_all

NAME = "FruitsCompute-demo"
ID = f"arn:aws:cloudformation:eu-west-3:111122223333:stack/{NAME}/1"
WHEN = "2026-01-01T00:00:00Z"
FORGOTTEN = (
    "Resource handler returned message: \"Cluster id 'j-1ABC' is not valid. (Service: Emr, Status Code: 400)\""
    " (RequestToken: 1, HandlerErrorCode: InvalidRequest)"
)


class CloudFormation:
    """A client that answers in the order laid down, and takes no other question."""

    def __init__(self) -> None:
        session = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-3")
        self.client = session.client("cloudformation")
        self._stub = Stubber(self.client)
        self._stub.activate()

    def __call__(self, service: str) -> Any:
        assert service == "cloudformation"
        return self.client

    def is_in(self, status: str) -> None:
        stack = {"StackName": NAME, "StackId": ID, "StackStatus": status, "CreationTime": WHEN}
        self._stub.add_response("describe_stacks", {"Stacks": [stack]})

    def has_events(self, identity: str, reason: str = "") -> None:
        event = {"EventId": identity, "StackId": ID, "StackName": NAME, "Timestamp": WHEN}
        resource = {"LogicalResourceId": "Cluster", "ResourceStatus": "DELETE_FAILED" if reason else "CREATE_COMPLETE"}
        self._stub.add_response(
            "describe_stack_events", {"StackEvents": [event | resource | {"ResourceStatusReason": reason}]}
        )

    def is_deleted(self, **expected: Any) -> None:
        self._stub.add_response("delete_stack", {}, {"StackName": ID, **expected})

    def fails_with(self, reason: str) -> None:
        self.is_in("DELETE_FAILED")
        self.has_events("2", reason)
        self.has_events("2", reason)
        self.still_has_the_cluster()

    def still_has_the_cluster(self) -> None:
        resource = {
            "LogicalResourceId": "Cluster",
            "PhysicalResourceId": "j-1ABC",
            "ResourceType": "AWS::EMR::Cluster",
            "ResourceStatus": "DELETE_FAILED",
            "Timestamp": WHEN,
        }
        self._stub.add_response("describe_stack_resources", {"StackResources": [resource]})

    def all_asked(self) -> None:
        self._stub.assert_no_pending_responses()


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    laid_down = CloudFormation()
    laid_down.is_in("CREATE_COMPLETE")
    laid_down.has_events("1")
    laid_down.is_deleted()
    yield laid_down
    laid_down.all_asked()


def _plan(cloudformation: CloudFormation) -> DestructionPlan:
    stack = DeployedStack("FruitsCompute", NAME, "CREATE_COMPLETE", {}, protected=False)
    return DestructionPlan(
        env="demo",
        region="eu-west-3",
        client=cloudformation,
        targets=[Target(stack, cloudformation, after=frozenset())],
        kept={},
        clusters=[],
        emptying=None,
        hour=Amount(),
        month=Amount(),
    )


def test_a_stack_goes_without_the_cluster_that_emr_has_forgotten(cloudformation: CloudFormation) -> None:
    cloudformation.fails_with(FORGOTTEN)
    cloudformation.is_in("DELETE_FAILED")
    cloudformation.has_events("2")
    cloudformation.is_deleted(RetainResources=["Cluster"])
    cloudformation.is_in("DELETE_COMPLETE")
    said: list[str] = []
    destroy_all(_plan(cloudformation), said.append)
    assert "EMR has forgotten j-1ABC, which ended long ago: going on without it" in said
    assert said[-1] == f"{NAME} is gone"


def test_a_cluster_that_cannot_be_deleted_for_another_reason_is_not_given_up(cloudformation: CloudFormation) -> None:
    cloudformation.fails_with("Access denied")
    cloudformation.is_in("DELETE_FAILED")
    cloudformation.has_events("2")
    cloudformation.is_deleted()
    cloudformation.is_in("DELETE_FAILED")
    cloudformation.has_events("3")
    cloudformation.has_events("3", "Access denied")
    cloudformation.still_has_the_cluster()
    with pytest.raises(Unfinished, match="j-1ABC \\(Access denied\\)"):
        destroy_all(_plan(cloudformation), lambda line: None)
