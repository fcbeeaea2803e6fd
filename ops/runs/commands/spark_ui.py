"""``fruits spark-ui``: a link to Spark's own pages of a cluster, live or ended."""

import json
from typing import Annotated

import typer

from ops.aws.place import find_place
from ops.clock import clock_of
from ops.console import AsJson, Context, status
from ops.runs.spark_ui import link_to_history
from ops.runs.steps import newest_cluster
from ops.runs.watch import LOOK_EVERY


def spark_ui(
    context: typer.Context,
    *,
    values: Context = None,
    cluster_id: Annotated[
        str | None, typer.Option("--cluster", help="A cluster; the newest unless given.", metavar="ID")
    ] = None,
    as_json: AsJson = False,
    look_every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.2)] = LOOK_EVERY,
) -> None:
    """Print a link to Spark's history server, which EMR keeps beside the cluster and for 30 days after its end.

    The link logs in whoever has it, and soon expires: it is for you alone.
    """
    place = find_place(values)
    cluster = newest_cluster(place, cluster_id)
    with status(f"Spark UI of {cluster.id}") as show:
        link = link_to_history(place.client, cluster, seconds=look_every, clock=clock_of(context), show=show)
    typer.echo(json.dumps({"cluster": cluster.id, "url": link}, indent=2) if as_json else link)
