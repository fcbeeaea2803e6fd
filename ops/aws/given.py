"""Settings of a deployment as the user gives them, ``-c key=value`` as for `cdk`, read once and for all."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.context import read_settings, require_deployable
from infra.errors import DeploymentError
from infra.settings import DeploymentSettings
from ops.errors import ExitCode, FruitsError
from ops.project import ROOT


class WrongSetting(FruitsError):
    """A setting is not accepted; the message says which are."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True)
class GivenSettings:
    """Settings, and what was given to get them.

    Parameters
    ----------
    context
        What was given, by keys; all else comes from cdk.json.
    settings
        What that makes.
    """

    context: Mapping[str, str]
    settings: DeploymentSettings

    @property
    def options(self) -> str:
        """The same settings as a command takes them, with a space in front."""
        return "".join(f" -c {key}={value}" for key, value in self.context.items())

    def changed(self, **context: str) -> "GivenSettings":
        """Return the settings with others in place of some.

        Raises
        ------
        WrongSetting
            For a value that is not accepted.
        """
        return _read({**self.context, **context})

    def require_deployable(self) -> None:
        """Check that they may be deployed, for which an environment may need more than for anything else.

        Raises
        ------
        WrongSetting
            If something is missing.
        """
        try:
            require_deployable(self.settings)
        except DeploymentError as error:
            raise WrongSetting(str(error)) from None


def read_given(values: Sequence[str] | None) -> GivenSettings:
    """Read settings from ``key=value`` as `cdk -c` takes them, and from cdk.json.

    Raises
    ------
    WrongSetting
        For a value that is not accepted, with what is.
    """
    context = {}
    for value in values or ():
        key, equals, text = value.partition("=")
        if not (key and equals):
            raise WrongSetting(f"-c {value}: expected key=value, such as -c core_vcpus=16")
        context[key.strip()] = text
    return _read(context)


def _read(context: Mapping[str, str]) -> GivenSettings:
    defaults: Mapping[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    try:
        return GivenSettings(context, read_settings({**defaults, **context}))
    except DeploymentError as error:
        raise WrongSetting(str(error)) from None
