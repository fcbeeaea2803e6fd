"""Stacks as they are deployed and as the app wants them: both sides of a review."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.names import STACKS
from ops.errors import FruitsError

Template = Mapping[str, Any]
NEVER_CREATED: Final = ("ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS")
"""States of stacks that hold nothing: `cdk deploy` deletes them and begins anew."""

_ID_SUFFIX = re.compile(r"[0-9A-F]{8}$")


class ReviewFailed(FruitsError):
    """There is nothing to compare; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class WantedStack:
    """A stack of a synthesised app.

    Parameters
    ----------
    stack
        Its name for `cdk`: ``FruitsCompute``.
    name, region
        Name in CloudFormation, ``FruitsCompute-demo``, and region.
    template
        The template as synthesised.
    paths
        Paths of its constructs, below the stack, by logical id.
    tags
        Tags of the stack itself.
    acknowledged
        Reasons by the rules that are acknowledged, by the paths of the constructs where they are.
    protected
        Whether CloudFormation is to refuse its deletion.
    """

    stack: str
    name: str
    region: str
    template: Template
    paths: Mapping[str, str]
    tags: Mapping[str, str]
    acknowledged: Mapping[str, Mapping[str, str]]
    protected: bool


@dataclass(frozen=True, kw_only=True)
class ExistingStack:
    """A stack that CloudFormation knows; attributes as in `WantedStack`.

    Parameters
    ----------
    status
        State of the stack, such as ``UPDATE_COMPLETE``.
    """

    stack: str
    name: str
    region: str
    template: Template
    status: str
    protected: bool


def read_assembly(folder: Path) -> tuple[WantedStack, ...]:
    """Read the stacks of a cloud assembly (``cdk.out``), in its order.

    Raises
    ------
    ReviewFailed
        If the folder holds none.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReviewFailed(
            f"{folder} is not a synthesised app ({error}); make one: cdk synth --output {folder}"
        ) from None
    found = [
        _wanted(folder, identity, artifact)
        for identity, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    ]
    if not found:
        raise ReviewFailed(f"{folder} holds no stack; synthesise the app again: cdk synth --output {folder}")
    return tuple(found)


def _wanted(folder: Path, identity: str, artifact: Mapping[str, Any]) -> WantedStack:
    properties = artifact["properties"]
    metadata = artifact.get("metadata", {})
    if "additionalMetadataFile" in artifact:
        metadata = json.loads((folder / artifact["additionalMetadataFile"]).read_text(encoding="utf-8"))
    paths: dict[str, str] = {}
    acknowledged: dict[str, dict[str, str]] = {}
    for construct, entries in metadata.items():
        path = _below_the_stack(construct)
        for entry in entries:
            if entry["type"] == "aws:cdk:logicalId":
                paths[entry["data"]] = path
            elif entry["type"] == "aws:cdk:acknowledged-rules":
                rules = {rule.partition("::")[2]: reason for rule, reason in entry["data"].items()}
                acknowledged.setdefault(path, {}).update(rules)
    return WantedStack(
        stack=artifact.get("displayName", identity),
        name=properties["stackName"],
        region=artifact["environment"].rpartition("/")[2],
        template=json.loads((folder / properties["templateFile"]).read_text(encoding="utf-8")),
        paths=paths,
        tags=properties.get("tags", {}),
        acknowledged=acknowledged,
        protected=bool(properties.get("terminationProtection")),
    )


def _below_the_stack(path: str) -> str:
    below = path.strip("/").partition("/")[2]
    while below.endswith("/Resource"):
        below = below.removesuffix("/Resource")
    return below


def path_of(logical_id: str, resource: Mapping[str, Any], paths: Mapping[str, str]) -> str:
    """Return the name of a resource for people: the path of its construct if known, else its id without the hash."""
    if logical_id in paths:
        return paths[logical_id]
    written = resource.get("Metadata", {}).get("aws:cdk:path", "")
    return _below_the_stack(written) or _ID_SUFFIX.sub("", logical_id) or logical_id


def environment_of(stacks: Sequence[WantedStack | ExistingStack]) -> str:
    """Return the environment that the stacks' names end in.

    Raises
    ------
    ReviewFailed
        If they are of several, or are not this project's.
    """
    environments = {stack.name.removeprefix(f"{stack.stack}-") for stack in stacks if stack.stack in STACKS}
    if len(environments) != 1:
        names = ", ".join(stack.name for stack in stacks)
        raise ReviewFailed(f"stacks {names}: not one environment of Fruits; accepted: {', '.join(STACKS)}, each -<env>")
    return environments.pop()


def with_metadata_of(deployed: Template, wanted: Template) -> Template:
    """Return a template with the metadata of another one.

    The CDK's command line writes the paths of constructs into the metadata, the app alone does not. A change set would
    show each resource as changed, and whatever refers to it.
    """
    resources: dict[str, Any] = {}
    for name, resource in wanted.get("Resources", {}).items():
        former = deployed.get("Resources", {}).get(name, {})
        resources[name] = {key: value for key, value in resource.items() if key != "Metadata"}
        if "Metadata" in former:
            resources[name]["Metadata"] = former["Metadata"]
    return {**wanted, "Resources": resources}
