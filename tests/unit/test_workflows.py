"""The workflows of GitHub that test, review and deploy: who they are, what they may, what they run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.verify.workspace import A, B

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
ALL = ("test", "review", "deploy")
ON_AWS = ("review", "deploy")
SHELLCHECK = Path(sys.executable).with_name("shellcheck")
SHELL = frozenset(
    {
        "options",
        "for",
        "code",
        "echo",
        "test",
        "exit",
        "export",
        "if",
        "else",
        "fi",
        "cat",
        "marker",
        "mine",
        "id",
        "gh",
        "done",
        "sudo",
        "python",
        "pip-audit",
    }
)


def workflow(name: str) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))
    return content


def job(name: str) -> dict[str, Any]:
    (found,) = workflow(name)["jobs"].values()
    content: dict[str, Any] = found
    return content


def steps(name: str) -> list[dict[str, Any]]:
    return [step for item in workflow(name)["jobs"].values() for step in item["steps"]]


def scripts(name: str) -> list[str]:
    return [step["run"] for step in steps(name) if "run" in step]


@pytest.mark.parametrize("name", ON_AWS)
def test_a_workflow_has_no_right_that_its_job_does_not_name(name: str) -> None:
    assert workflow(name)["permissions"] == {}
    expected = {"contents": "read", "id-token": "write"}
    assert job(name)["permissions"] == expected | ({"pull-requests": "write"} if name == "review" else {})


def test_the_review_runs_for_pull_requests_of_this_repository_with_their_own_rights() -> None:
    # YAML 1.1 reads the key `on` as true.
    assert set(workflow("review")[True]) == {"pull_request"}
    assert job("review")["if"] == "github.event.pull_request.head.repo.full_name == github.repository"


def test_what_pull_requests_run_is_what_everybody_runs_here() -> None:
    assert "pull_request" in workflow("test")[True]
    commands = {line for script in scripts("test") for line in script.splitlines()}
    asked = re.findall(r"^make .+$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert asked == ["make check", "make test ALL=yes"]  # without ALL the long tests would be left out
    assert set(asked) <= commands


def test_pull_requests_are_tested_without_rights_on_linux_of_both_architectures_and_on_macos() -> None:
    content = workflow("test")
    assert content["permissions"] == {}
    assert {name: item["permissions"] for name, item in content["jobs"].items()} == {
        name: {"contents": "read"} for name in ("test", "shown", "audit")
    }
    assert "secrets." not in (WORKFLOWS / "test.yml").read_text(encoding="utf-8")
    systems = content["jobs"]["test"]["strategy"]["matrix"]["os"]
    assert [re.sub(r"-[\d.]+", "", system) for system in systems] == ["ubuntu", "ubuntu-arm", "macos"]


def test_what_people_are_shown_is_played_and_made_for_each_pull_request() -> None:
    run = {step["run"] for step in workflow("test")["jobs"]["shown"]["steps"] if "run" in step}
    assert {"make demo", "make present-check", "make deck", "make docs"} <= run


def test_what_is_installed_is_kept_only_for_the_same_locks_system_and_python() -> None:
    (cache,) = [step for step in steps("test") if "actions/cache" in step.get("uses", "")]
    key = cache["with"]["key"]
    for part in ("matrix.os", "python-version", "requirements/*.txt", "package-lock.json", "pyproject.toml"):
        assert part in key
    assert "restore-keys" not in cache["with"]


def test_every_lock_is_audited() -> None:
    (audit,) = [script for script in scripts("test") if "pip-audit" in script]
    assert "for lock in requirements/*.txt" in audit
    assert "npm audit" in audit


def test_every_kind_of_lock_is_kept_up_to_date() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    assert {item["package-ecosystem"] for item in updates} == {"pip", "npm", "github-actions"}


def test_hooks_before_a_commit_come_from_here_alone_and_are_installed() -> None:
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert {item["repo"] for item in repositories} == {"local"}
    hooks = [hook for item in repositories for hook in item["hooks"]]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert [hook["entry"] for hook in hooks if not (ROOT / hook["entry"].split()[0]).exists()] == []


def test_nothing_is_deployed_unless_somebody_asks() -> None:
    assert set(workflow("deploy")[True]) == {"workflow_dispatch"}
    assert job("deploy")["environment"] == "${{ inputs.environment }}"
    assert workflow("deploy")["concurrency"]["cancel-in-progress"] is False


@pytest.mark.parametrize("name", ALL)
def test_actions_are_pinned_to_commits(name: str) -> None:
    used = [step["uses"] for step in steps(name) if "uses" in step]
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)] == []


@pytest.mark.parametrize("name", ON_AWS)
def test_credentials_are_a_role_and_no_keys(name: str) -> None:
    (step,) = [item for item in job(name)["steps"] if "configure-aws-credentials" in item.get("uses", "")]
    assert set(step["with"]) == {"role-to-assume", "aws-region"}
    assert "secrets." not in (WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ALL)
def test_no_input_is_pasted_into_a_script(name: str) -> None:
    assert [script for script in scripts(name) if "${{" in script] == []


@pytest.mark.parametrize("name", ALL)
def test_scripts_have_no_fault_that_shellcheck_finds(name: str, tmp_path: Path) -> None:
    for index, script in enumerate(scripts(name)):
        file = tmp_path / f"{index}.sh"
        file.write_text("#!/bin/bash\n" + script, encoding="utf-8")
        check = subprocess.run([SHELLCHECK, str(file)], capture_output=True, text=True, check=False)
        assert check.returncode == 0, check.stdout


@pytest.mark.parametrize("name", ALL)
def test_every_command_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    options = {"fruits": {"review", "deploy"}, "make": targets | {"--touch"}, "npm": {"audit"}}
    for script in scripts(name):
        for line in filter(None, map(str.strip, script.splitlines())):
            words = re.split(r"[ =]", line)
            if words[0] in options:
                assert words[1] in options[words[0]], line
            else:
                assert words[0] in SHELL, line


def test_people_choose_what_is_deployed_from_what_there_is_and_write_no_options_of_cdk() -> None:
    inputs = workflow("deploy")[True]["workflow_dispatch"]["inputs"]
    assert {item["type"] for item in inputs.values()} <= {"choice", "boolean"}
    made = set(re.findall(r'"(Fruits[A-Z][a-z]+)"', (ROOT / "infra" / "stacks.py").read_text(encoding="utf-8")))
    made |= set(re.findall(r'"(Fruits[A-Z][a-z]+)"', (ROOT / "infra" / "compute.py").read_text(encoding="utf-8")))
    assert set(inputs["stacks"]["options"]) == made | {"all"}
    environments = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]["environments"]
    assert set(inputs["environment"]["options"]) == set(environments) - {A, B}  # these two `fruits verify` destroys


def test_what_is_deployed_is_what_was_reviewed() -> None:
    (script,) = [item for item in scripts("deploy") if "fruits deploy" in item]
    assert script.count("fruits review ") == script.count("fruits deploy ") == 1
    assert script.index("--out plan ") < script.index("fruits deploy ")
    assert script.rstrip().endswith(" plan")
    assert "cdk" not in script


STAND_IN = """#!/bin/bash
printf '%s\\n' "$*" >> "$CALLS"
case "$*" in *--paginate*) printf '%s' "$FOUND" ;; esac
"""


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("", "api --method POST repos/o/r/issues/7/comments --field body=@review.md --silent"),
        ("41\n42\n", "api --method PATCH repos/o/r/issues/comments/41 --field body=@review.md --silent"),
    ],
    ids=["first", "again"],
)
def test_a_pull_request_has_one_comment_that_is_kept_up_to_date(found: str, expected: str, tmp_path: Path) -> None:
    (comment,) = [step for step in job("review")["steps"] if step.get("name") == "Comment"]
    (tmp_path / "review.md").write_text("<!-- fruits review: demo -->\n### Differences\n", encoding="utf-8")
    # GitHub is not here: what is asked of it is written down.
    (tmp_path / "gh").write_text(STAND_IN, encoding="utf-8")
    (tmp_path / "gh").chmod(0o755)
    variables = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "FOUND": found,
        "COMMENTS": "repos/o/r/issues/7/comments",
        "COMMENT": "repos/o/r/issues/comments",
    }
    subprocess.run(["bash", "-eo", "pipefail", "-c", comment["run"]], cwd=tmp_path, env=variables, check=True)
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert "startswith(env.marker)" in calls[0]
    assert calls[1:] == [expected]
