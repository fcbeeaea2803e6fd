"""Synthesised templates as rules look at them: resources by type, references followed across stacks."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource of a template.

    Parameters
    ----------
    stack
        Path of the template's file.
    logical_id, kind
        Name and type of the resource in the template.
    properties
        Properties as synthesised, with unresolved references.
    """

    stack: str
    logical_id: str
    kind: str
    properties: Mapping[str, Any]

    @property
    def identity(self) -> str:
        """Name of the resource among all templates, as `Deployment.target` returns it."""
        return f"{self.stack}#{self.logical_id}"

    def finding(self, rule: str, message: str) -> "Finding":
        """Return a finding of a rule on this resource; the message goes on after its name."""
        return Finding(rule=rule, message=f"{self.logical_id} {message}", stack=self.stack, logical_id=self.logical_id)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Why a deployment is refused.

    Parameters
    ----------
    rule
        Name of the rule.
    message
        Sentence that says what is wrong and how to mend it.
    stack, logical_id
        Template and resource; no logical id for what is missing altogether.
    """

    rule: str
    message: str
    stack: str
    logical_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Template:
    """A synthesised stack.

    Parameters
    ----------
    path
        Path of the template's file.
    region
        Region that the stack goes to, None if it is not known at synth.
    body
        Content of the template.
    """

    path: str
    region: str | None
    body: Mapping[str, Any]

    @classmethod
    def read(cls, path: str, region: str | None) -> "Template":
        """Read a template from the folder that the CDK wrote it to."""
        return cls(path=path, region=region, body=json.loads(Path(path).read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Deployment:
    """All templates of an app.

    Parameters
    ----------
    templates
        Templates in the order of the stacks.
    """

    templates: Sequence[Template]

    def resources(self, *kinds: str) -> Iterator[Resource]:
        """Iterate over the resources of some types, or over all."""
        for template in self.templates:
            for logical_id, resource in template.body.get("Resources", {}).items():
                if not kinds or resource["Type"] in kinds:
                    yield Resource(
                        stack=template.path,
                        logical_id=logical_id,
                        kind=resource["Type"],
                        properties=resource.get("Properties", {}),
                    )

    def target(self, reference: Any, stack: str) -> str:
        """Return what a reference leads to, through exports, as ``<stack>#<logical id>``; other values as text."""
        if isinstance(reference, Mapping):
            if "Fn::ImportValue" in reference:
                return self._exported(reference["Fn::ImportValue"])
            if "Ref" in reference:
                return f"{stack}#{reference['Ref']}"
            if "Fn::GetAtt" in reference:
                return f"{stack}#{reference['Fn::GetAtt'][0]}"
        return text(reference)

    def _exported(self, name: str) -> str:
        for template in self.templates:
            for output in template.body.get("Outputs", {}).values():
                if output.get("Export", {}).get("Name") == name:
                    return self.target(output["Value"], template.path)
        return f"import of {name}"


def text(value: Any) -> str:
    """Write a value as one text, joined where the template joins, with its references as ``<…>``."""
    if isinstance(value, Mapping) and "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(text(part) for part in parts)
    if isinstance(value, Mapping) and "Fn::Sub" in value:
        template = value["Fn::Sub"]
        return str(template if isinstance(template, str) else template[0])
    if isinstance(value, Mapping) and len(value) == 1:
        ((function, argument),) = value.items()
        return f"<{'.'.join(argument) if function == 'Fn::GetAtt' else text(argument)}>"
    return value if isinstance(value, str) else json.dumps(value)


def as_list(value: Any) -> list[Any]:
    """Return a list of what a template writes as one value or as several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
