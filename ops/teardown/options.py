"""What ``fruits leaks``, ``fruits empty`` and ``fruits destroy`` have in common: options, account, second key."""

import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Final

import typer

from infra.settings import DeploymentSettings
from ops.aws.account import Client, account
from ops.aws.deployment import STACKS
from ops.aws.regions import regions_of
from ops.aws.synthesis import given_settings
from ops.console import status
from ops.errors import ExitCode, FruitsError, WrongUsage
from ops.pricing.price_book import PriceBook
from ops.teardown.empty.plan import EmptyingPlan
from ops.teardown.leaks.prices import Prices
from ops.teardown.leaks.sweep import Findings, caller, sweep

BILLABLE_LEFT: Final = ExitCode.FAILED
"""Exit code of a sweep that has found something on the bill."""

NOT_ALL_SEEN: Final = ExitCode.INCOMPLETE
"""Exit code of a sweep that could not ask every service."""

Account = Annotated[
    str | None, typer.Option("--account", help="Fail unless the credentials are of this account.", metavar="NUMBER")
]
SecondKey = Annotated[
    str | None,
    typer.Option(
        "--yes-delete", help="Second key: the name of the data bucket, without being asked.", metavar="BUCKET"
    ),
]


class Place:
    """Settings, and the clients of the user's account in any region.

    Parameters
    ----------
    context
        Settings as after ``-c``.
    wanted
        Number of the account that it has to be, if one was given.

    Raises
    ------
    WrongSetting
        For a setting that is not accepted.
    FruitsError
        If the account is another, or does not answer.
    """

    def __init__(self, context: Sequence[str] | None, wanted: str | None) -> None:
        self.settings: DeploymentSettings = given_settings(context or ())
        self.clients: Callable[[str], Client] = cache(account)
        self.client = self.clients(self.settings.region)
        if wanted is not None and (found := caller(self.client)) != wanted:
            raise FruitsError(
                f"the credentials are of account {found}, not of {wanted}; choose others with AWS_PROFILE"
            )

    def sweep(self, *, everywhere: bool = False) -> Findings:
        """Look for all that is left."""
        prices = Prices(PriceBook.load())
        with status("Asking every service"):
            return sweep(
                self.settings.env, regions_of(self.settings, everywhere=everywhere), prices, clients=self.clients
            )


def exit_code(findings: Findings, keep: Sequence[str]) -> int:
    """Give the exit code for what a sweep has found."""
    if findings.unseen:
        return NOT_ALL_SEEN
    return BILLABLE_LEFT if findings.billable(keep) else 0


def known_stack(name: str) -> str:
    """Check the name of a stack."""
    if name not in STACKS:
        raise WrongUsage(f"{name} is not a stack; accepted: {', '.join(STACKS)}")
    return name


def turn_second_key(plan: EmptyingPlan, given: str | None) -> None:
    """Take the second key from the command or a terminal: nothing is deleted without it."""
    if given is None:
        if not sys.stdin.isatty():
            raise WrongUsage(f"nothing is deleted without the second key; add --yes-delete {plan.key}")
        given = typer.prompt(f"Type the bucket's name to delete all that ({plan.key})", default="", show_default=False)
    if given != plan.key:
        raise FruitsError(f"{given or '(nothing)'} is not the name of the bucket, {plan.key}; nothing is deleted")
