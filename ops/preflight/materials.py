"""Whether what a deployment needs is there: on this machine, and the photographs."""

import shutil
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from infra.errors import DeploymentError
from infra.packaging import locate_assets
from job.storage.listing import is_photograph
from ops.aws.s3.folder import Folder
from ops.build.wheelhouse import Wheelhouse
from ops.preflight.findings import Check, Finding, Scope, failure, ok, warning
from ops.pricing.from_settings import footprint_of_settings
from ops.pricing.price import price
from ops.pricing.price_book import PriceBook, PricesUnreadable
from ops.project import ROOT

PRICES_AGE_DAYS: Final = 90
"""Older prices are worth a warning."""

_COUNTED: Final = 1000


def command_line(scope: Scope) -> Finding:
    """Look for the CDK's command line and for Node, which it runs on."""
    del scope
    node = Path(sys.executable).with_name("node")
    if not (ROOT / "node_modules" / "aws-cdk").is_dir() or not (node.exists() or shutil.which("node")):
        return failure("the CDK's command line or Node is not installed", "make setup")
    return ok("installed")


def products(scope: Scope) -> Finding:
    """Look for the wheels and weights that the stacks upload, made from the lock as it is now."""
    settings = scope.settings
    fix = f"make assets ENGINE={settings.engine} ARCHITECTURE={settings.architecture}"
    try:
        locate_assets(ROOT, engine=settings.engine, architecture=settings.architecture)
    except DeploymentError as error:
        return failure(str(error).partition("; run:")[0], fix)
    if not Wheelhouse.below(ROOT / "build", settings.engine, settings.architecture).is_complete():
        return failure("the wheels are not those of requirements/: the nodes would install others", fix)
    return ok(f"wheels and weights for {settings.engine} on {settings.architecture}")


def photographs(scope: Scope) -> Finding:
    """Look for photographs: without any, the job fails once its nodes are paid for."""
    storage = scope.deployment.stacks.get("FruitsStorage")
    serious = failure if scope.settings.mode == "transient" else warning
    if storage is None or "ImagesUri" not in storage.outputs:
        return serious(
            "no data bucket yet: the job of a transient cluster starts with it and needs photographs",
            f"cdk deploy FruitsStorage{scope.options}, then fruits images upload FOLDER{scope.options}",
        )
    uri = storage.outputs["ImagesUri"]
    if not uri.endswith(f"/{scope.settings.images_prefix}"):
        return warning(f"{scope.settings.images_prefix} will be another folder than the deployed {uri}")
    count = 0
    for item in Folder(scope.client, uri).list():
        count += is_photograph(item.path)
        if count == _COUNTED:
            return ok(f"{_COUNTED:,} or more in {uri}")
    if not count:
        return serious(f"no photographs in {uri}", f"fruits images upload FOLDER{scope.options}")
    return ok(f"{count:,} in {uri}")


def prices(scope: Scope) -> Finding:
    """Ask how old the prices are, and whether the cluster has one."""
    refresh = "fruits price --refresh"
    try:
        hour = price(footprint_of_settings(scope.settings), PriceBook.load()).hour
    except PricesUnreadable as error:
        return warning(str(error), refresh)
    if not hour.usd or hour.oldest is None:
        return warning(f"no price of a cluster in {scope.region} is known", refresh)
    age = (_today() - hour.oldest).days
    text = f"{hour.words} an hour, by prices of {hour.oldest:%Y-%m-%d}"
    return warning(f"{text}, {age} days ago", refresh) if age > PRICES_AGE_DAYS else ok(text)


def _today() -> date:
    return datetime.now(UTC).date()


CHECKS: Final = (
    Check("CDK command line", command_line),
    Check("Wheels and weights", products),
    Check("Photographs", photographs, ("cloudformation", "s3")),
    Check("Prices", prices),
)
