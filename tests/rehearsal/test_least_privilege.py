"""The instance role has no right too many and none too few: without any single one of them something fails.

Rights are taken away where they are granted, in the policy of the deployed role, one action on one thing at a time;
then the node does the smallest thing that needs it, and is denied. Two kinds say less than they seem to:

- The key of the disks: nothing here attaches a disk. What is shown is that the role can use this key and no more.
- The rights on multipart uploads: they are used by the committers that Spark has on EMR, not by those of PyPI's
  Spark. What is shown is S3A's own cleaning up, which both have.
"""

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from ops.aws.account import Client
from rehearsal.node.credentials import InstanceCredentials
from rehearsal.node.machine import instance_id
from tests.ops.commands import fruits_with
from tests.rehearsal.clusters import SERVICE_ROLE, make_roles
from tests.rehearsal.nodes import Deployed, RunningCluster

pytestmark = pytest.mark.long

DENIED = re.compile(r"AccessDenied|Access Denied|not authorized to perform|Forbidden")
NEEDED_BY_THE_JOB = (
    *("s3:ListBucket images", "s3:ListBucket results", "s3:GetObject main", "s3:GetObject archive"),
    *("s3:GetObject weights", "s3:GetObject results", "s3:PutObject results", "s3:DeleteObject results"),
)
NEEDED_FOR_PHOTOGRAPHS = "s3:GetObject images"
NEEDED_BY_THE_PROBE = "s3:GetObject probe"
NEEDED_BY_COMMITTERS = ("s3:ListBucketMultipartUploads data", "s3:AbortMultipartUpload results")
NEEDED_BY_THE_BOOTSTRAP = ("s3:GetObject action", "s3:GetObject wheelhouse")
NEEDED_FOR_DISKS = ("kms:Decrypt key", "kms:DescribeKey key", "kms:Encrypt key", "kms:GenerateDataKey key")
_CHANGES = count(1)

CLEAN_UP = """
import sys
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
java = spark._jvm
path = java.org.apache.hadoop.fs.Path(sys.argv[1])
system = path.getFileSystem(spark._jsc.hadoopConfiguration())
operations = java.org.apache.hadoop.fs.s3a.commit.CommitOperations(system)
print(operations.abortPendingUploadsUnderPath(path))
"""


@dataclass(frozen=True)
class Right:
    """One action on one thing: a bucket's folder, an object, a key; listings are of one folder."""

    name: str
    statement: Mapping[str, Any]


@dataclass(frozen=True)
class Rights:
    """The rights of the instance role, and the way to take one away."""

    deployed: Deployed
    all: tuple[Right, ...]

    def put(self, *, without: str = "", role: str = "") -> None:
        """Give a role, the instance role unless another is named, all rights but one."""
        left = [right.statement for right in self.all if right.name != without]
        assert len(left) == len(self.all) - bool(without), f"there is no right {without!r}"
        self.deployed.client("iam").put_role_policy(
            RoleName=role or self.deployed.role, PolicyName=_policy(self.deployed), PolicyDocument=_document(left)
        )


@pytest.fixture(scope="module")
def rights(deployed: Deployed) -> Iterator[Rights]:
    iam, role = deployed.client("iam"), deployed.role
    document: Any = iam.get_role_policy(RoleName=role, PolicyName=_policy(deployed))["PolicyDocument"]
    granted = document["Statement"]
    things = _things(deployed)
    found = tuple(right for statement in granted for right in _split(statement, things))
    yield Rights(deployed, found)
    iam.put_role_policy(RoleName=role, PolicyName=_policy(deployed), PolicyDocument=_document(granted))


@pytest.fixture(autouse=True)
def _all_rights_before_and_after(rights: Rights) -> Iterator[None]:
    rights.put()
    yield
    rights.put()


@pytest.fixture(scope="module", autouse=True)
def starting(deployed: Deployed, rights: Rights) -> Mapping[str, RunningCluster]:
    """Clusters whose roles lack one right to bootstrap; they try again for half a minute while other tests run."""
    client, emr, iam = deployed.client, deployed.client("emr"), deployed.client("iam")
    make_roles(client)
    described = emr.describe_cluster(ClusterId=deployed.cluster.id)["Cluster"]
    (action,) = emr.list_bootstrap_actions(ClusterId=deployed.cluster.id)["BootstrapActions"]
    script = {"Path": action["ScriptPath"], "Args": action["Args"]}
    trust = iam.get_role(RoleName=deployed.role)["Role"]["AssumeRolePolicyDocument"]
    started = {}
    for number, name in enumerate(NEEDED_BY_THE_BOOTSTRAP):
        role = f"without-{number}"
        arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.create_instance_profile(InstanceProfileName=role)
        iam.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)
        rights.put(without=name, role=role)
        passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": arn}
        iam.put_role_policy(RoleName=SERVICE_ROLE, PolicyName=role, PolicyDocument=_document([passing]))
        started[name] = deployed.cluster.place.start(
            LogUri=described["LogUri"],
            JobFlowRole=role,
            BootstrapActions=[{"Name": "i", "ScriptBootstrapAction": script}],
        )
    return started


def test_every_right_is_needed_by_something(rights: Rights) -> None:
    shown = (
        *NEEDED_BY_THE_JOB,
        *NEEDED_BY_COMMITTERS,
        *NEEDED_BY_THE_BOOTSTRAP,
        *NEEDED_FOR_DISKS,
        *(NEEDED_FOR_PHOTOGRAPHS, NEEDED_BY_THE_PROBE, "s3:PutObject logs", "s3:GetObject jobs"),
    )
    assert sorted(right.name for right in rights.all) == sorted(shown)


@pytest.mark.parametrize("right", NEEDED_BY_THE_JOB)
def test_without_it_the_job_fails(deployed: Deployed, rights: Rights, right: str) -> None:
    _change_photographs(deployed)
    rights.put(without=right)
    step_id = deployed.submit_job()
    assert deployed.cluster.wait_for_step(step_id)["State"] == "FAILED"
    said = "".join(deployed.cluster.log(f"steps/{step_id}/{name}.gz") for name in ("stdout", "stderr"))
    assert DENIED.search(said), said[-3000:]


@pytest.mark.parametrize("right", NEEDED_BY_COMMITTERS)
def test_without_it_committers_cannot_clean_up(deployed: Deployed, rights: Rights, right: str) -> None:
    s3, bucket = deployed.client("s3"), deployed.outputs["DataBucket"]
    s3.create_multipart_upload(Bucket=bucket, Key="results/features/left-behind")
    command = ("spark-submit", deployed.script("clean_up.py", CLEAN_UP), f"s3://{bucket}/results/features")
    rights.put(without=right)
    step_id = deployed.cluster.submit(*command)
    denied = deployed.cluster.wait_for_step(step_id)["State"] == "FAILED"
    said = "".join(deployed.cluster.log(f"steps/{step_id}/{name}.gz") for name in ("stdout", "stderr"))
    assert denied or s3.list_multipart_uploads(Bucket=bucket).get("Uploads"), said[-3000:]
    assert DENIED.search(said), said[-3000:]
    rights.put()
    deployed.cluster.run(*command)
    assert not s3.list_multipart_uploads(Bucket=bucket).get("Uploads")


def test_without_it_a_submitted_script_is_not_read(deployed: Deployed, rights: Rights) -> None:
    uri = deployed.script("hello.py", "print('hello')\n")
    rights.put(without="s3:GetObject jobs")
    step_id = deployed.cluster.submit("spark-submit", uri)
    shown = deployed.cluster.wait_for_step(step_id)
    assert shown["State"] == "FAILED"
    assert DENIED.search(deployed.cluster.log(f"steps/{step_id}/stderr.gz"))
    rights.put()
    assert deployed.cluster.run("spark-submit", uri) == "hello\n"


def test_without_it_the_node_is_not_probed(deployed: Deployed, rights: Rights) -> None:
    fruits = fruits_with(deployed.cluster.place.aws)
    rights.put(without=NEEDED_BY_THE_PROBE)
    refused = fruits("probe", "-c", "mode=interactive", "--look-every", "0.2")
    assert refused.exit_code == 1
    (step_id,) = re.findall(r"the probe (s-\w+) is FAILED and has said nothing", refused.stderr)
    assert "403" in deployed.cluster.log(f"steps/{step_id}/stderr.gz")
    rights.put()
    said = fruits("probe", "-c", "mode=interactive", "--look-every", "0.2", "--json")
    assert said.exit_code == 0, said.output
    node = json.loads(said.stdout)["node"]
    assert node["umask"] == "022"
    assert "spark.dynamicAllocation.enabled" in node["spark-defaults"]
    assert "spark.authenticate.secret" not in node["spark-defaults"]


def test_without_it_no_log_is_uploaded(deployed: Deployed, rights: Rights) -> None:
    rights.put(without="s3:PutObject logs")
    step_id = deployed.cluster.submit("echo", "unheard")
    deployed.cluster.wait_for_step(step_id)
    bucket = deployed.outputs["LogBucket"]
    place = f"emr/{deployed.cluster.id}/steps/{step_id}/"
    assert not deployed.client("s3").list_objects_v2(Bucket=bucket, Prefix=place)["KeyCount"]
    refused = [line for line in deployed.cluster.place.node.log.read_text().splitlines() if f"{place}stdout" in line]
    assert DENIED.search(refused[-1])
    rights.put()
    assert deployed.cluster.run("echo", "heard") == "heard\n"


def test_the_key_of_the_disks_is_used_by_these_rights_alone(deployed: Deployed, rights: Rights) -> None:
    key = next(right.statement["Resource"][0] for right in rights.all if right.name == NEEDED_FOR_DISKS[0])
    secret = deployed.client("kms").encrypt(KeyId=key, Plaintext=b"disk")["CiphertextBlob"]
    kms = _client_of_nodes(deployed)("kms")
    calls = {
        "kms:Decrypt key": lambda: kms.decrypt(CiphertextBlob=secret, KeyId=key),
        "kms:DescribeKey key": lambda: kms.describe_key(KeyId=key),
        "kms:Encrypt key": lambda: kms.encrypt(KeyId=key, Plaintext=b"disk"),
        "kms:GenerateDataKey key": lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
    }
    for missing in ("", *NEEDED_FOR_DISKS):
        rights.put(without=missing)
        denied = {name for name, answer in _answers(calls).items() if answer != "allowed"}
        assert denied == ({missing} if missing else set())


def test_whatever_else_a_node_tries_is_denied(deployed: Deployed) -> None:
    other: dict[str, Any] = {
        "Bucket": "somebody-elses",
        "CreateBucketConfiguration": {"LocationConstraint": "eu-west-3"},
    }
    deployed.client("s3").create_bucket(**other)
    deployed.client("s3").put_object(Bucket="somebody-elses", Key="x", Body=b"x")
    data, logs, code = (deployed.outputs[name] for name in ("DataBucket", "LogBucket", "CodeBucket"))
    s3, iam, emr = map(_client_of_nodes(deployed), ("s3", "iam", "emr"))
    itself = {"RoleName": deployed.role, "PolicyName": "x", "PolicyDocument": "{}"}
    answers = _answers(
        {
            "list all photographs and more": lambda: s3.list_objects_v2(Bucket=data),
            "write a photograph": lambda: s3.put_object(Bucket=data, Key="images/x.jpg", Body=b""),
            "delete a photograph": lambda: s3.delete_object(Bucket=data, Key="images/x.jpg"),
            "write beside the results": lambda: s3.put_object(Bucket=data, Key="results2/x", Body=b""),
            "read a log": lambda: s3.get_object(Bucket=logs, Key="emr/x"),
            "list the logs": lambda: s3.list_objects_v2(Bucket=logs, Prefix="emr/"),
            "change the code": lambda: s3.put_object(Bucket=code, Key="jobs/x.py", Body=b""),
            "read another bucket": lambda: s3.get_object(Bucket="somebody-elses", Key="x"),
            "list another bucket": lambda: s3.list_objects_v2(Bucket="somebody-elses"),
            "list buckets": s3.list_buckets,
            "delete the bucket": lambda: s3.delete_bucket(Bucket=data),
            "open the bucket": lambda: s3.put_bucket_policy(Bucket=data, Policy="{}"),
            "read roles": iam.list_roles,
            "make a user": lambda: iam.create_user(UserName="x"),
            "give itself rights": lambda: iam.put_role_policy(**itself),
            "end the cluster": lambda: emr.terminate_job_flows(JobFlowIds=[deployed.cluster.id]),
        }
    )
    assert set(answers.values()) <= {"AccessDenied", "AccessDeniedException"}, answers


@pytest.mark.parametrize("right", NEEDED_BY_THE_BOOTSTRAP)
def test_without_it_the_bootstrap_fails(starting: Mapping[str, RunningCluster], right: str) -> None:
    cluster = starting[right]
    reason = cluster.wait("TERMINATED_WITH_ERRORS")["StateChangeReason"]
    assert reason["Code"] == "BOOTSTRAP_FAILURE"
    folder = f"node/{instance_id(cluster.id)}/bootstrap-actions/1"
    log = "controller" if right.endswith("action") else "stderr"
    assert DENIED.search(cluster.log(f"{folder}/{log}.gz"))


def test_without_it_no_photograph_is_read_and_with_all_rights_again_the_job_passes(
    deployed: Deployed, rights: Rights
) -> None:
    _change_photographs(deployed)
    rights.put(without=NEEDED_FOR_PHOTOGRAPHS)
    shown = deployed.cluster.wait_for_step(deployed.submit_job())
    assert "no photograph could be used" in shown["FailureDetails"]["Message"]
    assert _quarantine(deployed).count("403 AccessDenied: ") == deployed.photographs
    rights.put()
    _change_photographs(deployed)
    step_id = deployed.submit_job()
    assert deployed.cluster.wait_for_step(step_id)["State"] == "COMPLETED"
    counts = json.loads(deployed.cluster.log(f"steps/{step_id}/stdout.gz").splitlines()[-1])["counts"]
    assert (counts["computed"], counts["quarantined"]) == (deployed.photographs, 0)


def _quarantine(deployed: Deployed) -> str:
    """Return the details of all photographs in quarantine."""
    s3, bucket = deployed.client("s3"), deployed.outputs["DataBucket"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix="results/quarantine/")["Contents"]
    tables = [s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in found]
    return "\n".join(detail for table in tables for detail in pq.read_table(io.BytesIO(table))["detail"].to_pylist())


def _change_photographs(deployed: Deployed) -> None:
    """Let there be something to compute: what follows the end of a JPEG makes another file of it."""
    s3, bucket, mark = deployed.client("s3"), deployed.outputs["DataBucket"], str(next(_CHANGES)).encode()
    for item in s3.list_objects_v2(Bucket=bucket, Prefix="images/")["Contents"]:
        content = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        s3.put_object(Bucket=bucket, Key=item["Key"], Body=content + mark)


def _client_of_nodes(deployed: Deployed) -> Client:
    """Return clients with the rights of the instance role, from where every service is reached, as no node is."""
    keys = InstanceCredentials(deployed.client, deployed.role, instance_id(deployed.cluster.id)).current()
    aws = deployed.cluster.place.aws
    session: Any = boto3.session.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], aws.region)
    settings = Config(s3={"addressing_style": "path"})
    return lambda name: session.client(name, endpoint_url=aws.endpoint, verify=str(aws.authority), config=settings)


def _answers(calls: Mapping[str, Callable[[], Any]]) -> dict[str, str]:
    """Make calls, and return the codes with which they are refused, or ``allowed``."""
    found = {}
    for name, call in calls.items():
        try:
            call()
        except ClientError as error:
            found[name] = error.response["Error"]["Code"]
        else:
            found[name] = "allowed"
    return found


def _policy(deployed: Deployed) -> str:
    (name,) = deployed.client("iam").list_role_policies(RoleName=deployed.role)["PolicyNames"]
    return str(name)


def _document(statements: list[Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _things(deployed: Deployed) -> dict[str, str]:
    """Return what the role has rights on, by ARN."""
    arguments = json.loads(deployed.outputs["JobStep"])["arguments"]
    (action,) = deployed.client("emr").list_bootstrap_actions(ClusterId=deployed.cluster.id)["BootstrapActions"]
    uris = {
        "archive": arguments[arguments.index("--py-files") + 1],
        "main": arguments[arguments.index("--py-files") + 2],
        "weights": arguments[arguments.index("--weights") + 1],
        "images": arguments[arguments.index("--images") + 1],
        "results": arguments[arguments.index("--output") + 1],
        "action": action["ScriptPath"],
        "wheelhouse": action["Args"][0],
        "probe": action["Args"][4],
        "jobs": f"s3://{deployed.outputs['CodeBucket']}/jobs/",
        "logs": f"s3://{deployed.outputs['LogBucket']}/emr/",
        "data": f"s3://{deployed.outputs['DataBucket']}",
    }
    return {f"arn:aws:s3:::{uri.removeprefix('s3://').rstrip('/')}": name for name, uri in uris.items()}


def _split(statement: Mapping[str, Any], things: Mapping[str, str]) -> Iterator[Right]:
    """Split a statement into rights; a folder and what lies in it are one thing."""
    folders: dict[str, list[str]] = {}
    for resource in _list(statement["Resource"]):
        name = things.get(resource.removesuffix("/*"), "key" if ":kms:" in resource else resource)
        folders.setdefault(name, []).append(resource)
    prefixes: dict[str, list[str]] = {}
    for prefix in _list(statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", [])):
        prefixes.setdefault(prefix.removesuffix("/*"), []).append(prefix)
    for action in _list(statement["Action"]):
        for name, resources in folders.items():
            plain = {"Effect": "Allow", "Action": action, "Resource": resources}
            if not prefixes:
                yield Right(f"{action} {name}", plain)
            for folder, patterns in prefixes.items():
                yield Right(f"{action} {folder}", {**plain, "Condition": {"StringLike": {"s3:prefix": patterns}}})


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
