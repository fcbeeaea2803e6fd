"""One stack: deleted by CloudFormation, waited for, and its failures read."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from ops.aws.account import AwsRefused, Client, asking

Progress = Callable[[str], None]
"""Called with a line for each step."""

_ENDS_WITHIN_SECONDS: Final = 2 * 3600.0  # a cluster that hangs is given up by EMR itself after an hour or so
_DELETABLE_WHILE: Final = ("CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS")


@dataclass(frozen=True)
class Failure:
    """A resource that CloudFormation could not delete.

    Parameters
    ----------
    kind
        ``AWS::S3::Bucket``.
    logical_id, physical_id
        Its names in the template and for the service.
    reason
        CloudFormation's words for why.
    """

    kind: str
    logical_id: str
    physical_id: str
    reason: str

    @property
    def is_forgotten(self) -> bool:
        """Whether it is a cluster that ended so long ago that EMR, after two months, does not know it any more."""
        return self.kind == "AWS::EMR::Cluster" and bool(re.search(r"cluster id .* is not valid", self.reason, re.I))

    def __str__(self) -> str:
        """Return what is still there and why."""
        return f"{self.kind} {self.physical_id or self.logical_id} ({self.reason})"


class Deletion:
    """The deletion of a stack by CloudFormation, which works with the role that the stack was deployed with.

    One that somebody else has begun is waited for; so is the end of anything else that happens to the stack.

    Parameters
    ----------
    client
        Clients of its region.
    name
        Name of the stack.
    on_progress
        Called with a line for what is waited for.
    retain
        Resources, by their logical ids, that CloudFormation shall forget instead of deleting them; it does so only
        for a stack that it could not delete.
    """

    def __init__(self, client: Client, name: str, on_progress: Progress, *, retain: Sequence[str] = ()) -> None:
        self.name = name
        self._retain = list(retain)
        self.failures: Sequence[Failure] = ()
        self._cloudformation = client("cloudformation")
        self._progress = on_progress
        self._begun = False
        self._last_event = ""
        self._deadline = time.monotonic() + _ENDS_WITHIN_SECONDS

    def advance(self) -> bool:
        """Take the next step; return whether it has ended: `failures` then says how.

        Raises
        ------
        AwsRefused
            If CloudFormation cannot be asked, refuses to begin or does not come to an end.
        """
        stack = self._describe()
        if stack is None or stack["StackStatus"] == "DELETE_COMPLETE":
            return True
        status = stack["StackStatus"]
        if time.monotonic() > self._deadline:
            raise AwsRefused(f"it is still {status} after {_ENDS_WITHIN_SECONDS / 3600:.0f} hours")
        if not self._begun:
            self._begin(stack)
            return False
        if status.endswith("_IN_PROGRESS") or self._newest_event(stack) == self._last_event:
            return False  # the event tells the state of now from that of before
        self.failures = _failures(self._cloudformation, stack)
        return True

    def _begin(self, stack: Mapping[str, Any]) -> None:
        status = stack["StackStatus"]
        if status == "DELETE_IN_PROGRESS":
            self._begun = True
        elif status.endswith("_IN_PROGRESS") and status not in _DELETABLE_WHILE:
            if not self._last_event:
                self._progress(f"{self.name} is {status}: waiting for the end of that")
            self._last_event = self._newest_event(stack)
        else:
            self._last_event = self._newest_event(stack)
            retained: dict[str, Any] = (
                {"RetainResources": self._retain} if self._retain and status == "DELETE_FAILED" else {}
            )
            with asking(f"delete {self.name}"):
                self._cloudformation.delete_stack(StackName=stack["StackId"], **retained)
            self._begun = True

    def _newest_event(self, stack: Mapping[str, Any]) -> str:
        with asking(f"read what happens to {self.name}"):
            events = self._cloudformation.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
        return str(events[0]["EventId"]) if events else ""

    def _describe(self) -> Mapping[str, Any] | None:
        with asking(f"describe {self.name}"):
            try:
                stack: Mapping[str, Any] = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
            except ClientError as error:
                if "does not exist" in error.response["Error"].get("Message", ""):
                    return None
                raise
        return stack


def _failures(cloudformation: Any, stack: Mapping[str, Any]) -> Sequence[Failure]:
    """Read what could not be deleted, with the latest reason for each."""
    with asking(f"read why {stack['StackName']} could not be deleted"):
        pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack["StackId"])
        events = [event for page in pages for event in page["StackEvents"]]
        listed = cloudformation.describe_stack_resources(StackName=stack["StackId"])["StackResources"]
    reasons: dict[str, str] = {}
    for event in events:  # the latest first
        if event["ResourceStatus"] == "DELETE_FAILED":
            reasons.setdefault(event["LogicalResourceId"], event.get("ResourceStatusReason", "no reason given"))
    failures = [
        Failure(
            item["ResourceType"],
            item["LogicalResourceId"],
            item.get("PhysicalResourceId", ""),
            reasons.get(item["LogicalResourceId"], "no reason given"),
        )
        for item in listed
        if item["ResourceStatus"] == "DELETE_FAILED"
    ]
    own = reasons.get(stack["StackName"], stack.get("StackStatusReason", stack["StackStatus"]))
    return failures or [Failure("AWS::CloudFormation::Stack", stack["StackName"], stack["StackName"], own)]
