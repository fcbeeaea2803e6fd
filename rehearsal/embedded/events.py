"""Delivery of events with the rights AWS asks for: a role that may start a state machine, a topic that lets in."""

import logging
from collections.abc import Mapping
from typing import Any

from rehearsal.embedded import vanilla
from rehearsal.embedded.authorization import role_denial, service_denial

_EVENTS = "events.amazonaws.com"
_log = logging.getLogger("fruits.events")
_vanilla_invoke = vanilla.eventbridge._invoke_target


def _invoke_target(
    target: Mapping[str, Any], event: Mapping[str, Any], rule: Mapping[str, Any], view: Any = None
) -> None:
    denial = _denial(target, rule)
    if denial:
        # AWS counts a failed invocation and tells nobody.
        _log.warning("event not delivered by rule %s: %s", rule["Name"], denial)
        return
    _vanilla_invoke(target, event, rule, view)


def _denial(target: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    arn: str = target["Arn"]
    service = arn.split(":")[2]
    if service == "states":
        return role_denial(target.get("RoleArn", ""), service=_EVENTS, action="states:StartExecution", resource=arn)
    if service == "sns":
        topic = vanilla.sns._topic_by_arn_any_scope(arn)
        policy = topic["attributes"].get("Policy") if topic else None
        return service_denial(
            policy or "{}", service=_EVENTS, action="sns:Publish", resource=arn, source_arn=rule["Arn"]
        )
    return ""


def install() -> None:
    """Check rights before an event is delivered."""
    vanilla.eventbridge._invoke_target = _invoke_target
