"""Whether the account is the right one, and ready for the CDK, for the region and for EMR."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from infra.residency import EU_REGIONS
from ops.aws.account import absent, asking
from ops.aws.given import DEFAULT_QUALIFIER
from ops.preflight.findings import Check, Finding, Scope, failure, ok, warning

BOOTSTRAP_VERSION: Final = 6
"""Version of the CDK's bootstrap stack from which on it takes what these stacks upload (a test asks the assembly)."""


def expected_account(scope: Scope) -> Finding:
    """Compare the account with the one that the user has named."""
    who = f"{scope.account} as {scope.identity['Arn'].rpartition(':')[2]}"
    if scope.expected_account and scope.expected_account != scope.account:
        return failure(f"{who}, not {scope.expected_account}", "export AWS_PROFILE=<a profile of that account>")
    return ok(who)


def region(scope: Scope) -> Finding:
    """Ask whether the account has enabled the region; that it is in the Union, the settings have checked."""
    place = EU_REGIONS[scope.region].place
    with asking("describe the region"):
        described = scope.anywhere("ec2").describe_regions(RegionNames=[scope.region], AllRegions=True)["Regions"]
    if described[0].get("OptInStatus") == "not-opted-in":
        fix = f"aws account enable-region --region-name {scope.region}"
        return failure(f"{scope.region} ({place}) is not enabled in this account; enabling takes minutes to hours", fix)
    return ok(f"{scope.region} ({place}, European Union) is enabled")


def bootstrap(scope: Scope) -> Finding:
    """Ask whether the CDK's bootstrap stack is there, and new enough."""
    fix = _bootstrapping(scope)
    version = None
    with asking("read the version of the CDK's bootstrap"), absent("ParameterNotFound"):
        name = f"/cdk-bootstrap/{scope.qualifier}/version"
        version = int(scope.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
    if version is None:
        return failure(f"the CDK is not bootstrapped in {scope.region} with the qualifier {scope.qualifier}", fix)
    if version < BOOTSTRAP_VERSION:
        return failure(f"the CDK's bootstrap has version {version}; needed: {BOOTSTRAP_VERSION} or newer", fix)
    return ok(f"version {version}, {BOOTSTRAP_VERSION} or newer is needed")


def assets_bucket(scope: Scope) -> Finding:
    """Ask whether the bucket that the CDK uploads to is there, the account's own, and readable for the nodes."""
    bucket = f"cdk-{scope.qualifier}-assets-{scope.account}-{scope.region}"
    fix = _bootstrapping(scope)
    found = None
    with asking(f"find the bucket {bucket}"), absent("404", "NoSuchBucket"):
        found = scope.client("s3").head_bucket(Bucket=bucket, ExpectedBucketOwner=scope.account)
    if found is None:
        return failure(f"no bucket {bucket}: cdk deploy has nowhere to put the job and its packages", fix)
    key = _customer_key(scope, bucket)
    if key:
        text = (
            f"{bucket} is encrypted with {key}, which the nodes may not use: they could not read their bootstrap action"
        )
        return failure(f"{text}; objects that are there already keep that key", f"{fix} --no-bootstrap-customer-key")
    return ok(bucket)


def _bootstrapping(scope: Scope) -> str:
    """Return the command that makes what the CDK needs, beside what another qualifier has made."""
    own = scope.qualifier != DEFAULT_QUALIFIER
    other = f" --qualifier {scope.qualifier} --toolkit-stack-name CDKToolkit-{scope.qualifier}" if own else ""
    return f"cdk bootstrap aws://{scope.account}/{scope.region}{other}"


def _customer_key(scope: Scope, bucket: str) -> str:
    """Return the key of a bucket if it has one of its own: `aws/s3`, the default of the bootstrap, serves everybody."""
    rules: Sequence[Mapping[str, Any]] = ()
    with asking(f"read the encryption of {bucket}"), absent("ServerSideEncryptionConfigurationNotFoundError"):
        answer = scope.client("s3").get_bucket_encryption(Bucket=bucket, ExpectedBucketOwner=scope.account)
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    keys = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID", "") for rule in rules]
    return next((key for key in keys if key and not key.endswith("alias/aws/s3")), "")


def cleanup_role(scope: Scope) -> Finding:
    """Ask for the role with which EMR cleans up after clusters whose own role is gone.

    EMR makes it with the rights of whoever makes the first cluster, for the CDK the execution role of its bootstrap.
    """
    role = "AWSServiceRoleForEMRCleanup"
    if _exists(scope, role):
        return ok(role)
    text = f"{role} is not there; the first cluster needs it, and cdk bootstrap's execution role may not make it"
    return warning(text, _making("elasticmapreduce.amazonaws.com"))


def spot_role(scope: Scope) -> Finding:
    """Ask for the role with which EC2 runs Spot instances: without it an account's first Spot requests fail."""
    role = "AWSServiceRoleForEC2Spot"
    if not scope.settings.task_spot_vcpus:
        return ok("no Spot capacity is asked for")
    if _exists(scope, role):
        return ok(role)
    text = f"{role} is not there: this account has never used Spot, and EC2 refuses Spot instances without it"
    return failure(text, _making("spot.amazonaws.com"))


def _exists(scope: Scope, role: str) -> bool:
    found = None
    with asking(f"find the role {role}"), absent("NoSuchEntity"):
        found = scope.client("iam").get_role(RoleName=role)
    return found is not None


def _making(service: str) -> str:
    return f"aws iam create-service-linked-role --aws-service-name {service}"


CHECKS: Final = (
    Check("Account", expected_account, ("sts",), essential=True),
    Check("Region", region, ("ec2",)),
    Check("CDK bootstrap", bootstrap, ("ssm",), essential=True),
    Check("Bucket for assets", assets_bucket, ("s3",)),
    Check("EMR's cleanup role", cleanup_role, ("iam",)),
    Check("Spot's role", spot_role, ("iam",)),
)
