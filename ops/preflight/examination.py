"""All checks, side by side: none waits for another but all for the credentials."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from infra.settings import DeploymentSettings
from ops.aws.account import AwsRefused
from ops.errors import ExitCode
from ops.preflight import access, capacity, groups, leftovers, materials, network, recipients, routes, schedule
from ops.preflight.findings import Check, Finding, Outcome, Scope, failure, ok

CHECKS: Final = (
    *(*access.CHECKS, *capacity.CHECKS, *network.ALWAYS, *leftovers.CHECKS),
    *(*recipients.CHECKS, *materials.CHECKS),
)
_EXISTING_VPC: Final = (*network.CHECKS, *routes.CHECKS, *groups.CHECKS)
"""For a deployment into a VPC that somebody else has made."""

_ASKED_ELSEWHERE: Final = {"cloudformation", "sns"}
"""Services that are also asked where the budget is."""


@dataclass(frozen=True)
class Answer:
    """A check and what it has found."""

    title: str
    finding: Finding
    essential: bool

    def row(self) -> dict[str, str | bool]:
        """Return it as JSON-able facts."""
        finding = self.finding
        return {
            "title": self.title,
            "outcome": finding.outcome.value,
            "text": finding.text,
            "fix": finding.fix,
            "essential": self.essential,
        }


def checks_of(settings: DeploymentSettings) -> tuple[Check, ...]:
    """Return the checks that settings ask for."""
    return (*CHECKS, *(_EXISTING_VPC if settings.vpc else ()), *(schedule.CHECKS if settings.schedule else ()))


def examine(scope: Scope, checks: Sequence[Check] = CHECKS) -> list[Answer]:
    """Answer all checks, in their order, after that of the credentials.

    A check that AWS does not answer is not passed and not failed: it was not made.
    """
    try:
        scope.identify()
    except AwsRefused as error:
        embedded = "AWS_ENDPOINT_URL" in os.environ
        fix = "fruits aws up" if embedded else "aws sso login, or export AWS_PROFILE=<profile>"
        credentials = failure(str(error), fix)
        local = [Answer(check.title, _asked(check, scope), check.essential) for check in checks if _needs_none(check)]
        rest = Finding(Outcome.UNKNOWN, "not without credentials")
        others = [Answer(check.title, rest, check.essential) for check in checks if not _needs_none(check)]
        return [Answer("Credentials", credentials, True), *others, *local]
    # boto3 makes clients in one thread at a time; using them in many is fine.
    services = {service for check in checks for service in check.services}
    for service in services:
        scope.client(service)
    for service in {"ec2"} | services & _ASKED_ELSEWHERE:
        scope.anywhere(service)
    with ThreadPoolExecutor(max(1, len(checks))) as pool:
        findings = pool.map(lambda check: _asked(check, scope), checks)
        answers = [Answer(check.title, found, check.essential) for check, found in zip(checks, findings, strict=True)]
    return [Answer("Credentials", ok("valid"), True), *answers]


def exit_code(answers: Iterable[Answer], *, strict: bool = False) -> int:
    """Return 0, 1 for a failure, or 3 if something essential (with `strict`: anything) could not be checked."""
    found = list(answers)
    if any(answer.finding.outcome is Outcome.FAILURE for answer in found):
        return ExitCode.FAILED
    unknown = any(answer.finding.outcome is Outcome.UNKNOWN and (answer.essential or strict) for answer in found)
    return ExitCode.INCOMPLETE if unknown else ExitCode.OK


def _needs_none(check: Check) -> bool:
    return not check.services


def _asked(check: Check, scope: Scope) -> Finding:
    try:
        return check.find(scope)
    except AwsRefused as error:
        return Finding(Outcome.UNKNOWN, str(error))
