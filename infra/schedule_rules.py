"""A rule against clusters that start by themselves and are no longer what the stack was reviewed for."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from infra.launch_request import RUN_JOB_FLOW, launch_request
from infra.templates import Deployment, Finding, Resource, text


def scheduled_like_deployed(deployment: Deployment) -> Iterator[Finding]:
    """Every schedule starts a cluster like that of a stack: what is asked of that one then holds for both."""
    wanted = [_request_for(cluster) for cluster in deployment.resources("AWS::EMR::Cluster")]
    for schedule in deployment.resources("AWS::Scheduler::Schedule"):
        target = schedule.properties["Target"]
        if not text(target["Arn"]).endswith(RUN_JOB_FLOW):
            yield schedule.finding("scheduled-like-deployed", "starts something else than a cluster; remove it")
            continue
        asked = json.loads(text(target["Input"]))
        differing = min((_differing(asked, request) for request in wanted), key=len, default=["Name"])
        if differing:
            yield schedule.finding(
                "scheduled-like-deployed",
                f"starts a cluster that no stack has, with another {', '.join(differing)}; make it of that cluster",
            )


def _request_for(cluster: Resource) -> dict[str, Any]:
    properties: dict[str, Any] = _resolved(cluster.properties)
    return launch_request(properties, steps=())


def _differing(asked: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    keys = (asked.keys() | wanted.keys()) - {"Steps"}
    return sorted(key for key in keys if asked.get(key) != wanted.get(key))


def _resolved(value: Any) -> Any:
    """Write references as `infra.templates.text` does in what was joined to one text."""
    if isinstance(value, Mapping):
        if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
            return text(value)
        return {key: _resolved(item) for key, item in value.items()}
    return [_resolved(item) for item in value] if isinstance(value, list) else value
