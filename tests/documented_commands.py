"""The commands that README and docs tell people to type, and which test runs each of them."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from job.arguments import parse_arguments
from ops.cli import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_BEGINS = ("fruits ", "cdk ", "make ", "aws ", "npx ", "eval ", "export ")

ELSEWHERE: Mapping[str, str] = {
    "make demo": "the stages of tests/rehearsal/test_scenario_transient.py",
    "make test": "all tests",
    "make assets": "tests/infra/test_packaging.py, tests/rehearsal/test_node_deployment.py",
    "make present-check": "tests/rehearsal/test_present.py has a cut of it",
    "make notebook": "tests/ops/notebook/test_execution.py; it opens JupyterLab",
    "cdk ": "the stages of tests/rehearsal/test_scenario_transient.py, by the same command line",
    "export PATH": "of the shell",
    "export FRUITS_CONTEXT": "tests/ops/use/test_use.py",
    "eval ": "tests/rehearsal/test_scenario_interactive.py, in a shell",
    "aws ": "tests/rehearsal/test_scenario_interactive.py, in a shell",
    "npx cdk diff": "tests/rehearsal/test_scenario_interactive.py, in a shell",
    "fruits preflight -c vpc=": "tests/rehearsal/test_existing_vpc.py, in an existing VPC",
    "fruits aws down": "tests/rehearsal/test_scenario_interactive.py, at its end",
    "fruits present": "tests/rehearsal/test_present.py: it makes an embedded AWS of its own, and takes minutes",
    "fruits rehearse": "tests/rehearsal/test_scenario_interactive.py begins with it, other options in scenarios",
    "fruits use": "tests/ops/use/test_use.py: it would change what this checkout remembers",
    "fruits price --refresh": "tests/ops/pricing/test_refresh.py: the embedded AWS has no price list",
    "fruits featurize": "tests/job/test_run.py by the same spark-submit, tests/job/features/test_engines.py with keras",
    "fruits report": "tests/ops/test_cli.py: it opens a browser",
    "fruits review -c": "tests/ops/review/own_account/test_review_command.py: each takes a synth of seconds",
    "fruits review --app": "tests/ops/review/own_account/test_review_command.py: such an app has its settings already",
    "fruits notebook run": "tests/rehearsal/whole_notebook.py, by make notebook-rehearsed: it needs a Studio",
    "fruits probe": "tests/ops/runs/test_probe_command.py",
    "fruits spark-ui": "tests/ops/runs/test_spark_ui.py",
    "fruits verify": "tests/ops/verify/test_verify_end_to_end.py: it makes environments of its own",
    "fruits destroy": "tests/ops/teardown/own_account/test_destroy_command.py: other tests need what it would end",
    "fruits deploy": "tests/ops/review/own_account/test_deploy_command.py: it would replace the cluster of other tests",
    "fruits forget": "tests/ops/teardown/own_account/test_forget.py: it would harm the photographs of other tests",
}
"""Beginnings of commands that are not run where all others are, and which tests run them, or why none can."""


@dataclass(frozen=True)
class Documented:
    """A command as a page has it."""

    page: str
    text: str

    @property
    def words(self) -> list[str]:
        """Its words, as a shell divides them."""
        return shlex.split(self.text)

    @property
    def elsewhere(self) -> str:
        """Which test runs it; nothing for one that runs where all others do."""
        return next((where for begin, where in ELSEWHERE.items() if f"{self.text} ".startswith(begin)), "")


def documented_commands() -> Iterator[Documented]:
    """Find the commands in the blocks of all pages, in their order; two of a line are divided by a semicolon."""
    for page in PAGES:
        for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
            for line in block[1].splitlines():
                if line.startswith(_BEGINS):
                    typed = re.split(r"\s+#\s", line, maxsplit=1)[0]
                    yield from (Documented(page.name, text.strip()) for text in typed.split(";"))


def read_as_the_command_line_does(text: str) -> None:
    """Read a line of `fruits`, and what it hands on as the job does, without running either; others are left alone.

    Raises
    ------
    Exception
        Of Typer or of the job, if there is no such command, option or argument.
    """
    program, *words = shlex.split(text)
    if program != "fruits":
        return
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    handed_on = command.make_context("fruits", words).args
    if handed_on:
        parse_arguments(["--images", "s3://bucket/images", "--output", "s3://bucket/results", *handed_on])
