"""The templates of settings, without the products of the build: of these, only the hashes in names would differ."""

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from infra.context import read_settings
from infra.packaging import LOCK, Assets
from infra.settings import DeploymentSettings
from infra.templates import Deployment, Template
from ops.project import ROOT

_STAND_IN: Final = "made by `make assets`; this stands for it\n"
_WITHOUT_REPORT: Final = {"@aws-cdk/core:annotationsInValidationReport": False}  # which is for who deploys


def default_settings(**given: object) -> DeploymentSettings:
    """Return the settings of cdk.json, whatever this checkout remembers, with some values in place of them.

    Raises
    ------
    DeploymentError
        For a value that is not accepted.
    """
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return read_settings(context | given)


def bare_templates(settings: DeploymentSettings) -> Deployment:
    """Synthesise in this process, in some ten seconds on two cores, and return the templates.

    The rules of a synth are not applied: what is drawn or counted is not what is deployed.
    """
    # Node, which the CDK runs in, is installed beside this interpreter.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    # The CDK takes a second to load, which commands without templates are not to pay.
    from aws_cdk import App  # noqa: PLC0415

    from infra.stacks import add_stacks  # noqa: PLC0415

    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    with TemporaryDirectory() as folder:
        place = Path(folder)
        app = App(
            context=context | _WITHOUT_REPORT,
            outdir=str(place / "cdk.out"),
            stack_traces=False,
            builtin_cloud_formation_validation=False,
        )
        add_stacks(app, settings=settings, assets=_stand_ins(place))
        stacks = app.synth().stacks
        templates = [Template.read(stack.template_full_path, stack.environment.region) for stack in stacks]
    return Deployment(tuple(Template(path=_name(item.path), region=item.region, body=item.body) for item in templates))


def _name(path: str) -> str:
    return Path(path).name.partition(".")[0]


def _stand_ins(folder: Path) -> Assets:
    wheelhouse = folder / "wheelhouse"
    wheelhouse.mkdir()
    for file in (wheelhouse / LOCK, folder / "job.zip", folder / "model.tflite"):
        file.write_text(_STAND_IN, encoding="utf-8")
    return Assets(
        job_main=ROOT / "job" / "main.py",
        job_archive=folder / "job.zip",
        bootstrap=ROOT / "assets" / "bootstrap" / "install.sh",
        probe=ROOT / "assets" / "bootstrap" / "probe.py",
        wheelhouse=wheelhouse,
        weights=folder / "model.tflite",
    )
