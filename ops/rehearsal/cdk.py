"""The CDK's command line, run against an embedded AWS."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.rehearsal.embedded_aws import ACCOUNT, EmbeddedAws

_ROOT: Final = Path(__file__).resolve().parents[2]
_PROGRAM: Final = _ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
_ENDS_WITHIN_SECONDS: Final = 600


class CdkFailed(Exception):
    """The CDK did not do what it was asked for; the message holds what it said."""


@dataclass(frozen=True)
class Outcome:
    """What a run of the CDK has said: exit code and text."""

    code: int
    text: str


@dataclass(frozen=True)
class Cdk:
    """The CDK's command line with the environment that ``fruits aws env`` gives.

    Parameters
    ----------
    aws
        The embedded AWS.
    app
        Folder of a synthesised app (``cdk.out``).

    Raises
    ------
    CdkFailed
        From every method, if the command fails and was not asked a question.
    """

    aws: EmbeddedAws
    app: Path

    def bootstrap(self) -> Outcome:
        """Make in the account what the CDK needs."""
        return self.run("bootstrap", f"aws://{ACCOUNT}/{self.aws.region}", app="")

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
        flags = ("--app", str(self.app) if app is None else app, "--no-notices", "--no-version-reporting")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        run = subprocess.run(
            ["node", str(_PROGRAM), *arguments, *flags],
            cwd=self.aws.folder,  # away from the project's cdk.json, whose app would be synthesised again
            env={**self.aws.environment(), "PATH": path, "CI": "true", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ENDS_WITHIN_SECONDS,
            check=False,
        )
        outcome = Outcome(run.returncode, run.stdout + run.stderr)
        if outcome.code not in accept:
            raise CdkFailed(f"cdk {' '.join(arguments)} ended with code {outcome.code}:\n{outcome.text}")
        return outcome
