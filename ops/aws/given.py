"""Settings of a deployment as the user gives them, ``-c key=value`` as for `cdk`, read once and for all."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from infra.context import read_settings, require_deployable
from infra.errors import DeploymentError
from infra.remembered import Defaults, find_defaults
from infra.settings import DeploymentSettings
from ops.console import err
from ops.errors import ExitCode, FruitsError
from ops.project import ROOT

DEFAULT_QUALIFIER: Final = "hnb659fds"
"""The CDK's own (`aws_cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER`), which takes seconds to import."""

_QUALIFIER: Final = "@aws-cdk/core:bootstrapQualifier"
"""Key of the context in which the CDK is told another one."""


class WrongSetting(FruitsError):
    """A setting is not accepted; the message says which are."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True)
class GivenSettings:
    """Settings, and what was given to get them.

    Parameters
    ----------
    context
        What was given, by keys.
    settings
        What that makes.
    defaults
        What was not given, but holds in this checkout; all else comes from cdk.json.
    """

    context: Mapping[str, str]
    settings: DeploymentSettings
    defaults: Defaults = field(default_factory=Defaults)

    @property
    def options(self) -> str:
        """The same settings as a command takes them in this checkout, quoted for a shell, with a space in front."""
        return "".join(f" -c {shlex.quote(f'{key}={value}')}" for key, value in self.context.items())

    @property
    def complete(self) -> Mapping[str, str]:
        """All that makes the settings, but for cdk.json."""
        return {**self.defaults.context, **self.context}

    @property
    def qualifier(self) -> str:
        """Part of the names of what the CDK's bootstrap has made, which a company's own bootstrap changes."""
        return str({**_cdk_json(), **self.complete}.get(_QUALIFIER, DEFAULT_QUALIFIER))

    @property
    def place(self) -> str:
        """Which environment it is and where, and what says so."""
        sources = self.defaults.sources
        named = [
            f"{', '.join(key for key in sources if sources[key] == source)} from {source}"
            for source in dict.fromkeys(sources.values())
        ]
        because = "; ".join(named if "env" in self.complete else ["the default", *named])
        text = f"Environment {self.settings.env} in {self.settings.region}"
        return f"{text} ({because})" if because else text

    def changed(self, **context: str) -> "GivenSettings":
        """Return the settings with others in place of some.

        Raises
        ------
        WrongSetting
            For a value that is not accepted.
        """
        return _read({**self.context, **context}, self.defaults)

    def with_defaults(self, source: str, **context: str) -> "GivenSettings":
        """Return the settings with values for what is neither given nor remembered.

        Parameters
        ----------
        source
            Where the values come from, for people.
        """
        return _read(self.context, self.defaults.with_defaults(self.context, source, **context))

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
    """Read settings from ``key=value`` as `cdk -c` takes them, from what the checkout remembers, and from cdk.json.

    Raises
    ------
    WrongSetting
        For a value that is not accepted, with what is.
    """
    context = parse_values(values or ())
    try:
        defaults = find_defaults(context, ROOT)
    except DeploymentError as error:
        raise WrongSetting(str(error)) from None
    return _read(context, defaults)


def show_place(given: GivenSettings) -> GivenSettings:
    """Print on standard error which environment a command is about, unless the user has just typed it all."""
    if given.defaults.context or "env" not in given.context:
        err.print(given.place, style="dim", soft_wrap=True)
    return given


def parse_values(values: Sequence[str], option: str = "-c ") -> dict[str, str]:
    """Read ``key=value`` by keys.

    Parameters
    ----------
    values
        As they were typed.
    option
        What stands before each, for the message.

    Raises
    ------
    WrongSetting
        For one without a key or an equals sign.
    """
    context = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not (key and equals):
            raise WrongSetting(f"{option}{value}: expected key=value, such as {option}core_vcpus=16")
        context[key.strip()] = text
    return context


def _read(context: Mapping[str, str], defaults: Defaults) -> GivenSettings:
    try:
        return GivenSettings(context, read_settings({**_cdk_json(), **defaults.context, **context}), defaults)
    except DeploymentError as error:
        raise WrongSetting("\n".join(_with_source(line, defaults) for line in str(error).splitlines())) from None


def _cdk_json() -> Mapping[str, Any]:
    context: Mapping[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return context


def _with_source(line: str, defaults: Defaults) -> str:
    """Return a wrong setting with where it comes from, unless it has just been typed."""
    source = next((source for key, source in defaults.sources.items() if line.startswith((f"{key}=", f"{key}:"))), None)
    return f"{line} (from {source}; see: fruits use)" if source else line
