"""What is deployed of an environment, here and in other regions, and what runs on its clusters."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from ops.aws.account import AwsRefused, Client, Clients, asking
from ops.aws.clusters import USABLE
from ops.aws.deployment import find_deployment
from ops.aws.templates import deployed_template
from ops.review.changes import ResourceChange
from ops.review.losses import Jobs
from ops.review.stacks import NEVER_CREATED, ExistingStack
from ops.review.texts import without_accounts


def read_deployed(account: Clients, *, env: str, regions: Sequence[str]) -> tuple[ExistingStack, ...]:
    """Read the stacks of an environment in some regions, with their templates as they were deployed.

    Raises
    ------
    AwsRefused
        If CloudFormation cannot be asked.
    """
    return tuple(stack for region in regions for stack in _in_region(account(region), env=env, region=region))


def deployed_elsewhere(
    account: Clients, *, env: str, regions: Sequence[str]
) -> tuple[tuple[ExistingStack, ...], tuple[str, ...]]:
    """Look for the stacks of an environment in other regions.

    Returns
    -------
    tuple
        The stacks, and the regions that could not be asked: those the account has not opted in to, for one.
    """

    def look(region: str) -> tuple[ExistingStack, ...] | None:
        try:
            return _in_region(account(region), env=env, region=region)
        except AwsRefused:
            return None

    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(look, regions))
    found = tuple(stack for answer in answers if answer for stack in answer)
    return found, tuple(region for region, answer in zip(regions, answers, strict=True) if answer is None)


def _in_region(client: Client, *, env: str, region: str) -> tuple[ExistingStack, ...]:
    deployment = find_deployment(client, env=env, region=region)
    found = []
    for stack in deployment.stacks.values():
        never_created = stack.status in NEVER_CREATED
        template = {} if never_created else deployed_template(client, stack.name)
        found.append(
            ExistingStack(
                stack=stack.stack,
                name=stack.name,
                region=region,
                template=template,
                status=stack.status,
                protected=stack.protected,
            )
        )
    return tuple(found)


def what_runs(accounts: Clients, regions: Mapping[str, str]) -> Jobs:
    """Return a function that asks what runs on the cluster of a stack.

    Parameters
    ----------
    accounts
        Clients by region.
    regions
        Regions of the stacks, by their names.
    """

    def ask(change: ResourceChange) -> str:
        client = accounts(regions[change.stack])
        try:
            with asking("find the cluster"):
                found = client("cloudformation").describe_stack_resource(
                    StackName=change.stack, LogicalResourceId=change.logical_id
                )
            cluster = found["StackResourceDetail"]["PhysicalResourceId"]
            with asking("ask EMR for the cluster"):
                status = client("emr").describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["State"]
                steps = client("emr").list_steps(ClusterId=cluster, StepStates=["RUNNING", "PENDING"])["Steps"]
        except AwsRefused as error:
            return f"whether one runs now is not known ({without_accounts(str(error))})"
        if status not in USABLE:
            return f"none runs now, for this cluster has ended ({status})"
        if steps:
            listed = ", ".join(f"{step['Name']} ({step['Status']['State']})" for step in steps)
            return f"one runs right now on {cluster} ({status}): {listed}"
        return f"none runs now on {cluster} ({status})"

    return ask
