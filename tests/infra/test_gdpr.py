"""What docs/gdpr.md says of how long data is kept and who may what, held to the templates."""

import re
from pathlib import Path

import pytest

from infra.templates import Deployment, Resource, as_list, text

PAGE = (Path(__file__).parents[2] / "docs/gdpr.md").read_text(encoding="utf-8")
KEPT = re.findall(r"^\| (Data|Logs|Code) \| `([^`]+)` \| .* \| (never|\d+ days) \| (\d+) days \|$", PAGE, re.MULTILINE)


def _rules(deployment: Deployment, bucket: str) -> list[dict[str, object]]:
    storage = next(template.body for template in deployment.templates if "FruitsStorage" in template.path)
    name = storage["Outputs"][f"{'Log' if bucket == 'Logs' else bucket}Bucket"]["Value"]["Ref"]
    rules: list[dict[str, object]] = storage["Resources"][name]["Properties"]["LifecycleConfiguration"]["Rules"]
    return rules


def _days(value: object) -> int:
    return int(value["NoncurrentDays"] if isinstance(value, dict) else str(value))


def test_the_page_has_a_row_for_each_folder_with_a_rule_of_its_own(deployment: Deployment) -> None:
    folders = {
        str(rule["Prefix"])
        for name in ("Data", "Logs", "Code")
        for rule in _rules(deployment, name)
        if "Prefix" in rule
    }
    assert folders <= {folder for _, folder, _, _ in KEPT}
    assert len(KEPT) == 6


@pytest.mark.parametrize(("bucket", "folder", "expires", "old"), KEPT)
def test_data_is_kept_as_long_as_the_page_says(
    bucket: str, folder: str, expires: str, old: str, deployment: Deployment
) -> None:
    rules = [rule for rule in _rules(deployment, bucket) if rule.get("Prefix", folder) == folder]
    expiring = [_days(rule["ExpirationInDays"]) for rule in rules if "ExpirationInDays" in rule]
    assert expiring == ([] if expires == "never" else [int(expires.split(maxsplit=1)[0])])
    noncurrent = [_days(rule["NoncurrentVersionExpiration"]) for rule in rules if "NoncurrentVersionExpiration" in rule]
    assert min(noncurrent) == int(old)  # of two rules S3 follows the sooner


def _s3_rights(role: Resource, deployment: Deployment) -> set[tuple[str, str]]:
    """Return actions on objects with their folders."""
    found = set()
    for policy in deployment.resources("AWS::IAM::Policy"):
        if {"Ref": role.logical_id} not in policy.properties["Roles"]:
            continue
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            for action in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]):
                    folder = next(
                        (name for name in ("images/", "results/", "emr/") if f"/{name}*" in text(resource)), ""
                    )
                    if action.startswith("s3:") and folder:
                        found.add((action, folder))
    return found


def test_nodes_may_what_the_page_says_and_no_other_role_touches_data(deployment: Deployment) -> None:
    rights = {
        role.logical_id: held
        for role in deployment.resources("AWS::IAM::Role")
        if (held := _s3_rights(role, deployment))
    }
    assert len(rights) == 1
    held = next(iter(rights.values()))
    assert {action for action, folder in held if folder == "images/"} == {"s3:GetObject"}
    assert {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"} <= {
        action for action, folder in held if folder == "results/"
    }
    assert {action for action, folder in held if folder == "emr/"} == {"s3:PutObject"}
