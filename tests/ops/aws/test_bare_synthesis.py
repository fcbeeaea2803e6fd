import json
import re
from typing import Any

import pytest

from infra.errors import DeploymentError
from infra.templates import Deployment
from ops.aws.bare_synthesis import bare_templates, default_settings

pytestmark = pytest.mark.cdk


def resources(deployment: Deployment) -> dict[str, Any]:
    """Return types and properties by name, without the hashes of what travels to the cluster."""
    listed = {item.logical_id: [item.kind, item.properties] for item in deployment.resources()}
    plain: dict[str, Any] = json.loads(re.sub(r"[0-9a-f]{64}", "<sha256>", json.dumps(listed)))
    return {re.sub(r"[0-9A-F]{8}$", "", name): _sorted(item) for name, item in plain.items()}


def _sorted(value: Any) -> Any:
    """Put the items of lists in the order of their text: the CDK sorts some of them by hashes of assets."""
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in value.items()}
    return sorted((_sorted(item) for item in value), key=json.dumps) if isinstance(value, list) else value


def test_the_templates_are_those_that_are_deployed_but_for_the_hashes_of_assets(deployment: Deployment) -> None:
    assert resources(bare_templates(default_settings())) == resources(deployment)


def test_settings_may_be_given_in_place_of_the_defaults() -> None:
    assert default_settings(env="dev").mode == "interactive"


def test_a_setting_that_is_not_accepted_is_refused() -> None:
    with pytest.raises(DeploymentError, match="region=us-east-1"):
        default_settings(region="us-east-1")
