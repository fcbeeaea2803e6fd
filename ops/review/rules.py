"""Findings of cdk-nag and of the deployment's own rules that a change adds."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self, TypedDict

from ops.errors import FruitsError
from ops.project import ROOT
from ops.review.consequences import Consequence, Level
from ops.review.names import Names
from ops.review.stacks import Template, WantedStack
from ops.review.texts import without_hashes

_ENDS_WITHIN_SECONDS: Final = 120


class RuleFinding(TypedDict):
    """What a rule found: its name, the resource (empty for what is missing altogether), and the sentence."""

    rule: str
    stack: str
    logical_id: str
    text: str


class RulesFailed(FruitsError):
    """The rules could not be applied; the message says what they said."""


class RuleCheck:
    """Rules at work in a process of their own, which loads while other things are done.

    As a context it ends that process, whether it was asked or not.
    """

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ops.review.rule_findings"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()

    def find(
        self, sides: Mapping[str, Mapping[str, tuple[str, Template]]], changed: Sequence[str]
    ) -> Mapping[str, Sequence[RuleFinding]]:
        """Apply the rules.

        Parameters
        ----------
        sides
            Region and template by the names of stacks, by side.
        changed
            Names of the stacks that cdk-nag is to look at.

        Returns
        -------
        mapping
            Findings by side, acknowledged ones among them.

        Raises
        ------
        RulesFailed
            If they could not be applied.
        """
        try:
            answer, errors = self._process.communicate(
                json.dumps({"sides": sides, "changed": changed}), timeout=_ENDS_WITHIN_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise RulesFailed(f"the rules could not be applied: {error}") from None
        if self._process.returncode:
            raise RulesFailed(f"the rules could not be applied: {' '.join(errors.strip().splitlines()[-1:])}")
        found: Mapping[str, Sequence[RuleFinding]] = json.loads(answer)
        return found


def new_findings(
    old: Sequence[RuleFinding], new: Sequence[RuleFinding], wanted: Sequence[WantedStack], names: Names
) -> Iterator[Consequence]:
    """Find what the rules have against the new side and had not against the old.

    Parameters
    ----------
    old, new
        Findings of both sides.
    wanted
        Stacks of the new side, which hold the acknowledgements.
    names
        Names of resources.
    """
    former = set(map(_identity, old))
    known = {item["stack"] for item in old}
    acknowledged = {stack.name: stack.acknowledged for stack in wanted}
    for item in new:
        if _identity(item) in former:
            continue
        path = names.resource(item["stack"], item["logical_id"])
        reason = _reason(item["rule"], path, acknowledged.get(item["stack"], {}))
        where = f"{names.stack(item['stack'])} {path}".strip()
        if reason is None:
            text = f"{item['rule']} finds: {item['text']}"
            yield Consequence(level=Level.WARNING, subject="rules", where=where, text=text)
        elif item["stack"] in known:
            text = f"{item['rule']} is acknowledged: {reason}"
            yield Consequence(level=Level.NOTE, subject="rules", where=where, text=text)


def _identity(item: RuleFinding) -> tuple[str, str, str]:
    return without_hashes(item["rule"]), item["stack"], item["logical_id"]


def _reason(rule: str, path: str, acknowledged: Mapping[str, Mapping[str, str]]) -> str | None:
    for scope, reasons in acknowledged.items():
        if f"{path}/".startswith(f"{scope}/") and rule in reasons:
            return reasons[rule]
    return None


def synth_consequences(folder: Path) -> Iterator[Consequence]:
    """Read what the CDK's own checks say of a cloud assembly and nobody has acknowledged."""
    file = folder / "validation-report.json"
    reports = json.loads(file.read_text(encoding="utf-8"))["pluginReports"] if file.exists() else []
    for report in reports:
        for violation in report["violations"]:
            for construct in violation["violatingConstructs"]:
                where = construct.get("constructPath", "").replace("/", " ", 1)
                yield Consequence(level=Level.NOTE, subject="rules", where=where, text=violation["description"])
