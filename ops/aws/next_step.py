"""The command that an environment waits for, the same for every command that names the next."""

from typing import Final

from job.storage.listing import is_photograph
from ops.aws.clusters import STEP_ENDED, USABLE, Cluster, Step
from ops.aws.deployment import NEVER_CREATED
from ops.aws.place import Place
from ops.aws.s3.folder import Folder

_AFTER: Final = {"COMPLETED": "fruits results", "FAILED": "fruits logs {step}"}
"""What follows the end of a step."""


def next_command(place: Place, cluster: Cluster | None = None, step: Step | None = None) -> str:
    """Return what to type next.

    Parameters
    ----------
    place
        The environment.
    cluster, step
        Its newest cluster and step, if there are any and they were asked for.

    Raises
    ------
    AwsRefused
        If CloudFormation or S3 cannot be asked.
    """
    return f"{_next(place, cluster, step)}{place.options}"


def _next(place: Place, cluster: Cluster | None, step: Step | None) -> str:
    there = {name for name, stack in place.deployment.stacks.items() if stack.status not in NEVER_CREATED}
    if "FruitsStorage" not in there:
        return "cdk deploy FruitsStorage"
    if not has_photographs(place):
        return "fruits images upload FOLDER"
    if "FruitsCompute" not in there:
        return "cdk deploy --all"
    if step and step.state not in STEP_ENDED and cluster and cluster.state in USABLE:
        return f"fruits watch {step.id}"
    return _AFTER[step.state].format(step=step.id) if step and step.state in _AFTER else "fruits run"


def has_photographs(place: Place) -> bool:
    """Return whether there is any photograph for the job to work on."""
    uri = place.deployment.output("FruitsStorage", "ImagesUri")
    return any(is_photograph(item.path) for item in Folder(place.client, uri).list())
