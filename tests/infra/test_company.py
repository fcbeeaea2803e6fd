"""Tags and a boundary that a company's account asks for: on everything, and never in place of ours."""

from collections.abc import Callable
from typing import Any

import pytest

from infra.errors import DeploymentError
from infra.settings import DeploymentSettings
from infra.templates import Deployment, text

COMPANY = {"tags": "cost-centre=42,team=fruit veg", "permissions_boundary": "team/boundary"}


@pytest.fixture(scope="module")
def company(deploy: Callable[..., Deployment]) -> Deployment:
    everything = {"env": "dev", "mode": "interactive", "notebook": True, "email": "team@example.org"}
    return deploy(**everything, **COMPANY)


def _tags(properties: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", ())}


def test_everything_that_has_our_tags_has_those_of_the_company(company: Deployment) -> None:
    tagged = [item for item in company.resources() if "project" in _tags(item.properties)]
    assert len(tagged) > 10
    for item in tagged:
        assert _tags(item.properties).items() >= {
            ("project", "fruits"),
            ("environment", "dev"),
            ("cost-centre", "42"),
            ("team", "fruit veg"),
        }


def test_every_role_has_the_boundary(company: Deployment) -> None:
    roles = list(company.resources("AWS::IAM::Role"))
    assert len(roles) >= 4
    for role in roles:
        assert text(role.properties["PermissionsBoundary"]).endswith(":policy/team/boundary"), role.logical_id


def test_without_the_settings_there_is_no_boundary(deployment: Deployment) -> None:
    assert not any("PermissionsBoundary" in role.properties for role in deployment.resources("AWS::IAM::Role"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tags": "project=other"}, "project is a tag of ours or of AWS"),
        ({"tags": "environment=prod"}, "environment is a tag of ours or of AWS"),
        ({"tags": "for-use-with-amazon-emr-managed-policies=false"}, "is a tag of ours or of AWS"),
        ({"tags": "aws:owner=me"}, "aws:owner is a tag of ours or of AWS"),
        ({"tags": "cost-centre"}, "cost-centre is not a tag"),
        ({"tags": "a=<b>"}, "is not a tag"),
        ({"permissions_boundary": "arn:aws:iam::1:policy/b"}, "accepted: name of a policy of the account"),
    ],
)
def test_what_would_break_ours_is_refused(
    given: dict[str, str], said: str, settings_of: Callable[..., DeploymentSettings]
) -> None:
    with pytest.raises(DeploymentError, match=said):
        settings_of(env="demo", **given)
