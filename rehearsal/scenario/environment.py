"""Where things are in a deployed environment: its folders on S3, its cluster, what the account holds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ops.aws.deployment import Deployment, find_deployment
from rehearsal.inventory import inventory
from rehearsal.scenario.deployed import check_disk_key, check_executors, check_masters, check_shuffle_service
from rehearsal.scenario.evidence import Evidence, gather, table_columns
from rehearsal.scenario.folders import Folder
from rehearsal.scenario.host import Host
from rehearsal.scenario.runs import Cluster
from rehearsal.scenario.stages import StageFailed


class DeployedEnvironment:
    """A deployed environment, by the outputs of its stacks.

    Parameters
    ----------
    host
        With the embedded AWS.
    env
        The environment.
    """

    def __init__(self, host: Host, env: str) -> None:
        self._host, self._env = host, env

    def deployment(self) -> Deployment:
        """Ask for what is deployed."""
        return find_deployment(self._host.client, env=self._env, region=self._host.aws.region)

    def output(self, stack: str, name: str) -> str:
        """Return an output of a stack."""
        return self.deployment().output(stack, name)

    def folder(self, output: str) -> Folder:
        """Return a folder of S3: that of ``ImagesUri``, ``OutputUri`` or ``LogUri``."""
        return Folder.of(self._host.client("s3"), self.output("FruitsStorage", output))

    def cluster(self, cluster_id: str = "") -> Cluster:
        """Return a cluster; the one that is deployed, unless another is named."""
        return Cluster(
            self._host.client("emr"),
            cluster_id or self.output("FruitsCompute", "ClusterId"),
            logs=self.folder("LogUri"),
            still_there=self._host.require_node,
        )

    def clusters(self, name: str) -> Sequence[Mapping[str, Any]]:
        """List all clusters of a name, those that have ended, too."""
        listed = self._host.client("emr").list_clusters()["Clusters"]
        return [cluster for cluster in listed if cluster["Name"] == name]

    def check_cluster(self) -> list[str]:
        """Find what is wrong with the cluster as it was deployed."""
        shown = self._host.client("emr").describe_cluster(ClusterId=self.cluster().cluster_id)["Cluster"]
        return [
            *check_executors(shown["Configurations"]),
            *check_masters(shown["Configurations"]),
            *check_shuffle_service(shown["Configurations"]),
            *self._check_disk_key(shown),
        ]

    def _check_disk_key(self, cluster: Mapping[str, Any]) -> Iterator[str]:
        emr, iam, kms = map(self._host.client, ("emr", "iam", "kms"))
        described = emr.describe_security_configuration(Name=cluster["SecurityConfiguration"])["SecurityConfiguration"]
        at_rest = json.loads(described)["EncryptionConfiguration"]["AtRestEncryptionConfiguration"]
        key, role = at_rest["LocalDiskEncryptionConfiguration"]["AwsKmsKey"], cluster["ServiceRole"].rpartition("/")[2]
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        yield from check_disk_key(
            json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]),
            [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names],
            key=key,
            region=self._host.aws.region,
        )

    def evidence(self, printed: Mapping[str, Any] | None) -> Evidence:
        """Gather what a run has left, which has printed a manifest or not."""
        columns = table_columns(self._host.client("glue"), self.output("FruitsStorage", "Database"))
        return gather(self.folder("ImagesUri"), self.folder("OutputUri"), printed=printed, columns=columns)

    def with_bootstrap_error(self, failed: StageFailed) -> StageFailed:
        """Begin the reason of a failed deployment with why the bootstrap action failed, if it is the one that did."""
        for cluster in self._host.client("emr").list_clusters(ClusterStates=["TERMINATED_WITH_ERRORS"])["Clusters"]:
            if cluster["Status"]["StateChangeReason"].get("Code") == "BOOTSTRAP_FAILURE":
                error, log = self.cluster(cluster["Id"]).bootstrap_error()
                from_cluster = f"the bootstrap action said: {error}" if error else self._host.last_refusal()
                reasons = filter(None, (self._host.refusal_of_endpoint(), from_cluster, failed.reason))
                return StageFailed("; ".join(reasons), log=log or str(self._host.node_log))
        return failed

    def inventory(self, regions: Sequence[str]) -> frozenset[str]:
        """List what the account holds in some regions."""
        found = [inventory(self._host.client_in(region)) for region in regions]
        return frozenset(item for items in found for item in items)
