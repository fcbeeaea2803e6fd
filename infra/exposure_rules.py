"""Rules against what nobody meant to allow: public buckets and keys, wide roles, other regions, other partitions."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.errors import DeploymentError
from infra.residency import require_eu_region
from infra.templates import Deployment, Finding, Resource, as_list, text

_PUBLIC_ACCESS_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
_FOLDER = re.compile(r"[^*?/]+/[^*?]+/\*")  # all objects below a named folder of one bucket


def private_buckets(deployment: Deployment) -> Iterator[Finding]:
    """Every bucket blocks public access in all four ways, and no policy lets everybody in."""
    for bucket in deployment.resources("AWS::S3::Bucket"):
        blocks = bucket.properties.get("PublicAccessBlockConfiguration", {})
        public = text(bucket.properties.get("AccessControl", "")).startswith("Public")
        if public or not all(blocks.get(block) is True for block in _PUBLIC_ACCESS_BLOCKS):
            yield bucket.finding("private-buckets", "may become public; set BlockPublicAccess.BLOCK_ALL")
    for policy in deployment.resources("AWS::S3::BucketPolicy"):
        for statement in as_list(policy.properties["PolicyDocument"].get("Statement")):
            if statement["Effect"] == "Allow" and _everybody(statement.get("Principal")):
                yield policy.finding("private-buckets", "lets everybody in; name the principal")


def private_keys(deployment: Deployment) -> Iterator[Finding]:
    """No key policy names everybody, unless for one service that calls on behalf of this account."""
    for key in deployment.resources("AWS::KMS::Key"):
        for statement in as_list(key.properties["KeyPolicy"].get("Statement")):
            if statement["Effect"] != "Allow" or not _everybody(statement.get("Principal")):
                continue
            equal = statement.get("Condition", {}).get("StringEquals", {})
            if equal.get("kms:CallerAccount") != {"Ref": "AWS::AccountId"} or "kms:ViaService" not in equal:
                yield key.finding(
                    "private-keys", "lets everybody in; name the principal, or kms:CallerAccount and kms:ViaService"
                )


def narrow_node_role(deployment: Deployment) -> Iterator[Finding]:
    """Roles of EC2 instances name their actions and their folders."""
    for role in deployment.resources("AWS::IAM::Role"):
        if "ec2.amazonaws.com" not in text(role.properties.get("AssumeRolePolicyDocument")):
            continue
        if role.properties.get("ManagedPolicyArns"):
            yield role.finding("narrow-node-role", "has a managed policy; grant the job's own actions instead")
        for statement in _statements_of(deployment, role):
            for wide in _wildcards(statement):
                yield role.finding("narrow-node-role", f"may use {wide}; name the actions and the folders")


def own_partition(deployment: Deployment) -> Iterator[Finding]:
    """No ARN names the partition ``aws``: in the European Sovereign Cloud it would be another cloud's."""
    for template in deployment.templates:
        for logical_id, part in (
            *template.body.get("Resources", {}).items(),
            *template.body.get("Outputs", {}).items(),
        ):
            if any("arn:aws:" in string for string in _strings(part)):
                yield Finding(
                    rule="own-partition",
                    message=f"{logical_id} holds a literal arn:aws:; build the ARN with Aws.PARTITION",
                    stack=template.path,
                    logical_id=logical_id,
                )


def european_region(deployment: Deployment) -> Iterator[Finding]:
    """Every stack goes to a region of the European Union that is known at synth."""
    for template in deployment.templates:
        try:
            require_eu_region(template.region)
        except DeploymentError as error:
            yield Finding(rule="european-region", message=str(error), stack=template.path)


def _everybody(principal: Any) -> bool:
    return principal == "*" or (isinstance(principal, Mapping) and "*" in as_list(principal.get("AWS")))


def _statements_of(deployment: Deployment, role: Resource) -> Iterator[Mapping[str, Any]]:
    for inline in as_list(role.properties.get("Policies")):
        yield from as_list(inline["PolicyDocument"].get("Statement"))
    for policy in deployment.resources(*_POLICIES):
        attached = (deployment.target(name, policy.stack) for name in as_list(policy.properties.get("Roles")))
        if role.identity in attached:
            yield from as_list(policy.properties["PolicyDocument"].get("Statement"))


def _wildcards(statement: Mapping[str, Any]) -> Iterator[str]:
    if statement["Effect"] != "Allow":
        return
    for negation in ("NotAction", "NotResource"):
        if negation in statement:
            yield negation
    for action in as_list(statement.get("Action")):
        if "*" in action or "?" in action:
            yield f"the action {action}"
    for resource in map(text, as_list(statement.get("Resource"))):
        if ("*" in resource or "?" in resource) and not _FOLDER.fullmatch(resource):
            yield f"the resource {resource}"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield text(value)
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, str):
        yield value
