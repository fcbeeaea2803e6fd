"""The CDK's command line, run with a chosen environment: the user's own, or that of an embedded AWS."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ops.errors import FruitsError
from ops.project import ROOT

_PROGRAM: Final = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
_ENDS_WITHIN_SECONDS: Final = 3 * 3600  # a cluster that does not start is given up after an hour or two


class CdkFailed(FruitsError):
    """The CDK did not do what it was asked for; the message holds what it said."""


@dataclass(frozen=True)
class Outcome:
    """What a run of the CDK has said: exit code and text."""

    code: int
    text: str


@dataclass(frozen=True)
class Cdk:
    """The CDK's command line.

    Parameters
    ----------
    app
        Folder of a synthesised app (``cdk.out``).
    environment
        Variables of its process; those of this process unless given.
    on_line
        Called with each line that the CDK prints.

    Raises
    ------
    CdkFailed
        From every method, if the command fails and was not asked a question.
    """

    app: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    on_line: Callable[[str], None] = field(default=lambda line: None, repr=False)

    def bootstrap(self, account: str, region: str) -> Outcome:
        """Make in an account and region what the CDK needs."""
        return self.run("bootstrap", f"aws://{account}/{region}", app="")

    def deploy(self, *stacks: str) -> Outcome:
        """Deploy stacks and what they depend on, all unless some are named."""
        return self.run("deploy", *(stacks or ("--all",)), "--require-approval", "never", "--concurrency", "4")

    def diff(self, *stacks: str) -> Outcome:
        """Compare with what is deployed, as a change set shows it; code 1 if there is a difference."""
        return self.run("diff", *stacks, "--fail", "--method", "change-set", accept=(0, 1))

    def destroy(self, *stacks: str) -> Outcome:
        """Destroy stacks and what depends on them, all unless some are named."""
        return self.run("destroy", *(stacks or ("--all",)), "--force")

    def run(self, *arguments: str, app: str | None = None, accept: tuple[int, ...] = (0,)) -> Outcome:
        """Run any command."""
        flags = ("--app", str(self.app.resolve()) if app is None else app, "--no-notices", "--no-version-reporting")
        path = f"{Path(sys.executable).parent}{os.pathsep}{self.environment.get('PATH', '')}"
        lines: list[str] = []
        with subprocess.Popen(
            ["node", str(_PROGRAM), *arguments, *flags],
            # Away from the project's cdk.json, whose app would be synthesised again.
            cwd=_PROGRAM.parent,
            env={**self.environment, "PATH": path, "CI": "true", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    lines.append(line)
                    self.on_line(line.rstrip())
                code = process.wait(_ENDS_WITHIN_SECONDS)
            except BaseException:
                process.terminate()
                raise
        outcome = Outcome(code, "".join(lines))
        if outcome.code not in accept:
            raise CdkFailed(f"cdk {' '.join(arguments)} ended with code {outcome.code}:\n{outcome.text}")
        return outcome
