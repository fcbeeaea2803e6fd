"""The identities: who takes each role, and what it may do to what, under which condition."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra.templates import Deployment, Resource, as_list, text
from ops.diagrams.drawing import Drawing
from ops.diagrams.graph import short
from ops.diagrams.names import resource_name
from ops.diagrams.words import Labels

_COLUMNS: Final = 2


def draw_identities(deployment: Deployment, labels: Labels) -> str:
    """Draw a table for each role: action, resource, condition; the roles with most rights first."""
    drawing = Drawing("down")
    tables = [(role, list(_rows(role, deployment, labels))) for role in deployment.resources("AWS::IAM::Role")]
    drawing.node("roles", labels("identities", count=len(tables)), kind="group", grid_columns=_COLUMNS, grid_gap=24)
    for role, rows in sorted(tables, key=lambda item: (-len(item[1]), item[0].identity)):
        trusted = ", ".join(_trusted(role))
        title = labels("role", role=labels(f"{short(role.identity)}.name"), service=trusted)
        drawing.table(f"roles.{short(role.identity)}", title, rows)
    return drawing.source


def _trusted(role: Resource) -> Iterator[str]:
    for statement in as_list(role.properties["AssumeRolePolicyDocument"]["Statement"]):
        for service in as_list(statement["Principal"]["Service"]):
            yield text(service).removeprefix("<").removesuffix(">")


def _rows(role: Resource, deployment: Deployment, labels: Labels) -> Iterator[tuple[str, str, str]]:
    for policy in as_list(role.properties.get("ManagedPolicyArns")):
        yield text(policy).rpartition("/")[2], labels("managed policy"), ""
    rows = {
        (action, resource, _condition(statement))
        for stack, statement in _statements(role, deployment)
        for action in as_list(statement["Action"])
        for resource in _resources(statement, stack, deployment, labels)
    }
    yield from sorted(rows)


def _statements(role: Resource, deployment: Deployment) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for policy in as_list(role.properties.get("Policies")):
        for statement in as_list(policy["PolicyDocument"]["Statement"]):
            yield role.stack, statement
    for attached in deployment.resources("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        if role.identity in {deployment.target(item, attached.stack) for item in as_list(attached.properties["Roles"])}:
            for statement in as_list(attached.properties["PolicyDocument"]["Statement"]):
                yield attached.stack, statement


def _resources(statement: Mapping[str, Any], stack: str, deployment: Deployment, labels: Labels) -> list[str]:
    return sorted({resource_name(item, stack, deployment, labels) for item in as_list(statement["Resource"])})


def _condition(statement: Mapping[str, Any]) -> str:
    wanted = [
        f"{key.rpartition(':')[2]} = {', '.join(map(_value, as_list(values)))}"
        for keys in statement.get("Condition", {}).values()
        for key, values in sorted(keys.items())
    ]
    return "; ".join(wanted)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
