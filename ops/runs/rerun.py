"""Run again on a new cluster: the stack of the cluster, deployed with another run id."""

import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ops.aws.cdk import Cdk, CdkFailed
from ops.aws.clusters import Cluster, list_clusters
from ops.aws.deployment import find_deployment
from ops.aws.memory import remember_run
from ops.aws.place import Place
from ops.aws.synthesis import synthesise
from ops.errors import FruitsError

_BY_ITSELF: Final = ("ALL_STEPS_COMPLETED", "STEP_FAILURE")
"""Why a cluster ends that nobody has ended: CloudFormation, which rolls back, does it by USER_REQUEST."""


class ClusterFailed(FruitsError):
    """The new cluster did not get as far as its job; the message says why and where to read more."""


def deploy_run(place: Place, run: Mapping[str, str], on_line: Callable[[str], None]) -> str:
    """Replace the cluster by one that runs the job once more.

    Parameters
    ----------
    place
        The environment.
    run
        Settings that are about the new run: its ``run_id``, of a trial ``limit`` and ``label``, too.
    on_line
        Called with each line that the CDK prints.

    Returns
    -------
    str
        Id of the cluster, which is ready or at work.

    Raises
    ------
    SynthesisFailed
        If the stacks are refused.
    ClusterFailed
        If the cluster does not come up; CloudFormation has rolled back then.
    """
    began = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="fruits-") as folder:
        on_line("synthesising")
        app = synthesise(Path(folder), place.deployable(**run))
        try:
            # What the other stacks are is not this command's to change.
            Cdk(app.folder, on_line=on_line).run(
                "deploy", "FruitsCompute", "--exclusively", "--require-approval", "never", "--progress", "events"
            )
        except CdkFailed as error:
            raise ClusterFailed(_reason(place, began, error)) from None
    remember_run(place, run)
    deployment = find_deployment(place.client, env=place.settings.env, region=place.settings.region)
    return deployment.output("FruitsCompute", "ClusterId")


def _reason(place: Place, began: datetime, error: CdkFailed) -> str:
    clusters = list_clusters(place.client, place.settings.name)
    started = [cluster for cluster in clusters if cluster.created >= began.replace(microsecond=0)]
    return next((reason for cluster in started if (reason := why_rolled_back(cluster, place.options))), str(error))


def why_rolled_back(cluster: Cluster, options: str) -> str:
    """Return why CloudFormation did not keep a new cluster; nothing if the cluster itself is not the reason.

    A job of seconds may be over before CloudFormation looks at its cluster, and whether it then takes the cluster for
    failed ("failed to stabilize") is not known.
    """
    if cluster.state == "TERMINATED_WITH_ERRORS":
        return f"the new cluster {cluster.id} failed: {cluster.reason}; read: fruits logs --bootstrap{options}"
    if cluster.code in _BY_ITSELF:
        return (
            f"CloudFormation gave up the new cluster {cluster.id}, but EMR says {cluster.reason}: its job may have run,"
            f" or ended at once with an error; see: fruits runs{options}, then fruits logs{options}"
        )
    return ""
