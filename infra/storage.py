"""Three buckets: data (photographs and results), logs, and code (notebooks and submitted jobs)."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

CLUSTER_LOGS = "emr/"
"""Folder of the log bucket that clusters write to."""

SUBMITTED_JOBS = "jobs/"
"""Folder of the code bucket with jobs submitted to an interactive cluster."""

NOTEBOOKS = "notebooks/"
"""Folder of the code bucket that EMR Studio keeps its workspaces in."""

_ACCESS_LOGS = "s3-access/"
_SHORTEST_LOG_LIFE = Duration.days(30)
_OLD_VERSIONS_LIFE = Duration.days(30)


class Storage(Construct):
    """Private, encrypted buckets that outlive every cluster.

    Parameters
    ----------
    images_prefix, output_prefix
        Folders of the data bucket. Old versions are kept for 30 days, those of results, which the job can compute
        again, for 7.
    removable
        Whether `cdk destroy` deletes the buckets. CloudFormation refuses to delete one that is not empty, so
        removing data takes a second decision: emptying them.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, images_prefix: str, output_prefix: str, removable: bool
    ) -> None:
        super().__init__(scope, construct_id)
        removal = RemovalPolicy.DESTROY if removable else RemovalPolicy.RETAIN
        # No access log of its own (scanners: CKV_AWS_18): written into itself it would grow for ever, and in a fourth
        # bucket it would tell that S3 and EMR have put logs here.
        self.logs: s3.IBucket = self._bucket(
            "Logs",
            removal=removal,
            # Nodes may put objects under any key of this folder, but cannot delete what they overwrite.
            lifecycle=[
                s3.LifecycleRule(prefix=CLUSTER_LOGS, expiration=_SHORTEST_LOG_LIFE),
                s3.LifecycleRule(prefix=_ACCESS_LOGS, expiration=Duration.days(90)),
            ],
        )
        self.data: s3.IBucket = self._bucket(
            "Data",
            removal=removal,
            access_logs=self.logs,
            lifecycle=[
                s3.LifecycleRule(prefix=output_prefix, noncurrent_version_expiration=Duration.days(7)),
            ],
        )
        self.code: s3.IBucket = self._bucket(
            "Code",
            removal=removal,
            access_logs=self.logs,
            lifecycle=[s3.LifecycleRule(prefix=SUBMITTED_JOBS, expiration=Duration.days(90))],
        )

    def _bucket(
        self,
        construct_id: str,
        *,
        removal: RemovalPolicy,
        lifecycle: list[s3.LifecycleRule],
        access_logs: s3.IBucket | None = None,
    ) -> s3.Bucket:
        # In the whole bucket: of two rules for an object S3 follows the one that expires it sooner.
        leftovers = s3.LifecycleRule(
            abort_incomplete_multipart_upload_after=Duration.days(1),
            noncurrent_version_expiration=_OLD_VERSIONS_LIFE,
            expired_object_delete_marker=True,
        )
        return s3.Bucket(
            self,
            construct_id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[leftovers, *lifecycle],
            versioned=True,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{_ACCESS_LOGS}{construct_id.lower()}/" if access_logs else None,
            removal_policy=removal,
        )
