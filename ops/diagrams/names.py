"""What the resources of a policy are called in a diagram."""

import re
from collections.abc import Mapping
from typing import Any, Final

from infra.templates import Deployment, text
from ops.diagrams.graph import short
from ops.diagrams.words import Labels

_ASSETS: Final = re.compile(r"cdk-\w+-assets-[^/]+")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_ARN: Final = re.compile(r"^arn(:(<[^>]*>|[^:<]*)){4}:")
_PATH: Final = re.compile(r"(?<=^role/)aws-service-role/[^/]+/")
_REFERENCES: Final = frozenset({"Ref", "Fn::GetAtt", "Fn::ImportValue"})


def resource_name(value: Any, stack: str, deployment: Deployment, labels: Labels) -> str:
    """Name what a statement is about: resources of ours by their words, others by their ARN without its beginning.

    Files that the CDK uploads are called by their kinds: their hashes change with every line of the job.
    """
    name = _PATH.sub("", _ARN.sub("", _joined(value, stack, deployment, labels)))
    return _HASH.sub("*", _ASSETS.sub(labels("assets"), name)).replace("<AWS::URLSuffix>", labels("domain"))


def _joined(value: Any, stack: str, deployment: Deployment, labels: Labels) -> str:
    if isinstance(value, Mapping) and "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(_joined(part, stack, deployment, labels) for part in parts)
    if isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in _REFERENCES:
        target = deployment.target(value, stack)
        return labels(f"{short(target)}.name") if not target.partition("#")[2].startswith("AWS::") else text(value)
    return text(value)
