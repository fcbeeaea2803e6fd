"""The rights with which AWS acts for us: ministack checks its callers, not what its services do to each other."""

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.embedded import vanilla

Context = Mapping[str, Any]


def role_denial(role_arn: str, *, service: str, action: str, resource: str, context: Context | None = None) -> str:
    """Return why a service that works with a role may not do something; nothing if it may.

    Parameters
    ----------
    role_arn
        The role.
    service
        Principal of the service, which has to be trusted by the role.
    action, resource
        What it wants to do.
    context
        Condition keys of the request with their values.
    """
    name = role_arn.rpartition("/")[2]
    account = vanilla.responses.get_account_id()
    if name not in vanilla.iam._roles:
        return f"The role {role_arn} does not exist"
    if not assumable(role_arn, service):
        return f"The role {role_arn} cannot be assumed by {service}"
    policies = vanilla.evaluator._gather_role_policies(name, account)
    principal = f"arn:aws:sts::{account}:assumed-role/{name}/{service.partition('.')[0]}"
    asked = _context(principal, "AssumedRole", action, resource, context)
    if vanilla.evaluator.evaluate(asked, policies).decision == "Allow":
        return ""
    return f"User: {principal} is not authorized to perform: {action} on resource: {resource}"


def assumable(role_arn: str, service: str) -> bool:
    """Return whether a role is there and trusts a service."""
    role = vanilla.iam._roles.get(role_arn.rpartition("/")[2])
    return role is not None and _trusts(role["AssumeRolePolicyDocument"], service)


def service_denial(policy: str, *, service: str, action: str, resource: str, source_arn: str) -> str:
    """Return why the policy of a resource keeps a service out; nothing if it does not."""
    keys = {"aws:SourceArn": source_arn, "aws:SourceAccount": vanilla.responses.get_account_id()}
    asked = _context(service, "Service", action, resource, keys)
    if vanilla.evaluator.evaluate_resource_policy(policy, asked, service=service).decision == "Allow":
        return ""
    return f"{service} is not authorized to perform: {action} on resource: {resource}"


def _trusts(document: Any, service: str) -> bool:
    account = vanilla.responses.get_account_id()
    region = vanilla.responses.get_region()
    keys = {
        "aws:SourceAccount": account,
        "aws:SourceArn": f"arn:aws:{service.partition('.')[0]}:{region}:{account}:resource",
    }
    asked = _context(service, "Service", "sts:AssumeRole", "*", keys)
    for statement in _statements(document):
        matches = vanilla.evaluator._service_principal_matches(statement.get("Principal"), service)
        if matches and vanilla.evaluator._conditions_met(statement.get("Condition", {}), asked):
            return bool(statement["Effect"] == "Allow")
    return False


def _statements(document: Any) -> list[dict[str, Any]]:
    content = json.loads(document) if isinstance(document, str) else document
    statements = content["Statement"]
    return [statements] if isinstance(statements, dict) else list(statements)


def _context(principal: str, kind: str, action: str, resource: str, keys: Context | None) -> Any:
    return vanilla.evaluator.EvalContext(
        principal_arn=principal,
        principal_type=kind,
        principal_account=vanilla.responses.get_account_id(),
        action=action,
        resource_arn=resource,
        region=vanilla.responses.get_region(),
        secure_transport=True,  # services talk to each other by TLS
        service_context={key.lower(): value for key, value in (keys or {}).items()},
    )
