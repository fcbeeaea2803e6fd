"""Entry point of the CDK: context, then settings, then stacks."""

import json
import os
import sys
from pathlib import Path

# Node, which the CDK runs in, is installed beside this interpreter; nobody has to put it on the PATH.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

from aws_cdk import App

from infra.context import read_settings, require_deployable
from infra.errors import DeploymentError
from infra.packaging import locate_assets
from infra.stacks import add_stacks
from infra.validation import add_rules

root = Path(__file__).parent
defaults = json.loads((root / "cdk.json").read_text(encoding="utf-8"))["context"]
app = App(context=defaults, stack_traces=False)  # traces would name files of this machine
try:
    settings = read_settings(app.node.get_all_context())
    require_deployable(settings)
    assets = locate_assets(root, wheels=settings.wheels, architecture=settings.architecture)
    add_stacks(app, settings=settings, assets=assets)
    add_rules(app)
except DeploymentError as error:
    sys.exit(f"error: {error}")
app.synth()
