"""The self-check at start, and our tables of replacement against CloudFormation's own."""

import ast
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rehearsal.embedded import budgets, emr_types, instance_profiles, security_groups, vanilla
from rehearsal.embedded.change_sets import recreation
from rehearsal.embedded.types import ResourceType

PROJECT = Path(__file__).parents[2]
TYPES = {**budgets.TYPES, **emr_types.TYPES, **instance_profiles.TYPES, **security_groups.TYPES}


def test_the_locked_ministack_is_the_one_we_extend() -> None:
    vanilla.check()


def test_a_function_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(vanilla.s3, "_put_bucket_lifecycle")
    with pytest.raises(vanilla.Moved, match=r"s3\._put_bucket_lifecycle is missing"):
        vanilla.check()


def test_a_function_with_other_parameters_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vanilla.eventbridge, "_invoke_target", lambda target, event: None)
    with pytest.raises(vanilla.Moved, match=r"eventbridge\._invoke_target\(target, event\) was .*rule, view\)"):
        vanilla.check()


def test_a_table_of_another_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vanilla.provisioners, "_RESOURCE_HANDLERS", [])
    with pytest.raises(vanilla.Moved, match=r"provisioners\._RESOURCE_HANDLERS is a list"):
        vanilla.check()


def test_the_process_does_not_start_on_another_ministack() -> None:
    program = "from rehearsal.embedded import vanilla, __main__\ndel vanilla.emr._make_step\n__main__.main()\n"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 1
    assert run.stderr.startswith("error: the embedded AWS is made for ministack 1.5.33")
    assert "emr._make_step is missing" in run.stderr


def test_every_name_of_ministacks_that_we_use_is_checked() -> None:
    checked = {*vanilla._FUNCTIONS, *vanilla._VALUES}
    used = set()
    for module in (PROJECT / "rehearsal" / "embedded").glob("*.py"):
        used |= _names_used(ast.parse(module.read_text(encoding="utf-8")))
    assert used - checked == set()
    assert used


def _names_used(tree: ast.Module) -> set[str]:
    """Return ``module.name`` for every ``vanilla.module.name``, directly or by a variable that holds the module."""
    aliases = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(
                targets=[ast.Name(id=alias)], value=ast.Attribute(value=ast.Name(id="vanilla"), attr=module)
            ):
                aliases[alias] = module
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name, value=ast.Attribute(attr=module, value=ast.Name(id="vanilla"))):
                names.add(f"{module}.{name}")
            case ast.Attribute(attr=name, value=ast.Name(id=alias)) if alias in aliases:
                names.add(f"{aliases[alias]}.{name}")
    return names


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    """Types of CloudFormation by name, as the CDK's command line knows them."""
    with gzip.open(PROJECT / "node_modules" / "aws-cdk" / "db.json.gz") as packed:
        entities = json.load(packed)["schema"]["resource"]["entities"]
    return {entity["cloudFormationType"]: entity for entity in entities}


@pytest.mark.parametrize("name", sorted(TYPES))
def test_changes_replace_a_resource_as_cloudformation_says(name: str, specification: dict[str, Any]) -> None:
    ours: ResourceType = TYPES[name]
    properties = specification[name]["properties"]
    always = {key for key, value in properties.items() if value.get("causesReplacement") == "yes"}
    sometimes = {key for key, value in properties.items() if value.get("causesReplacement") == "maybe"}
    assert set(ours.replacement.always) == always
    assert set(ours.replacement.sometimes) == sometimes
    assert (ours.update is None) == (set(properties) == always)


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("AWS::S3::Bucket", "BucketName", "Always"),
        ("AWS::S3::Bucket", "Tags", "Never"),
        ("AWS::Glue::Table", "TableInput", "Conditionally"),  # its name alone is fixed
        ("AWS::EC2::VPC", "InstanceTenancy", "Conditionally"),  # the schema says so
        ("AWS::Fruits::Basket", "Colour", "Conditionally"),  # nobody has a schema
    ],
)
def test_a_change_set_tells_what_the_schema_tells(kind: str, name: str, told: str) -> None:
    assert recreation(kind, name, "eu-west-3") == told
