"""Plans: folders that are one, and apps that have changed since their review."""

from pathlib import Path
from typing import NoReturn

import pytest
from typer.testing import CliRunner

from ops.cli import app
from ops.errors import ExitCode, WrongUsage
from ops.review.consequences import Verdict
from ops.review.plan import Plan, PlanRefused, make_plan, prepare_folder


def _nobody(region: str) -> NoReturn:
    pytest.fail(f"AWS in {region} is asked though the app has changed already")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """An app of two files, as it was reviewed."""
    folder = tmp_path / "plan"
    (folder / "asset.1").mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    (folder / "asset.1" / "main.py").write_text("print(1)")
    make_plan(folder, verdict=Verdict.DIFFERENCES, only=["FruitsStorage"], deployed={}).write(folder)
    return folder


def test_a_plan_is_read_as_it_was_written(plan: Path) -> None:
    found = Plan.read(plan)
    assert (found.verdict, found.only, sorted(found.files)) == (
        1,
        ("FruitsStorage",),
        ["asset.1/main.py", "manifest.json"],
    )


@pytest.mark.parametrize("name", ["manifest.json", "asset.1/main.py"])
def test_an_app_whose_file_is_another_is_refused(plan: Path, name: str) -> None:
    (plan / name).write_text("other")
    with pytest.raises(PlanRefused, match=f"changed since its review: {name}; review again: fruits review --out"):
        Plan.read(plan).require_unchanged(plan, _nobody)


def test_an_app_with_a_file_more_or_less_is_refused(plan: Path) -> None:
    (plan / "asset.1" / "main.py").rename(plan / "asset.1" / "other.py")
    with pytest.raises(PlanRefused, match=r"asset\.1/main\.py, asset\.1/other\.py"):
        Plan.read(plan).require_unchanged(plan, _nobody)


@pytest.mark.parametrize("content", ["", "[]", '{"verdict": 1}', '{"only": 5}'])
def test_what_is_no_plan_is_named_with_how_to_make_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "fruits-plan.json").write_text(content)
    with pytest.raises(PlanRefused, match=r"not a plan, which has a fruits-plan\.json; make one: fruits review --out"):
        Plan.read(tmp_path)


def test_an_older_plan_makes_room_for_a_new_one(plan: Path) -> None:
    prepare_folder(plan)
    assert not plan.exists()


def test_a_folder_with_something_else_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(WrongUsage, match="holds something that is no plan"):
        prepare_folder(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_settings_beside_a_plan_are_refused(plan: Path) -> None:
    result = CliRunner().invoke(app, ["deploy", str(plan), "-c", "env=dev"])
    assert result.exit_code == ExitCode.USAGE
    assert "has its settings already" in result.stderr
