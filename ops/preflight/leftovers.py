"""Whether something of an earlier deployment is in the way, or still costs."""

from typing import Any, Final

from ops.aws.account import absent, asking
from ops.aws.clusters import USABLE, list_clusters
from ops.aws.deployment import DeployedStack, find_deployment
from ops.preflight.findings import Check, Finding, Outcome, Scope, failure, ok, warning


def stacks(scope: Scope) -> Finding:
    """Ask whether a stack is in a state from which it cannot be deployed."""
    deployed = scope.deployment.stacks.values()
    troubles = [trouble for stack in deployed if (trouble := _trouble(stack, scope.region))]
    if troubles:
        return min(troubles, key=lambda found: found.outcome is not Outcome.FAILURE)
    names = ", ".join(stack.name for stack in deployed)
    return ok(f"{names} can be updated" if names else f"none of {scope.settings.env} yet")


def clusters(scope: Scope) -> Finding:
    """Ask for clusters of the same name beside that of the stack: left over, or started by a schedule."""
    compute = scope.deployment.stacks.get("FruitsCompute")
    owned = compute.outputs.get("ClusterId") if compute else None
    live = [item for item in list_clusters(scope.client, scope.settings.name) if item.state in USABLE]
    unowned = [cluster.id for cluster in live if cluster.id != owned]
    if unowned:
        ids = " ".join(unowned)
        fix = f"aws emr terminate-clusters --cluster-ids {ids} --region {scope.region}"
        started = ", unless a schedule has started them" if scope.settings.schedule else ""
        return warning(f"{ids} of the name {scope.settings.name} cost and belong to no stack{started}", fix)
    return ok(f"{owned} is {live[0].state}" if live else "none runs")


def budget(scope: Scope) -> Finding:
    """Ask for a budget of the same name that no stack owns: CloudFormation could not make ours."""
    name, european = scope.settings.name, scope.settings.european_region
    found = (
        scope.deployment
        if european.knows_budgets
        else find_deployment(
            scope.anywhere, env=scope.settings.env, region=scope.anywhere("cloudformation").meta.region_name
        )
    )
    owner = "FruitsGuard" if european.knows_budgets else "FruitsBudget"
    question = {"AccountId": scope.account, "BudgetName": name}
    if owner in found.stacks or not _exists(scope, "budgets", "describe_budget", f"the budget {name}", **question):
        return ok(f"no other of the name {name}")
    fix = f"aws budgets delete-budget --account-id {scope.account} --budget-name {name}"
    return failure(f"a budget {name} is there already, and {owner}-{scope.settings.env} is not", fix)


def database(scope: Scope) -> Finding:
    """Ask for a Glue database of the same name that no stack owns."""
    name = scope.settings.name.replace("-", "_")
    there = _exists(scope, "glue", "get_database", f"the database {name}", Name=name)
    if "FruitsStorage" in scope.deployment.stacks or not there:
        return ok(f"no other of the name {name}")
    fix = f"aws glue delete-database --name {name} --region {scope.region}"
    return failure(f"a Glue database {name} is there already, and FruitsStorage-{scope.settings.env} is not", fix)


def _exists(scope: Scope, service: str, operation: str, what: str, **question: Any) -> bool:
    found = None
    with asking(f"find {what}"), absent("NotFoundException", "EntityNotFoundException"):
        found = getattr(scope.client(service), operation)(**question)
    return found is not None


def _trouble(stack: DeployedStack, region: str) -> Finding | None:
    """Return what keeps CloudFormation from deploying a stack in its state, or kept it from that."""
    status, where = stack.status, f"--stack-name {stack.name} --region {region}"
    text = f"{stack.name} is {status}"
    if status == "REVIEW_IN_PROGRESS":  # it was never made
        return warning(
            f"{text}: its deployment was not approved; cdk asks at a terminal alone, and elsewhere complains of the"
            " stack's protection instead: deploy it again, there with --require-approval never"
        )
    if status.endswith("_IN_PROGRESS"):
        return failure(f"{text}: CloudFormation is at work", f"aws cloudformation describe-stack-events {where}")
    if status == "UPDATE_ROLLBACK_FAILED":
        return failure(text, f"aws cloudformation continue-update-rollback {where}")
    if status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"} and not stack.protected:
        return warning(f"{text}: an earlier deployment failed; cdk deploy deletes the stack first")
    if status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}:
        unprotect = f"aws cloudformation update-termination-protection --no-enable-termination-protection {where} && "
        return failure(text, f"{unprotect if stack.protected else ''}aws cloudformation delete-stack {where}")
    return None


CHECKS: Final = (
    Check("Stacks", stacks, ("cloudformation",), essential=True),
    Check("Clusters", clusters, ("cloudformation", "emr")),
    Check("Budget", budget, ("cloudformation", "budgets")),
    Check("Glue database", database, ("cloudformation", "glue")),
)
