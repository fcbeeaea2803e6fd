"""Deployments synthesised in this process, from small stand-ins for the products of the build."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra.context import read_settings
from infra.packaging import Assets, locate_assets
from infra.settings import DeploymentSettings
from infra.templates import Deployment, Template

if TYPE_CHECKING:  # the CDK takes a second to load, which tests that have no deployment are not to pay
    from aws_cdk import App, cx_api

PROJECT = Path(__file__).parents[1]
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where jsii finds node

AS_THE_COMMAND_LINE = {"aws:cdk:enable-path-metadata": True}


@pytest.fixture(scope="session")
def context() -> dict[str, Any]:
    """The context of cdk.json: feature flags and environments."""
    context: dict[str, Any] = json.loads((PROJECT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return context


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with a job of one module and stand-ins for wheels, weights and bootstrap script."""
    root = tmp_path_factory.mktemp("project")
    for name, content in {
        "job/__init__.py": "",
        "job/main.py": "print('featurizing')\n",
        "job/report/report.html": "<html></html>\n",
        "assets/bootstrap/install.sh": "#!/bin/bash\n",
        "assets/bootstrap/probe.py": "print({})\n",
        "build/model/mobilenet_v2.tflite": "frozen",
        "build/model/mobilenet_v2.pth": "checkpoint",
    }.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    for engine in ("litert", "keras", "notebook"):
        for architecture in ("x86_64", "arm64"):
            wheelhouse = root / "build" / "wheelhouse" / f"{engine}-{architecture}"
            wheelhouse.mkdir(parents=True)
            (wheelhouse / f"{engine}-1.0-py3-none-{architecture}.whl").write_text("wheel", encoding="utf-8")
            (wheelhouse / "requirements.txt").write_text(
                f"{engine}==1.0 \\\n    --hash=sha256:{'0' * 64}\n", encoding="utf-8"
            )
    return root


@pytest.fixture(scope="session")
def settings_of(context: dict[str, Any]) -> Callable[..., DeploymentSettings]:
    """Settings as `cdk synth -c key=value …` would read them."""
    return lambda **given: read_settings(context | given)


@pytest.fixture(scope="session")
def assets_of(project: Path) -> Callable[[DeploymentSettings], Assets]:
    """Assets of some settings."""
    return lambda settings: locate_assets(project, wheels=settings.wheels, architecture=settings.architecture)


@pytest.fixture(scope="session")
def build(
    context: dict[str, Any],
    settings_of: Callable[..., DeploymentSettings],
    assets_of: Callable[[DeploymentSettings], Assets],
) -> "Callable[..., App]":
    """Build an app with all stacks of some settings, not yet synthesised; rules, the CDK's too, only when asked for."""
    from aws_cdk import App

    from infra.stacks import add_stacks
    from infra.validation import add_rules

    def build_app(outdir: str | None = None, *, rules: bool = False, **given: Any) -> "App":
        app = App(
            context=context | AS_THE_COMMAND_LINE,
            outdir=outdir,
            stack_traces=False,
            builtin_cloud_formation_validation=rules,
        )
        settings = settings_of(**given)
        add_stacks(app, settings=settings, assets=assets_of(settings))
        if rules:
            add_rules(app)
        return app

    return build_app


@pytest.fixture(scope="session")
def assembly(
    build: "Callable[..., App]", settings_of: Callable[..., DeploymentSettings]
) -> "Callable[..., cx_api.CloudAssembly]":
    """Synthesise the stacks of some settings, once a session for each; the folder is not to be written to."""
    synthesised: dict[DeploymentSettings, cx_api.CloudAssembly] = {}

    def synthesise(**given: Any) -> "cx_api.CloudAssembly":
        settings = settings_of(**given)
        if settings not in synthesised:
            synthesised[settings] = build(**given).synth()
        return synthesised[settings]

    return synthesise


@pytest.fixture(scope="session")
def deploy(assembly: "Callable[..., cx_api.CloudAssembly]") -> Callable[..., Deployment]:
    """Read the templates of some settings."""

    def read(**given: Any) -> Deployment:
        stacks = assembly(**given).stacks
        return Deployment(tuple(Template.read(stack.template_full_path, stack.environment.region) for stack in stacks))

    return read


@pytest.fixture(scope="session")
def deployment(deploy: Callable[..., Deployment]) -> Deployment:
    """The default deployment."""
    return deploy()
