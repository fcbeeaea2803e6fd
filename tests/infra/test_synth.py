import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def checkout(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the stand-ins, as the CDK's command line would run it."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copytree(project, root, dirs_exist_ok=True)
    shutil.copytree(PROJECT / "infra", root / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    from_the_job = ("job/bounds.py", "job/plain.py", "job/storage/__init__.py", "job/storage/layout.py")
    for name in ("app.py", "cdk.json", *from_the_job):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy2(PROJECT / name, root / name)
    return root


def _start(checkout: Path, outdir: Path, *context: str) -> "subprocess.Popen[str]":
    given = dict(item.split("=", 1) for item in context)
    environment = os.environ | {
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": json.dumps(given),
        "PATH": os.defpath,  # app.py finds Node itself
        "CDK_VALIDATION": "false",  # the CDK's own rules: their report is not deployed, and takes half of the time
        "PYTHONHASHSEED": "random",
    }
    environment.pop("PYTEST_VERSION", None)
    environment.pop("PYTEST_CURRENT_TEST", None)
    return subprocess.Popen(
        [sys.executable, "app.py"], cwd=checkout, env=environment, stderr=subprocess.PIPE, text=True
    )


def test_two_synths_are_the_same_to_the_last_byte(checkout: Path, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for process in [_start(checkout, folder) for folder in folders]:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    contents = [
        {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        for folder in folders
    ]
    assert "FruitsCompute.template.json" in contents[0]
    assert contents[0] == contents[1]


def test_a_bad_setting_ends_in_one_line_and_no_traceback(checkout: Path, tmp_path: Path) -> None:
    process = _start(checkout, tmp_path, "region=eu-west-2")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert errors.startswith("error: region=eu-west-2: London is in the United Kingdom")
    assert errors.count("\n") == 1


def test_production_does_not_synthesise_without_an_address(checkout: Path, tmp_path: Path) -> None:
    process = _start(checkout, tmp_path, "env=prod")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert errors.startswith("error: email: prod needs one")


def test_a_finding_of_cdk_nag_that_nobody_acknowledged_ends_the_synth(checkout: Path, tmp_path: Path) -> None:
    root = shutil.copytree(checkout, tmp_path / "checkout")
    cluster = root / "infra" / "cluster.py"
    source = cluster.read_text(encoding="utf-8")
    assert source.count('"EMR6"') == 1
    cluster.write_text(source.replace('"EMR6"', '"EMR4"'), encoding="utf-8")
    process = _start(root, tmp_path / "out")
    _, errors = process.communicate(timeout=120)
    assert process.returncode
    assert "AwsSolutions-EMR6" in errors
