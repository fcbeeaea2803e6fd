"""Spark's history server that EMR keeps apart from a cluster: it shows the runs of one that has ended, for 30 days."""

from collections.abc import Callable
from typing import Final

from ops.aws.account import Client, asking
from ops.aws.clusters import Cluster
from ops.clock import Clock
from ops.errors import FruitsError

_HISTORY_SERVER: Final = "SHS"
_PATIENCE_SECONDS: Final = 300.0


class NoSparkUi(FruitsError):
    """EMR has made no link; the message says what to try."""


def link_to_history(
    client: Client, cluster: Cluster, *, seconds: float, clock: Clock, show: Callable[[str], None]
) -> str:
    """Return a link that logs its holder in, for as long as EMR lets it.

    Raises
    ------
    AwsRefused
        If EMR cannot be asked or refuses.
    NoSparkUi
        If the history server does not get ready.
    """
    emr = client("emr")
    with asking(f"make the Spark UI of {cluster.id}"):
        made = emr.create_persistent_app_ui(TargetResourceArn=cluster.arn, ProfilerType=_HISTORY_SERVER)
    identity, deadline = made["PersistentAppUIId"], clock.seconds() + _PATIENCE_SECONDS
    while True:
        with asking(f"read the link of {identity}"):
            answer = emr.get_persistent_app_ui_presigned_url(
                PersistentAppUIId=identity, PersistentAppUIType=_HISTORY_SERVER
            )
        if answer.get("PresignedURLReady") and answer.get("PresignedURL"):
            return str(answer["PresignedURL"])
        if clock.seconds() >= deadline:
            raise NoSparkUi(
                f"EMR's Spark UI {identity} of {cluster.id} was not ready in {_PATIENCE_SECONDS:.0f} s; ask again"
            )
        show("EMR starts the history server")
        clock.wait(seconds)
