"""What runs on a cluster right now, by EMR itself."""

from collections.abc import Mapping

from ops.aws.account import AwsRefused, Clients, asking
from ops.review.changes import ResourceChange
from ops.review.losses import Jobs
from ops.review.texts import without_accounts

_ENDED = ("TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS")


def what_runs(accounts: Clients, regions: Mapping[str, str]) -> Jobs:
    """Give a way to ask what runs on the cluster of a stack.

    Parameters
    ----------
    accounts
        Clients by region.
    regions
        Of the stacks.
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
        if status in _ENDED:
            return f"none runs now, for this cluster has ended ({status})"
        if steps:
            listed = ", ".join(f"{step['Name']} ({step['Status']['State']})" for step in steps)
            return f"one runs right now on {cluster} ({status}): {listed}"
        return f"none runs now on {cluster} ({status})"

    return ask
