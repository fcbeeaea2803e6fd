"""What a command works on: the account and the deployment that its settings name; and how it says what went wrong."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console

from infra.settings import DeploymentSettings
from job.errors import JobError
from ops.account import AwsRefused, Client, account
from ops.cdk import CdkFailed
from ops.deployment import Deployment, find_deployment
from ops.synthesis import SynthesisFailed, given_settings
from ops.upload_plan import UploadRefused

FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130

out = Console()
err = Console(stderr=True)

Context = Annotated[
    list[str] | None,
    typer.Option("--context", "-c", help="A setting, as cdk takes it: env=dev, region=eu-west-1.", metavar="KEY=VALUE"),
]


@dataclass(frozen=True)
class Target:
    """An environment in an account.

    Parameters
    ----------
    values
        As after ``-c``.
    settings
        Which they make.
    client
        Of the account, in the region of the settings.
    """

    values: Sequence[str]
    settings: DeploymentSettings
    client: Client

    @cached_property
    def deployment(self) -> Deployment:
        """The stacks that are deployed."""
        return find_deployment(self.client, env=self.settings.env, region=self.settings.region)

    @property
    def options(self) -> str:
        """The settings as a command is given them, with a space in front."""
        return "".join(f" -c {value}" for value in self.values)


def target(values: Sequence[str] | None) -> Target:
    """Read settings, and find the account.

    Raises
    ------
    SynthesisFailed
        For a setting that is not accepted.
    AwsRefused
        If there is no such profile.
    """
    settings = given_settings(values or ())
    return Target(tuple(values or ()), settings, account(settings.region))


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End with one line, and code 1, or 2 where the command was wrong."""
    try:
        yield
    except (SynthesisFailed, JobError) as error:
        fail(str(error), WRONG_USAGE)
    except (AwsRefused, CdkFailed, UploadRefused) as error:
        fail(str(error), FAILED)


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Say what went wrong, and end."""
    err.print("[bold red]error:[/] ", end="")
    err.print(message, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code) from None
