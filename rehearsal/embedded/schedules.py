"""EventBridge Scheduler: schedules as CloudFormation makes them, and the one target we have, an action of EMR's API."""

import json
import logging
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rehearsal.embedded import vanilla
from rehearsal.embedded.authorization import assumable, role_denial
from rehearsal.embedded.responses import result
from rehearsal.embedded.shapes import InvalidProperties, request
from rehearsal.embedded.types import Attributes, Properties, Replacement, ResourceType

_SERVICE: Final = "scheduler.amazonaws.com"
_UNIVERSAL: Final = "arn:aws:scheduler:::aws-sdk:emr:runJobFlow"
_EXECUTION: Final = "<aws.scheduler.execution-id>"
_log = logging.getLogger("fruits.schedules")
_vanilla_tick = vanilla.scheduler._tick_schedules
_vanilla_invoke: Any = None
_looking = threading.Lock()


def advance(seconds: float) -> None:
    """Let time pass at once: what has become due starts now."""
    with _looking:
        fired = vanilla.scheduler._schedule_last_fired
        for key in list(vanilla.scheduler._schedules._data):
            fired[key] = fired.get(key, time.time()) - seconds
    _tick()


def _tick() -> None:
    """Look for what is due, one at a time: two would start it twice."""
    with _looking:
        _vanilla_tick()


def _invoke(target: Mapping[str, Any], event: Mapping[str, Any], schedule: Mapping[str, Any], view: Any = None) -> None:
    if target["Arn"] != _UNIVERSAL:
        _vanilla_invoke(target, event, schedule, view)
        return
    content = target["Input"].replace(_EXECUTION, secrets.token_hex(8))
    try:
        asked = request("emr", "RunJobFlow", json.loads(content), schedule["Name"])
    except (InvalidProperties, ValueError) as error:
        _log.warning("schedule %s did not start a cluster: %s", schedule["Name"], error)
        return
    for denial in _denials(target["RoleArn"], asked):
        # AWS counts an invocation that was dropped and tells nobody.
        _log.warning("schedule %s did not start a cluster: %s", schedule["Name"], denial)
        return
    status, _, body = vanilla.emr._HANDLERS["RunJobFlow"](asked)
    _log.info("schedule %s: %s %s", schedule["Name"], status, body.decode() if isinstance(body, bytes) else body)


def _denials(role: str, asked: Mapping[str, Any]) -> Iterator[str]:
    """Ask for the rights that EMR wants of whoever starts a cluster with tags, and with two roles."""
    account, region = vanilla.responses.get_account_id(), vanilla.responses.get_region()
    tags = {tag["Key"]: tag["Value"] for tag in asked.get("Tags", [])}
    tagged = {f"{prefix}:RequestTag/{key}": tags[key] for key in tags for prefix in ("aws", "elasticmapreduce")}
    wanted = [
        ("elasticmapreduce:RunJobFlow", "*", tagged),
        ("elasticmapreduce:AddTags", f"arn:aws:elasticmapreduce:{region}:{account}:cluster/*", tagged),
    ]
    profile = vanilla.iam._instance_profiles.get(asked["JobFlowRole"], {"Roles": []})
    for names, receiver in (([asked["ServiceRole"]], "elasticmapreduce"), (profile["Roles"], "ec2")):
        passed = {"iam:PassedToService": f"{receiver}.amazonaws.com"}
        wanted += [("iam:PassRole", f"arn:aws:iam::{account}:role/{name}", passed) for name in names]
    for action, resource, context in wanted:
        if denial := role_denial(role, service=_SERVICE, action=action, resource=resource, context=context):
            yield denial


def _create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Attributes]:
    name = properties.get("Name") or vanilla.provisioners._physical_name(stack, logical_id, max_len=64)
    result(vanilla.scheduler._create_schedule(name, _content(properties, name, logical_id)))
    return name, _attributes(name, properties)


def _update(name: str, _old: Properties, new: Properties, _stack: str, logical_id: str) -> tuple[str, Attributes]:
    result(vanilla.scheduler._update_schedule(name, _content(new, name, logical_id)))
    return name, _attributes(name, new)


def _delete(name: str, properties: Properties) -> None:
    vanilla.provisioners._scheduler_schedule_delete(name, properties)


def _content(properties: Properties, name: str, logical_id: str) -> dict[str, Any]:
    """Return the request of CreateSchedule; its role must be one that Scheduler may assume."""
    content = request("scheduler", "CreateSchedule", {**properties, "Name": name}, logical_id)
    role = content["Target"]["RoleArn"]
    if not assumable(role, _SERVICE):
        raise InvalidProperties(
            f"{logical_id}: The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        )
    return content


def _attributes(name: str, properties: Properties) -> Attributes:
    return {"Arn": vanilla.scheduler._schedule_arn(properties.get("GroupName", "default"), name)}


def install() -> None:
    """Take over what a schedule starts, beside those who deliver events already."""
    global _vanilla_invoke  # noqa: PLW0603 - the one before
    _vanilla_invoke = vanilla.eventbridge._invoke_target
    vanilla.eventbridge._invoke_target = _invoke
    vanilla.scheduler._tick_schedules = _tick


TYPES: Final = {
    "AWS::Scheduler::Schedule": ResourceType(
        create=_create, update=_update, delete=_delete, replacement=Replacement(always=("Name", "GroupName"))
    )
}
