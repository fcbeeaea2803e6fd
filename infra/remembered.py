"""What nobody has to type again: the environment and the settings that a checkout remembers.

`fruits` and `app.py`, which `cdk` runs, read them by `find_defaults`, so that both mean the same place. From the
strongest to the weakest: ``-c key=value``; the variable ``FRUITS_CONTEXT``, written ``env=dev core_vcpus=16``; the file
``.fruits.json`` of the checkout, which `fruits use` writes and Git ignores; ``cdk.json``.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.context import DEFAULT_ENVIRONMENT, read_settings, without_keys_of_others
from infra.errors import DeploymentError
from infra.settings import DeploymentSettings

FILE: Final = ".fruits.json"
FILE_VARIABLE: Final = "FRUITS_FILE"
"""Names another file than that of the checkout; none, if it is empty."""

CONTEXT_VARIABLE: Final = "FRUITS_CONTEXT"

OF_ONE_RUN: Final = ("run_id", "limit", "label")
"""Settings that are about one run, not about a place: nobody remembers them for the next."""

_Values = dict[str, Annotated[str, Field(max_length=2_000)]]


class Remembered(BaseModel):
    """What the file holds.

    Attributes
    ----------
    env
        The environment where none is named.
    settings
        Settings that are remembered, by environment.
    runs
        Run ids that `fruits` deployed last, by `run_key`. Without them `cdk deploy` would replace the cluster of the
        last run by one of the first.
    trials
        ``limit`` and ``label`` of those of these runs that were trials, by `run_key`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str | None = None
    settings: dict[str, _Values] = Field(default_factory=dict)
    runs: _Values = Field(default_factory=dict)
    trials: dict[str, _Values] = Field(default_factory=dict)

    def run(self, key: str) -> dict[str, str]:
        """Return the settings that made the run of a deployment, `OF_ONE_RUN`; nothing if no run is remembered."""
        return {"run_id": self.runs[key], **self.trials.get(key, {})} if key in self.runs else {}

    def with_run(self, key: str, run: Mapping[str, str]) -> "Remembered":
        """Return what is remembered with the settings of another run."""
        trial = {name: value for name, value in run.items() if name != "run_id"}
        others = {place: values for place, values in self.trials.items() if place != key}
        return self.model_copy(
            update={"runs": {**self.runs, key: run["run_id"]}, "trials": others | ({key: trial} if trial else {})}
        )


@dataclass(frozen=True)
class Defaults:
    """Settings that were not given, but are remembered or in a variable.

    Parameters
    ----------
    context
        Values by key.
    sources
        Where each comes from, for people.
    """

    context: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def with_defaults(self, given: Mapping[str, Any], source: str, **values: str) -> "Defaults":
        """Add values from another source for keys that neither it nor what was given has."""
        new = {key: value for key, value in values.items() if key not in self.context and key not in given}
        return Defaults({**self.context, **new}, {**self.sources, **dict.fromkeys(new, source)})


def run_key(account: str, region: str, env: str) -> str:
    """Return the key of a deployment in `Remembered.runs`."""
    return f"{account}/{region}/{env}"


def remembered_file(root: Path) -> Path | None:
    """Return the file that a checkout remembers in, or None if it is to remember nothing."""
    name = os.environ.get(FILE_VARIABLE)
    if name is None:
        return root / FILE
    return Path(name) if name else None


def read_remembered(path: Path | None) -> Remembered:
    """Read the file; nothing is remembered where it is not there.

    Raises
    ------
    DeploymentError
        If it cannot be read, or is not what `fruits use` writes.
    """
    try:
        return Remembered.model_validate_json(path.read_bytes()) if path else Remembered()
    except FileNotFoundError:
        return Remembered()
    except OSError as error:
        raise DeploymentError(f"{path}: cannot be read ({error.strerror}); accepted: a file of fruits use") from None
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        where = ".".join(map(str, wrong["loc"])) or "all of it"
        raise DeploymentError(
            f"{path}: not what fruits use writes ({where}); delete it, then say again what is to hold: fruits use env=…"
        ) from None


def write_remembered(path: Path, remembered: Remembered) -> None:
    """Write the file whole, or not at all.

    Raises
    ------
    DeploymentError
        If it cannot be written.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(remembered.model_dump(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise DeploymentError(
            f"{path}: cannot be written ({error.strerror}); name another file by {FILE_VARIABLE}"
        ) from None


def find_defaults(given: Mapping[str, Any], root: Path) -> Defaults:
    """Return what holds beside what was given.

    Parameters
    ----------
    given
        Settings as after ``-c``.
    root
        The checkout.

    Raises
    ------
    DeploymentError
        For a file or a variable that cannot be read.

    Notes
    -----
    A variable that names an environment is about that one alone: with ``-c env=prod`` nothing of ``env=dev …`` holds.
    """
    file, variable = remembered_file(root), _from_variable()
    remembered = read_remembered(file)
    chosen = given.get("env") or variable.get("env") or remembered.env
    found = Defaults()
    if variable.get("env", chosen) == chosen:
        found = found.with_defaults(given, CONTEXT_VARIABLE, **variable)
    if remembered.env:
        found = found.with_defaults(given, FILE, env=remembered.env)
    return found.with_defaults(given, FILE, **remembered.settings.get(chosen or DEFAULT_ENVIRONMENT, {}))


def read_app_settings(context: Mapping[str, Any], root: Path, *, account: str | None) -> DeploymentSettings:
    """Read the settings of an app: what the CDK gives it, and the defaults of the checkout.

    Parameters
    ----------
    context
        All the context of the app.
    root
        The checkout.
    account
        The account that it would be deployed to, as far as the CDK knows it.

    Raises
    ------
    DeploymentError
        For what is not accepted.
    """
    users = Path(os.path.expanduser("~/.cdk.json"))  # noqa: PTH111 - Path's own raises where there is no home
    own = without_keys_of_others(context, users)
    complete = {**own, **find_defaults(own, root).context}
    settings = read_settings(complete)
    if account is None or "run_id" in complete:
        return settings
    run = read_remembered(remembered_file(root)).run(run_key(account, settings.region, settings.env))
    return read_settings({**run, **complete}) if run else settings


def _from_variable() -> dict[str, str]:
    found = {}
    for word in os.environ.get(CONTEXT_VARIABLE, "").split():
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise DeploymentError(f"{CONTEXT_VARIABLE}: {word}: expected key=value, such as env=dev core_vcpus=16")
        found[key] = value
    return found
