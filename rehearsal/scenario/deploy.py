"""The stacks of a rehearsal: synthesised by app.py, bootstrapped, deployed, compared and destroyed by the CDK."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ops.aws.cdk import Cdk, CdkFailed, Outcome
from ops.aws.given import WrongSetting, read_given
from ops.aws.synthesis import Synthesis, SynthesisFailed, synthesise
from rehearsal.embedded.aws import ACCOUNT
from rehearsal.scenario.host import Host
from rehearsal.scenario.stages import Report, StageFailed

_EVENT: Final = re.compile(r"(?P<stack>[\w-]+) \| .* \| (?P<state>[A-Z_]+) +\| (?P<type>AWS::[\w:]+)")
_FINDING: Final = re.compile(r"(FATAL|ERROR) ")


class Stacks:
    """The stacks of one environment in an embedded AWS.

    Parameters
    ----------
    host
        With the embedded AWS, in whose folder cloud assemblies go, and ``cdk.log``, all that the CDK says.
    values
        Settings as after ``-c``.
    """

    def __init__(self, host: Host, values: Sequence[str]) -> None:
        self._host, self._values = host, tuple(values)

    def synthesise(self, name: str, *more: str) -> Synthesis:
        """Synthesise the app with the settings, and some more.

        Raises
        ------
        StageFailed
            If they are refused.
        """
        try:
            folder = self._host.folder / f"cdk.out-{name}"
            given = read_given([*self._values, *more])
            return synthesise(folder, given, environment=self._host.environment)
        except (SynthesisFailed, WrongSetting) as error:
            raise StageFailed(f"the app does not synthesise: {why_refused(str(error))}") from None

    def bootstrap(self, regions: Sequence[str], report: Report) -> None:
        """Make what the CDK needs in some regions."""
        for region in regions:
            report(f"cdk bootstrap {region}")
            self._run(Path(), report, "bootstrap", lambda cdk, region=region: cdk.bootstrap(ACCOUNT, region))

    def deploy(self, app: Path, report: Report, *stacks: str) -> Outcome:
        """Deploy stacks, all unless some are named."""
        return self._run(app, report, "deploy", lambda cdk: cdk.deploy(*stacks))

    def diff(self, app: Path, report: Report) -> Outcome:
        """Compare with what is deployed."""
        return self._run(app, report, "diff", lambda cdk: cdk.diff())

    def destroy(self, app: Path, report: Report, *stacks: str) -> Outcome:
        """Destroy stacks, all unless some are named."""
        return self._run(app, report, "destroy", lambda cdk: cdk.destroy(*stacks))

    def _run(self, app: Path, report: Report, verb: str, command: Any) -> Outcome:
        path = self._host.folder / "cdk.log"
        with path.open("a", encoding="utf-8") as log:

            def on_line(line: str) -> None:
                print(line, file=log, flush=True)
                if match := _EVENT.match(line):
                    report(f"{match['stack']}: {match['type']} {match['state']}")

            try:
                outcome: Outcome = command(Cdk(app, self._host.environment, on_line))
            except CdkFailed as error:
                raise StageFailed(f"cdk {verb}: {why(str(error))}", log=str(path)) from None
        return outcome


def why_refused(text: str) -> str:
    """Return the findings in what the app said for which it is not synthesised, or else all of it."""
    found = [line.removeprefix("FATAL ").removeprefix("ERROR ") for line in text.splitlines() if _FINDING.match(line)]
    return "; ".join(found) or text


def why(text: str) -> str:
    """Return the line of what the CDK said that tells why it failed: that of a resource, if it was one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    events = [match for line in lines if (match := _EVENT.match(line)) and match["state"].endswith("_FAILED")]
    resources = [
        f"{match['type']} {match['state']}: {match.string.rpartition('| ')[2]}"
        for match in events
        if match["type"] != "AWS::CloudFormation::Stack"
    ]
    crosses = [line.removeprefix("❌").strip() for line in lines if line.startswith("❌")]
    return next(iter([*resources, *crosses, *lines[-1:]]), "it said nothing")
