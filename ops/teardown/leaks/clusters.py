"""EMR: clusters, security configurations, Studios."""

from collections.abc import Iterator
from typing import Any, Final

from ops.aws.account import Client
from ops.aws.clusters import LIVE
from ops.pricing.amount import FREE, Amount, total
from ops.teardown.leaks.scope import CLUSTER_TAG, Claim, Leftover, Scope, Sweeper, pages, tags_of


def own_clusters(client: Client, scope: Scope) -> frozenset[str]:
    """Find the clusters of a deployment: by name, and live ones of other names by their tags."""
    emr = client("emr")
    return frozenset(
        cluster["Id"]
        for cluster in pages(emr, "list_clusters", "Clusters")
        if scope.by_name(cluster["Name"])
        or (cluster["Status"]["State"] in LIVE and scope.by_tags(_tags(emr, cluster["Id"])))
    )


def _tags(emr: Any, cluster_id: str) -> dict[str, str]:
    return tags_of(emr.describe_cluster(ClusterId=cluster_id)["Cluster"].get("Tags"))


def _clusters(client: Client, scope: Scope) -> Iterator[Leftover]:
    emr = client("emr")
    for cluster in pages(emr, "list_clusters", "Clusters"):
        cluster_id, state = cluster["Id"], cluster["Status"]["State"]
        if cluster_id not in scope.clusters:
            continue
        live = state in LIVE
        tags = _tags(emr, cluster_id) if live else {}
        yield Leftover(
            kind="EMR cluster" if live else "ended EMR cluster",
            id=cluster_id,
            claim=scope.by_tags(tags) or scope.by_name(cluster["Name"]) or Claim("tagged as ours"),
            monthly=_fees(client("ec2"), cluster_id, scope) if live else FREE,
            command=scope.aws(f"emr terminate-clusters --cluster-ids {cluster_id}"),
            detail=f"{cluster['Name']}, {state}; EMR's fee, its instances come on top" if live else state,
            kept=not live,
        )


def _fees(ec2: Any, cluster_id: str, scope: Scope) -> Amount:
    tagged = [{"Name": f"tag:{CLUSTER_TAG}", "Values": [cluster_id]}]
    instances = [
        item
        for reservation in pages(ec2, "describe_instances", "Reservations", Filters=tagged)
        for item in reservation["Instances"]
        if item["State"]["Name"] in {"pending", "running"}
    ]
    if not instances:
        return Amount(missing=frozenset({f"nodes of {cluster_id}"}))
    return total(scope.prices.emr_fee(item["InstanceType"], scope.region) for item in instances)


def _security_configurations(client: Client, scope: Scope) -> Iterator[Leftover]:
    emr = client("emr")
    names = [item["Name"] for item in pages(emr, "list_security_configurations", "SecurityConfigurations")]
    used = {}
    if not all(scope.by_name(name) for name in names):
        for cluster_id in sorted(scope.clusters):
            used[emr.describe_cluster(ClusterId=cluster_id)["Cluster"].get("SecurityConfiguration")] = cluster_id
    for name in names:
        claim = scope.by_name(name) or (Claim(f"used by cluster {used[name]}") if name in used else None)
        if claim:
            yield Leftover(
                kind="EMR security configuration",
                id=name,
                claim=claim,
                command=scope.aws(f"emr delete-security-configuration --name {name}"),
            )


def _studios(client: Client, scope: Scope) -> Iterator[Leftover]:
    for studio in pages(client("emr"), "list_studios", "Studios"):
        claim = scope.by_name(studio["Name"], usual="FruitsNotebook") or scope.by_network(studio.get("VpcId"))
        if claim:
            yield Leftover(
                kind="EMR Studio",
                id=studio["StudioId"],
                claim=claim,
                command=scope.aws(f"emr delete-studio --studio-id {studio['StudioId']}"),
                detail="its workspaces have to go first",
            )


SWEEPERS: Final = (
    Sweeper("EMR clusters", _clusters, ("emr", "ec2")),
    Sweeper("EMR security configurations", _security_configurations, ("emr",)),
    Sweeper("EMR Studios", _studios, ("emr",)),
)
