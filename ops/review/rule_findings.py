"""What cdk-nag and the deployment's own rules have against templates, deployed or synthesised.

A program of its own, for the CDK takes a second to load, which passes while CloudFormation is asked: it reads from
its standard input ``{"sides": {side: {name: [region, template]}}, "changed": [name, ...]}`` and writes
``{side: [finding, ...]}``.
"""

import json
import os
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

# Node, which the CDK runs in, is installed beside this interpreter.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

from aws_cdk import App, Stack
from aws_cdk.cloudformation_include import CfnInclude
from cdk_nag import AwsSolutionsChecks

from infra.templates import Template
from infra.validation import findings
from ops.review.rules import RuleFinding


def find(stacks: Mapping[str, tuple[str, Mapping[str, Any]]], changed: Collection[str]) -> list[RuleFinding]:
    """Apply all rules to the templates of one side.

    Acknowledgements are not in templates: what is acknowledged is found, too.

    Parameters
    ----------
    stacks
        Region and template by the names of the stacks.
    changed
        Names of those that cdk-nag, which looks at each resource alone, is to look at.
    """
    found = [*_own_rules(stacks), *_nag({name: body for name, (_, body) in stacks.items() if name in changed})]
    return sorted(found, key=lambda item: (item["stack"], item["logical_id"], item["rule"]))


def _own_rules(stacks: Mapping[str, tuple[str, Mapping[str, Any]]]) -> Iterator[RuleFinding]:
    templates = [Template(path=name, region=region, body=body) for name, (region, body) in stacks.items()]
    for item in findings(templates):
        yield RuleFinding(rule=f"Fruits {item.rule}", stack=item.stack, logical_id=item.logical_id, text=item.message)


def _nag(templates: Mapping[str, Mapping[str, Any]]) -> Iterator[RuleFinding]:
    app = App(analytics_reporting=False)
    with tempfile.TemporaryDirectory() as folder:
        for name, body in templates.items():
            file = Path(folder) / f"{name}.json"
            file.write_text(json.dumps(body), encoding="utf-8")
            CfnInclude(Stack(app, name), "Template", template_file=str(file))
        for violation in AwsSolutionsChecks(app).validate_scope(app).violations:
            for resource in violation.violating_resources:
                name, _, logical_id = str(resource.construct_path).partition("/Template/")
                yield RuleFinding(
                    rule=violation.rule_name, stack=name, logical_id=logical_id, text=violation.description
                )


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump({side: find(stacks, asked["changed"]) for side, stacks in asked["sides"].items()}, sys.stdout)
