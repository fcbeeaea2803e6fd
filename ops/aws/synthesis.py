"""The templates that settings make."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.remembered import CONTEXT_VARIABLE, FILE_VARIABLE
from infra.settings import DeploymentSettings
from ops.aws.given import GivenSettings
from ops.errors import FruitsError
from ops.project import ROOT
from ops.quantities import duration

_ENDS_WITHIN_SECONDS: Final = 600.0  # it takes ten on two cores


class SynthesisFailed(FruitsError):
    """The app does not synthesise; the message is what it said."""


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
        Templates by the names of stacks in CloudFormation.
    regions
        Regions of these stacks.
    """

    folder: Path
    settings: DeploymentSettings
    templates: Mapping[str, Mapping[str, Any]]
    regions: Mapping[str, str]


def synthesise(
    folder: Path,
    given: GivenSettings,
    *,
    environment: Mapping[str, str] | None = None,
    seconds: float = _ENDS_WITHIN_SECONDS,
) -> Synthesis:
    """Run app.py, as `cdk synth` does.

    Parameters
    ----------
    folder
        Gets the cloud assembly.
    given
        Settings of the deployment.
    environment
        Variables of its process; those of this process unless given.
    seconds
        After which it is given up.

    Raises
    ------
    WrongSetting
        If the settings may not be deployed.
    SynthesisFailed
        If the stacks that they make are refused, or the app does not end.
    """
    given.require_deployable()
    variables = {**(os.environ if environment is None else environment)}
    variables.pop(CONTEXT_VARIABLE, None)
    variables |= {FILE_VARIABLE: ""}  # what is remembered is among the settings already
    variables |= {"CDK_OUTDIR": str(folder.resolve()), "CDK_CONTEXT_JSON": json.dumps(given.complete)}
    try:
        run = subprocess.run(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise SynthesisFailed(
            f"app.py has not ended within {duration(seconds)}; see where it stays: cdk synth{given.options}"
        ) from None
    if run.returncode:
        raise SynthesisFailed((run.stderr or run.stdout).strip())
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    stacks = [item for item in manifest["artifacts"].values() if item["type"] == "aws:cloudformation:stack"]
    return Synthesis(
        folder=folder,
        settings=given.settings,
        templates={
            item["properties"]["stackName"]: json.loads((folder / item["properties"]["templateFile"]).read_bytes())
            for item in stacks
        },
        regions={item["properties"]["stackName"]: item["environment"].rpartition("/")[2] for item in stacks},
    )
