"""CloudFormation's type of a budget, over ministack's API of budgets."""

from typing import Any, Final

from rehearsal.embedded import vanilla
from rehearsal.embedded.responses import result
from rehearsal.embedded.shapes import request
from rehearsal.embedded.types import Attributes, Properties, Replacement, ResourceType


def _create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Attributes]:
    name = properties["Budget"].get("BudgetName") or vanilla.provisioners._physical_name(stack, logical_id)
    content = request("budgets", "CreateBudget", _with_account(properties, name), logical_id)
    result(vanilla.budgets._create_budget(content))
    return name, {"Id": name}


def _update(name: str, old: Properties, new: Properties, stack: str, logical_id: str) -> tuple[str, Attributes]:
    if new["Budget"].get("BudgetName", name) != name:
        replaced: tuple[str, Attributes] = vanilla.provisioners._replace_resource(
            "AWS::Budgets::Budget", name, old, new, stack, logical_id
        )
        return replaced
    content = request("budgets", "CreateBudget", _with_account(new, name), logical_id)
    result(vanilla.budgets._update_budget({"AccountId": content["AccountId"], "NewBudget": content["Budget"]}))
    arn = vanilla.budgets._budget_arn(name)
    gone = {tag["Key"] for tag in old.get("ResourceTags", [])} - {tag["Key"] for tag in new.get("ResourceTags", [])}
    if gone:
        result(vanilla.budgets._untag_resource({"ResourceARN": arn, "ResourceTagKeys": sorted(gone)}))
    if new.get("ResourceTags"):
        result(vanilla.budgets._tag_resource({"ResourceARN": arn, "ResourceTags": content["ResourceTags"]}))
    return name, {"Id": name}


def _delete(name: str, _properties: Properties) -> None:
    result(vanilla.budgets._delete_budget({"BudgetName": name}))


def _with_account(properties: Properties, name: str) -> dict[str, Any]:
    account = vanilla.responses.get_account_id()
    return {**properties, "AccountId": account, "Budget": {**properties["Budget"], "BudgetName": name}}


TYPES: Final = {
    "AWS::Budgets::Budget": ResourceType(
        create=_create,
        update=_update,
        delete=_delete,
        replacement=Replacement(always=("NotificationsWithSubscribers",)),
    )
}
