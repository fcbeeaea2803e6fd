"""Phase "facts": what can be read before anything is deployed."""

import json
import shutil
from typing import Final

from ops.aws.account import absent
from ops.beliefs.belief import Phase
from ops.pricing.price_book import PRICES
from ops.verify.findings import Answers, Check, Finding, holds
from ops.verify.stage import Stage
from ops.verify.workspace import A, Workspace

_WITHOUT_BUDGETS: Final = ("eu-north-1", "eu-south-1", "eu-south-2")


def _act(workspace: Workspace) -> None:
    answers = workspace.answers
    ended = workspace.fruits("preflight", "--json", env=A, accept=(0, 1, 3))
    answers.put("preflight", json.loads(ended.output)["checks"])
    if workspace.embedded:
        return
    client = workspace.places[A].client
    answers.ask("public access", lambda: client("emr").get_block_public_access_configuration())
    answers.ask("lake formation", lambda: client("lakeformation").get_data_lake_settings()["DataLakeSettings"])
    answers.ask("budgets", lambda: {region: _knows_budgets(workspace, region) for region in _WITHOUT_BUDGETS})
    with answers.asking("prices"):
        copy = workspace.folder / PRICES.name
        shutil.copy(PRICES, copy)
        answers.put("prices", workspace.fruits("price", "--refresh", "--prices", str(copy), env=A).text)


def _knows_budgets(workspace: Workspace, region: str) -> bool:
    client = workspace.places[A].clients(region)
    with absent("TypeNotFoundException"):
        client("cloudformation").describe_type(Type="RESOURCE", TypeName="AWS::Budgets::Budget")
        return True
    return False


def _no_budgets(answers: Answers) -> Finding:
    found = answers["budgets"]
    return holds(not any(found.values()), found)


def _prices(answers: Answers) -> Finding:
    answer = answers["prices"]
    return holds("AWS names no single price for" not in answer, answer[-1500:])


def _preflight(answers: Answers) -> Finding:
    unchecked = [check for check in answers["preflight"] if check["outcome"] == "not checked"]
    return holds(not unchecked, unchecked or "all was checked")


FACTS: Final = Stage(
    phase=Phase.FACTS,
    minutes=2,
    act=_act,
    builds=False,
    checks={
        18: Check(_no_budgets, "it has one registry of types for all regions"),
        24: Check(_prices, "it has no price list"),
        29: Check(_preflight, "it has no quotas, offerings and releases"),
    },
)
