"""The job on the cluster: its files as assets, and the step that submits it with spark-submit."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import AssetHashType, Stack
from aws_cdk import aws_emr as emr
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from infra.packaging import Assets


class JobStep(Construct):
    """A run of the job; its name and its arguments hold the run id, so that a new id is a new run.

    Parameters
    ----------
    name
        Name of the step; it begins with the cluster's, by which notifications know it.
    assets
        Files of the job and its weights.
    data
        Bucket of photographs and results.
    images_prefix, output_prefix
        Folders of that bucket.
    options
        Other arguments of the job.

    Attributes
    ----------
    archive : Asset
        The job's package.
    variables : dict
        By which the notebook finds the same photographs, results and weights.
    """

    jar = "command-runner.jar"

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        assets: Assets,
        data: s3.IBucket,
        images_prefix: str,
        output_prefix: str,
        options: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        main = s3_assets.Asset(self, "Main", path=str(assets.job_main))
        archive = s3_assets.Asset(self, "Archive", path=str(assets.job_archive))
        weights = s3_assets.Asset(self, "Weights", path=str(assets.weights))
        self.files = (main, archive, weights)
        self.archive = archive
        self._options = options
        self.variables = {
            "FRUITS_IMAGES": data.s3_url_for_object(images_prefix),
            "FRUITS_OUTPUT": data.s3_url_for_object(output_prefix),
            "FRUITS_WEIGHTS": weights.s3_object_url,
            "FRUITS_WEIGHTS_SHA256": assets.weights_sha256,
        }
        # The driver runs on the primary node: never on Spot, and its log is the step's own log. Its application master
        # is elsewhere: on a core node, as YARN's node labels say (infra/yarn.py).
        self._submission = [
            *("spark-submit", "--deploy-mode", "client"),
            *("--py-files", archive.s3_object_url, main.s3_object_url),
            *("--images", data.s3_url_for_object(images_prefix)),
            *("--output", data.s3_url_for_object(output_prefix)),
            # Whoever may write to the bucket of assets could put another model under the same key.
            *("--weights", weights.s3_object_url, "--weights-sha256", assets.weights_sha256),
        ]

    @property
    def arguments(self) -> list[str]:
        """Arguments of the step's jar."""
        return [*self._submission, *self._options]

    def as_step(self) -> emr.CfnCluster.StepConfigProperty:
        """Return the step that a cluster starts with; after a failure, too, a transient cluster ends."""
        return emr.CfnCluster.StepConfigProperty(
            name=self.name,
            action_on_failure="CONTINUE",
            hadoop_jar_step=emr.CfnCluster.HadoopJarStepConfigProperty(jar=self.jar, args=self.arguments),
        )

    def request(self, *, name: str, options: Sequence[str]) -> dict[str, Any]:
        """Return the step of another run, as EMR's API takes it.

        Parameters
        ----------
        name, options
            As of the construct.
        """
        arguments = [*self._submission, *options]
        return {
            "Name": name,
            "ActionOnFailure": "CONTINUE",
            "HadoopJarStep": {"Jar": self.jar, "Args": arguments},
        }


class NodeSetup(Construct):
    """The bootstrap action: installs the wheelhouse into a Python environment of its own on every node.

    Parameters
    ----------
    assets
        Files, of which the nodes get the script, the probe and the wheelhouse.
    directory
        Folder of the environment on the nodes.
    job
        Archive of the job's package, to be installed as well: notebooks import it, steps bring their own.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        assets: Assets,
        directory: str,
        job: s3_assets.Asset | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        script = s3_assets.Asset(self, "Script", path=str(assets.bootstrap))
        probe = s3_assets.Asset(self, "Probe", path=str(assets.probe))
        wheelhouse = s3_assets.Asset(
            self,
            "Wheelhouse",
            path=str(assets.wheelhouse),
            asset_hash=assets.wheelhouse_hash,
            asset_hash_type=AssetHashType.CUSTOM,
        )
        self.files = (script, probe, wheelhouse)
        further = [probe.s3_object_url, *([job.s3_object_url] if job else [])]
        self.action = emr.CfnCluster.BootstrapActionConfigProperty(
            name="Install Python packages",
            script_bootstrap_action=emr.CfnCluster.ScriptBootstrapActionConfigProperty(
                path=script.s3_object_url,
                args=[wheelhouse.s3_object_url, assets.lock_sha256, directory, Stack.of(self).region, *further],
            ),
        )
