"""What CloudFormation itself says a deployment would do: change sets, made, read and deleted, never executed."""

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ops.aws.account import AwsRefused, Client, asking
from ops.errors import FruitsError
from ops.review.stacks import Template, WantedStack
from ops.review.texts import without_accounts

_PREFIX: Final = "fruits-review-"
_LONGEST_TEMPLATE: Final = 51_200  # bytes in a call; more has to lie in a bucket (quotas of CloudFormation)
_READY_WITHIN_SECONDS: Final = 120.0
_NOTHING: Final = ("didn't contain changes", "No updates are to be performed")


class NoChangeSet(FruitsError):
    """CloudFormation gives no change set; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What a change set says of one resource.

    Parameters
    ----------
    kind
        Type of the resource.
    action
        ``Add``, ``Modify``, ``Remove``, or others.
    replacement
        ``True``, ``False``, ``Conditional``; empty if it is no modification.
    details
        Why, as CloudFormation has it.
    """

    kind: str
    action: str
    replacement: str
    details: Sequence[Mapping[str, Any]]


def plan(client: Client, wanted: WantedStack, template: Template) -> Mapping[str, Planned]:
    """Ask CloudFormation what the update of a stack would do to its resources.

    Parameters
    ----------
    client
        Clients of the stack's region.
    wanted
        A stack that exists.
    template
        Its template, with the metadata of what is deployed: see `ops.review.stacks.with_metadata_of`.

    Returns
    -------
    mapping
        Plans by logical id; nothing if CloudFormation sees no change.

    Raises
    ------
    NoChangeSet
        If there is none: no right to make one, a template that is too long or that CloudFormation refuses.
    """
    body = json.dumps(template, separators=(",", ":"))
    if len(body.encode()) > _LONGEST_TEMPLATE:
        raise NoChangeSet(f"the template has more than {_LONGEST_TEMPLATE} bytes")
    tags = [{"Key": key, "Value": value} for key, value in wanted.tags.items()]
    labelled: dict[str, Any] = {"Tags": tags} if tags else {}
    request: dict[str, Any] = {"StackName": wanted.name, "ChangeSetName": f"{_PREFIX}{uuid.uuid4().hex}"}
    cloudformation = client("cloudformation")
    try:
        with asking("make a change set"):
            cloudformation.create_change_set(
                **request,
                ChangeSetType="UPDATE",
                TemplateBody=body,
                Capabilities=["CAPABILITY_NAMED_IAM"],
                Description="Made by fruits review to be read, not to be executed",
                **labelled,
            )
            try:
                return dict(_read(cloudformation, request))
            finally:
                cloudformation.delete_change_set(**request)
    except AwsRefused as error:
        raise NoChangeSet(without_accounts(str(error))) from None


def _read(cloudformation: Any, request: Mapping[str, str]) -> Iterator[tuple[str, Planned]]:
    answer = _wait(cloudformation, request)
    if answer["Status"] == "FAILED":
        reason = answer.get("StatusReason", "")
        if any(text in reason for text in _NOTHING):
            return
        raise NoChangeSet(without_accounts(reason) or "CloudFormation failed to make it and does not say why")
    while True:
        for item in answer.get("Changes", ()):
            change = item["ResourceChange"]
            yield (
                change["LogicalResourceId"],
                Planned(
                    kind=change["ResourceType"],
                    action=change["Action"],
                    replacement=change.get("Replacement", ""),
                    details=change.get("Details", ()),
                ),
            )
        if "NextToken" not in answer:
            return
        answer = cloudformation.describe_change_set(**request, NextToken=answer["NextToken"])


def _wait(cloudformation: Any, request: Mapping[str, str]) -> Mapping[str, Any]:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    pause = 0.1
    while True:
        answer: Mapping[str, Any] = cloudformation.describe_change_set(**request)
        if answer["Status"] in {"CREATE_COMPLETE", "FAILED"}:
            return answer
        if time.monotonic() > deadline:
            raise NoChangeSet(f"it was not ready within {_READY_WITHIN_SECONDS:.0f} s")
        time.sleep(pause)
        pause = min(2 * pause, 2.0)
