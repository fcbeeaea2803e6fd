"""Entry point of the CDK: context, then settings, then stacks."""

import json
import os
import sys
from pathlib import Path

# Node, which the CDK runs in, is installed beside this interpreter; nobody has to put it on the PATH.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
# The CDK's runtime unpacks itself there, and not below a home that may not be writable.
os.environ.setdefault("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(Path(__file__).parent.resolve() / ".cache" / "jsii"))

from aws_cdk import App

from infra.context import require_deployable
from infra.errors import DeploymentError
from infra.packaging import locate_assets
from infra.remembered import read_app_settings
from infra.stacks import add_stacks
from infra.validation import add_rules

root = Path(__file__).parent
defaults = json.loads((root / "cdk.json").read_text(encoding="utf-8"))["context"]
app = App(context=defaults, stack_traces=False)  # traces would name files of this machine
try:
    account = os.environ.get("CDK_DEFAULT_ACCOUNT")
    settings = read_app_settings(app.node.get_all_context(), root, account=account)
    require_deployable(settings)
    assets = locate_assets(root, wheels=settings.wheels, architecture=settings.architecture)
    add_stacks(app, settings=settings, assets=assets)
    add_rules(app)
except DeploymentError as error:
    sys.exit(f"error: {error}")
app.synth()
