import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Acknowledgment, App, Validations
from cfnlint.config import ConfigMixIn  # type: ignore[import-untyped]
from cfnlint.runner import Runner  # type: ignore[import-untyped]

from infra.residency import EU_REGIONS
from infra.templates import Deployment

MATRIX = [
    {"env": env, "mode": mode, "architecture": architecture, "engine": engine, "notebook": notebook}
    for env, mode, architecture, engine, notebook in itertools.product(
        ("demo", "dev", "prod"), ("transient", "interactive"), ("x86_64", "arm64"), ("litert", "keras"), (False, True)
    )
    if not notebook or (mode == "interactive" and engine == "litert")
]
IN_A_VPC = {"vpc": "vpc-0123456789abcdef0", "subnets": "subnet-0123456789abcdef0,subnet-1123456789abcdef0"}
GROUPS = {"security_groups": "sg-0123456789abcdef0,sg-1123456789abcdef0,sg-2123456789abcdef0"}
NOTEBOOK = {"env": "dev", "mode": "interactive", "notebook": True}
NETWORKS = [IN_A_VPC, IN_A_VPC | NOTEBOOK, IN_A_VPC | GROUPS]
DEFAULT = {"email": "team@example.org"}
COMPANY = {"tags": "cost-centre=42", "permissions_boundary": "team/boundary"}
EXTRA = {"configurations": "tests/infra/extra.json", "os_release_label": "2023.6.20250303.0"}
SCHEDULED = {"schedule": "02:30", "email": "team@example.org", **COMPANY, **EXTRA}
EVERYTHING = {"env": "dev", "mode": "interactive", "notebook": True, "email": "team@example.org", **COMPANY, **EXTRA}


def _name(settings: dict[str, Any]) -> str:
    return "-".join(str(value) for value in settings.values())


def _synthesise_with_rules(build: Callable[..., App], folder: Path, **settings: Any) -> list[dict[str, Any]]:
    """Reports of all validation plugins, whether synth succeeds or not."""
    app = build(outdir=str(folder), rules=True, **settings)
    try:
        app.synth()
    except RuntimeError as error:
        assert "Validation" in str(error)  # noqa: PT017 - the report says more than the exception
    reports: list[dict[str, Any]] = json.loads((folder / "validation-report.json").read_text(encoding="utf-8"))[
        "pluginReports"
    ]
    return reports


def _findings(reports: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {
        (violation["ruleName"], construct["constructPath"])
        for report in reports
        for violation in report["violations"]
        for construct in violation["violatingConstructs"]
    }


def _acknowledged(folder: Path) -> set[tuple[str, str]]:
    """Rule and construct of every acknowledgement in our own code, from the metadata that the CDK writes."""
    found = set()
    for file in folder.glob("*.metadata.json"):
        for path, entries in json.loads(file.read_text(encoding="utf-8")).items():
            for entry in entries:
                if entry["type"] == "aws:cdk:acknowledged-rules":
                    found |= {
                        (rule.rpartition("::")[2] if "[" not in rule else rule.partition("::")[2], path.strip("/"))
                        for rule in entry["data"]
                    }
    return found


@pytest.mark.parametrize("settings", MATRIX, ids=_name)
def test_every_combination_of_settings_synthesises_without_a_finding(
    settings: dict[str, Any], build: Callable[..., App], tmp_path: Path
) -> None:
    reports = _synthesise_with_rules(build, tmp_path, **settings, email="team@example.org")
    assert _findings(reports) == set()
    assert [report["metadata"] for report in reports if report.get("metadata")] == []
    assert {report["conclusion"] for report in reports} <= {"success"}


@pytest.mark.parametrize("settings", [*NETWORKS, SCHEDULED], ids=["groups", "studio", "nothing", "schedule"])
def test_what_a_company_has_of_its_own_synthesises_without_a_finding(
    settings: dict[str, Any], build: Callable[..., App], tmp_path: Path
) -> None:
    reports = _synthesise_with_rules(build, tmp_path, **{"email": "team@example.org"} | settings)
    assert _findings(reports) == set()


@pytest.mark.parametrize("region", sorted(EU_REGIONS))
def test_every_region_of_the_union_synthesises_without_a_finding(
    region: str, build: Callable[..., App], tmp_path: Path
) -> None:
    reports = _synthesise_with_rules(build, tmp_path, region=region, email="team@example.org")
    assert _findings(reports) == set()


@pytest.mark.parametrize("settings", [DEFAULT, EVERYTHING, SCHEDULED], ids=["default", "everything", "scheduled"])
def test_every_acknowledgement_answers_a_finding_and_every_finding_has_one(
    settings: dict[str, Any], build: Callable[..., App], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _synthesise_with_rules(build, tmp_path / "acknowledged", **settings)
    acknowledged = _acknowledged(tmp_path / "acknowledged")
    monkeypatch.setattr(Validations, "acknowledge", lambda *_: None)
    found = _findings(_synthesise_with_rules(build, tmp_path / "bare", **settings))
    assert found
    unused = {
        (rule, scope)
        for rule, scope in acknowledged
        if not any(rule == other and f"{path}/".startswith(f"{scope}/") for other, path in found)
    }
    assert unused == set()
    assert {rule for rule, _ in found} <= {rule for rule, _ in acknowledged}


def test_an_unused_acknowledgement_would_be_noticed(build: Callable[..., App], tmp_path: Path) -> None:
    app = build(outdir=str(tmp_path))
    cluster = next(item for item in app.node.find_all() if item.node.path == "FruitsCompute/Cluster/Resource")
    Validations.of(cluster).acknowledge(Acknowledgment(id="AwsSolutions-EC23", reason="Nothing finds this."))
    app.synth()
    assert ("AwsSolutions-EC23", "FruitsCompute/Cluster/Resource") in _acknowledged(tmp_path)


def test_cfn_lint_has_nothing_to_say(deploy: Callable[..., Deployment]) -> None:
    transient = [template.path for template in deploy(**DEFAULT).templates if "FruitsCompute" in template.path]
    others = [template.path for template in deploy(**EVERYTHING).templates]
    assert (len(transient), len(others)) == (1, 5)
    matches = Runner(ConfigMixIn(["--regions", "eu-west-3", "--template", *transient, *others])).run()
    assert [f"{match.filename}: {match.rule.id} {match.message}" for match in matches] == []
