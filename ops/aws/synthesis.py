"""The settings of a deployment as the user gives them to `cdk`, and the templates that they make."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.context import read_settings, require_deployable
from infra.errors import DeploymentError
from infra.settings import DeploymentSettings
from ops.aws.cdk import ROOT
from ops.errors import ExitCode, FruitsError


class SynthesisFailed(FruitsError):
    """The app does not synthesise; the message is what it said."""


class WrongSetting(SynthesisFailed):
    """A setting is not accepted; the message says which are."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True)
class Synthesis:
    """A synthesised app.

    Parameters
    ----------
    folder
        The cloud assembly (``cdk.out``).
    settings
        What it was made from.
    templates
        By the names of stacks in CloudFormation.
    regions
        Of these stacks.
    """

    folder: Path
    settings: DeploymentSettings
    templates: Mapping[str, Mapping[str, Any]]
    regions: Mapping[str, str]


def given_settings(values: Sequence[str], *, to_deploy: bool = False) -> DeploymentSettings:
    """Read settings from ``key=value`` as `cdk -c` takes them, and from cdk.json.

    Parameters
    ----------
    values
        As after ``-c``.
    to_deploy
        Whether they are to be deployed, for which an environment may need more than for anything else.

    Raises
    ------
    WrongSetting
        For a value that is not accepted, with what is.
    """
    try:
        settings = read_settings({**_defaults(), **_pairs(values)})
        if to_deploy:
            require_deployable(settings)
    except DeploymentError as error:
        raise WrongSetting(str(error)) from None
    return settings


def synthesise(folder: Path, values: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Synthesis:
    """Run app.py, as `cdk synth` does, with ``key=value`` settings.

    Parameters
    ----------
    folder
        For the cloud assembly.
    values
        As after ``-c``.
    environment
        Variables of its process; those of this process unless given.

    Raises
    ------
    SynthesisFailed
        If the settings, or the stacks that they make, are refused.
    """
    settings = given_settings(values, to_deploy=True)
    context = json.dumps(_pairs(values))
    variables = {**(os.environ if environment is None else environment)}
    variables |= {"CDK_OUTDIR": str(folder.resolve()), "CDK_CONTEXT_JSON": context}
    run = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise SynthesisFailed((run.stderr or run.stdout).strip())
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    stacks = [item for item in manifest["artifacts"].values() if item["type"] == "aws:cloudformation:stack"]
    return Synthesis(
        folder=folder,
        settings=settings,
        templates={
            item["properties"]["stackName"]: json.loads((folder / item["properties"]["templateFile"]).read_bytes())
            for item in stacks
        },
        regions={item["properties"]["stackName"]: item["environment"].rpartition("/")[2] for item in stacks},
    )


def _defaults() -> Mapping[str, Any]:
    context: Mapping[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return context


def _pairs(values: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not (key and equals):
            raise WrongSetting(f"-c {value}: expected key=value, such as -c core_vcpus=16")
        pairs[key.strip()] = text
    return pairs
