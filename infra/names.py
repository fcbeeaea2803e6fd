"""What a deployment is called and tagged, for the stacks that make it and the commands that look for it."""

from collections.abc import Mapping
from typing import Final

STACKS: Final = ("FruitsStorage", "FruitsNetwork", "FruitsGuard", "FruitsBudget", "FruitsCompute", "FruitsNotebook")
"""As `cdk` calls them; in CloudFormation their names end in the environment."""

BUDGET_REGION: Final = "eu-central-1"
"""Where the budget goes if the region of the deployment cannot have one."""

EMR_MANAGED_TAG: Final = "for-use-with-amazon-emr-managed-policies"
"""The tag by which AmazonEMRServicePolicy_v2 tells what EMR may use."""


def deployment_name(env: str) -> str:
    """Return what cluster, budget and database of an environment are called."""
    return f"fruits-{env}"


def stack_name(stack: str, env: str) -> str:
    """Return the name of a stack in CloudFormation."""
    return f"{stack}-{env}"


def deployment_tags(env: str) -> dict[str, str]:
    """Return the tags that every resource carries, by which cost, leaks and rights are told apart."""
    return {"project": "fruits", "environment": env}


OUR_TAGS: Final = frozenset({*deployment_tags(""), "Name", EMR_MANAGED_TAG})
"""Keys that nobody else may give another value: rights, cost stops and EMR go by them."""


def is_tagged(tags: Mapping[str, str], env: str) -> bool:
    """Return whether tags are those of an environment, among others or not."""
    return deployment_tags(env).items() <= tags.items()
