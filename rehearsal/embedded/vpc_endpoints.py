"""VPC endpoints: ministack keeps their policies, does not show them, and does not ask them.

Calls from inside a network arrive at a port of their own, `from_inside`: those of S3 need the leave of a gateway
endpoint, too, beside that of the caller's policies and of the bucket's.
"""

import json
import logging
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any
from xml.sax.saxutils import escape

from rehearsal.embedded import vanilla
from rehearsal.embedded.aws import ENDPOINT_REFUSES
from rehearsal.embedded.saving import Application

_vanilla_fields = vanilla.ec2._vpce_fields_xml
_vanilla_enforce = vanilla.evaluator.enforce
_log = logging.getLogger("fruits.aws")
_inside: ContextVar[bool] = ContextVar("inside", default=False)


def _fields(ep: Mapping[str, Any], tag: str = "item") -> str:
    fields: str = _vanilla_fields(ep, tag)
    policy = ep.get("PolicyDocument")
    if not policy:
        return fields
    document = policy if isinstance(policy, str) else json.dumps(policy)
    head, end, _ = fields.rpartition(f"</{tag}>")
    return f"{head}<policyDocument>{escape(document)}</policyDocument>{end}"


def from_inside(application: Application, port: int) -> Application:
    """Have an ASGI application know which calls arrive at the port for those from inside a network."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        _inside.set((scope.get("server") or ("", 0))[1] == port)
        await application(scope, receive, send)

    return wrapped


def _enforce(  # noqa: PLR0917 - as ministack calls it
    access_key_id: str,
    iam_action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: dict[str, Any] | None = None,
) -> Any:
    """Ask the caller's and the resource's policies, then those of the endpoints by which the call can have come."""
    denied = _vanilla_enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
    if denied or service != "s3" or not _inside.get():
        return denied
    account = vanilla.responses.get_account_id()
    principal = vanilla.evaluator.resolve_principal(access_key_id, account)
    asked = vanilla.evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=iam_action,
        resource_arn=resource_arn,
        region=region,
        service_context={"aws:principalaccount": principal.account},
        principal_keys=principal.keys,
    )
    answers = [vanilla.evaluator.evaluate_resource_policy(policy, asked) for policy in _policies_of_s3()]
    if not answers or any(answer.decision == "Allow" for answer in answers):
        return None
    _log.warning("%s %s on %s", ENDPOINT_REFUSES, iam_action, resource_arn)
    answers[0].principal_arn = principal.arn
    return answers[0]


def _policies_of_s3() -> list[Any]:
    """Return the policies of the gateway endpoints of S3; one without a policy lets everything through."""
    endpoints = [item for item in vanilla.ec2._vpc_endpoints.values() if item["ServiceName"].endswith(".s3")]
    policies = [item.get("PolicyDocument") for item in endpoints]
    return [] if None in policies else policies


def install() -> None:
    """Show them, and ask them."""
    vanilla.ec2._vpce_fields_xml = _fields
    vanilla.evaluator.enforce = _enforce
