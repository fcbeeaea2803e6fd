"""The policy of a VPC endpoint, which ministack keeps and does not show."""

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from rehearsal.embedded import vanilla

_vanilla_fields = vanilla.ec2._vpce_fields_xml


def _fields(ep: Mapping[str, Any], tag: str = "item") -> str:
    fields: str = _vanilla_fields(ep, tag)
    policy = ep.get("PolicyDocument")
    if not policy:
        return fields
    document = policy if isinstance(policy, str) else json.dumps(policy)
    head, end, _ = fields.rpartition(f"</{tag}>")
    return f"{head}<policyDocument>{escape(document)}</policyDocument>{end}"


def install() -> None:
    """Show it."""
    vanilla.ec2._vpce_fields_xml = _fields
