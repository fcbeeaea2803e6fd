"""`fruits deploy` in an embedded AWS: what was reviewed is deployed, and what was not is refused."""

import json
from pathlib import Path

import pytest

from ops.aws.account import Client
from ops.aws.cdk import Cdk
from ops.errors import ExitCode
from rehearsal.embedded.aws import ACCOUNT, EmbeddedAws
from tests.ops.commands import Fruits, fruits_with

pytestmark = [pytest.mark.server, pytest.mark.long]


@pytest.fixture(scope="module")
def fruits(aws: EmbeddedAws) -> Fruits:
    return fruits_with(aws)


@pytest.fixture(scope="module")
def plan(aws: EmbeddedAws, fruits: Fruits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan for the data's stack alone, in an account where nothing is deployed."""
    Cdk(Path(), aws.environment()).bootstrap(ACCOUNT, aws.region)
    folder = tmp_path_factory.mktemp("plans") / "plan"
    reviewed = fruits("review", "--stack", "FruitsStorage", "--out", str(folder))
    assert reviewed.exit_code == 1, reviewed.output
    assert f"Kept: deploy it with fruits deploy {folder}" in reviewed.stdout
    return folder


def _stacks(client: Client) -> dict[str, str]:
    return {item["StackName"]: item["StackStatus"] for item in client("cloudformation").describe_stacks()["Stacks"]}


def test_without_a_terminal_and_without_yes_nothing_is_deployed(plan: Path, fruits: Fruits, client: Client) -> None:
    refused = fruits("deploy", str(plan))
    assert refused.exit_code == ExitCode.USAGE
    assert "refusing to deploy without confirmation; add --yes" in refused.stderr
    assert set(_stacks(client)) == {"CDKToolkit"}


def test_what_would_lose_something_needs_a_second_word(plan: Path, fruits: Fruits, client: Client) -> None:
    file = plan / "fruits-plan.json"
    written = file.read_text(encoding="utf-8")
    file.write_text(json.dumps(json.loads(written) | {"verdict": 2}), encoding="utf-8")
    refused = fruits("deploy", str(plan), "--yes")
    file.write_text(written, encoding="utf-8")
    assert refused.exit_code == ExitCode.USAGE
    assert "add --destructive to --yes" in refused.stderr
    assert set(_stacks(client)) == {"CDKToolkit"}


def test_a_plan_is_deployed_once_and_only_what_was_reviewed(plan: Path, fruits: Fruits, client: Client) -> None:
    deployed = fruits("deploy", str(plan), "--yes")
    assert deployed.exit_code == 0, deployed.output
    assert _stacks(client)["FruitsStorage-demo"] == "CREATE_COMPLETE"
    assert set(_stacks(client)) == {"CDKToolkit", "FruitsStorage-demo"}

    again = fruits("deploy", str(plan), "--yes")
    assert again.exit_code == ExitCode.FAILED
    assert "deployed by others since the review of" in again.stderr
    assert "eu-west-3 FruitsStorage-demo" in again.stderr


def test_where_nothing_differs_nothing_is_deployed(plan: Path, fruits: Fruits, client: Client, tmp_path: Path) -> None:
    assert "FruitsStorage-demo" in _stacks(client) or fruits("deploy", str(plan), "--yes").exit_code == 0
    reviewed = fruits("review", "--stack", "FruitsStorage", "--out", str(tmp_path / "plan"))
    assert reviewed.exit_code == 0, reviewed.output
    nothing = fruits("deploy", str(tmp_path / "plan"))
    assert (nothing.exit_code, nothing.stdout) == (0, "Nothing differs from what is deployed: nothing to do\n")
