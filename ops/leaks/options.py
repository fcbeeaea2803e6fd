"""What ``fruits leaks``, ``fruits empty`` and ``fruits destroy`` have in common: options, errors, confirmation."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from infra.settings import DeploymentSettings
from ops.account import AwsRefused, Client, account
from ops.deployment import STACKS
from ops.emptying.plan import EmptyingPlan
from ops.leaks.prices import Prices
from ops.leaks.regions import regions_of
from ops.leaks.sweep import Findings, caller, sweep
from ops.pricing.price_book import PriceBook, PricesUnreadable
from ops.synthesis import SynthesisFailed, given_settings

out = Console()
err = Console(stderr=True)

BILLABLE_LEFT: Final = 1
"""Exit code of a sweep that has found something on the bill."""

USAGE: Final = 2
"""Exit code if something was not given that has to be."""

NOT_ALL_SEEN: Final = 3
"""Exit code of a sweep that could not ask every service."""

Context = Annotated[
    list[str] | None,
    typer.Option(
        "--context", "-c", help="Setting key=value, as for cdk: env=dev, region=eu-west-1.", metavar="KEY=VALUE"
    ),
]
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
    SynthesisFailed
        For a setting that is not accepted.
    AwsRefused
        If the account is another.
    """

    def __init__(self, context: Sequence[str] | None, wanted: str | None) -> None:
        # Nobody is told of anything here: an environment that needs an address to be deployed needs none.
        self.settings: DeploymentSettings = given_settings(["email=nobody@example.org", *(context or ())])
        self.clients: Callable[[str], Client] = cache(account)
        self.client = self.clients(self.settings.region)
        if wanted is not None and (found := caller(self.client)) != wanted:
            raise AwsRefused(f"the credentials are of account {found}, not of {wanted}; choose others with AWS_PROFILE")

    def sweep(self, *, everywhere: bool = False) -> Findings:
        """Look for all that is left."""
        prices = Prices(PriceBook.load())
        with err.status("Asking every service"):
            return sweep(
                self.settings.env, regions_of(self.settings, everywhere=everywhere), prices, clients=self.clients
            )


def exit_code(findings: Findings, keep: Sequence[str]) -> int:
    """Give the exit code for what a sweep has found."""
    if findings.unseen:
        return NOT_ALL_SEEN
    return BILLABLE_LEFT if findings.billable(keep) else 0


def known_stack(name: str) -> str:
    """Check the name of a stack, or end."""
    if name not in STACKS:
        wrong_usage(f"{name} is not a stack; accepted: {', '.join(STACKS)}")
    return name


def turn_second_key(plan: EmptyingPlan, given: str | None) -> None:
    """Take the second key from the command or a terminal: nothing is deleted without it."""
    if given is None:
        if not sys.stdin.isatty():
            wrong_usage(f"nothing is deleted without the second key; add --yes-delete {plan.key}")
        given = typer.prompt(f"Type the bucket's name to delete all that ({plan.key})", default="", show_default=False)
    if given != plan.key:
        raise AwsRefused(f"{given or '(nothing)'} is not the name of the bucket, {plan.key}; nothing is deleted")


def confirm(question: str) -> None:
    """Ask at a terminal; without one, end."""
    if not sys.stdin.isatty():
        wrong_usage("nothing is destroyed without a word; add --yes")
    if not typer.confirm(question):
        raise AwsRefused("nothing is destroyed")


@contextmanager
def errors() -> Iterator[None]:
    """End with one line and exit code 1 for what the user can mend."""
    try:
        yield
    except (AwsRefused, PricesUnreadable, SynthesisFailed) as error:
        complain(str(error))
        raise typer.Exit(1) from None


def wrong_usage(problem: str) -> NoReturn:
    """End with one line and exit code 2."""
    complain(problem)
    raise typer.Exit(USAGE)


def complain(problem: str) -> None:
    """Print an error."""
    err.print(Text("error: ", style="bold red").append(problem, style="not bold default"), soft_wrap=True)
