"""Clusters that a node really runs: steps submitted, awaited, and their logs read."""

import contextlib
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from ops.aws.account import Client
from ops.aws.cdk import Cdk
from ops.aws.deployment import find_deployment
from ops.aws.given import read_given
from ops.aws.synthesis import synthesise
from ops.local.sample import render_sample
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import ACCOUNT, EmbeddedAws
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.node.daemon import Node, local_node
from rehearsal.node.instance.namespaces import processes_in
from rehearsal.node.processes import processes_with
from tests.rehearsal.clusters import NODE_ROLE, SPARK_PATIENCE_SECONDS, make_roles, run_cluster, status, wait_for

UNFINISHED = ("PENDING", "RUNNING", "CANCEL_PENDING")
_FIRST = "rehearsal.node.instance.first_process"
LOGS = "logs-of-clusters"


@dataclass(frozen=True)
class Place:
    """An embedded AWS and its node."""

    aws: EmbeddedAws
    node: Node
    client: Client

    def start(self, **given: Any) -> "RunningCluster":
        """Start a cluster by boto3 that writes logs."""
        cluster_id = run_cluster(self.client, **{"LogUri": f"s3://{LOGS}/emr/", **given})
        return RunningCluster(self, cluster_id)


@dataclass(frozen=True)
class RunningCluster:
    """One cluster."""

    place: Place
    id: str

    @property
    def machine(self) -> Path:
        return self.place.node.machine(self.id)

    @property
    def state(self) -> str:
        state: str = status(self.place.client, self.id)["State"]
        return state

    def wait(self, *states: str, seconds: float = SPARK_PATIENCE_SECONDS) -> Mapping[str, Any]:
        """Wait for one of these states, and return the status."""
        wait_for(lambda: self.state in states, seconds)
        return status(self.place.client, self.id)

    def submit(self, *command: str, action: str = "CONTINUE", jar: str = "command-runner.jar", name: str = "") -> str:
        """Add a step and return its id."""
        return self.submit_all(step(*command, action=action, jar=jar, name=name))[0]

    def submit_all(self, *steps: Mapping[str, Any]) -> list[str]:
        """Add steps at once and return their ids."""
        wanted: Any = list(steps)  # stubs know literal names alone
        return self.place.client("emr").add_job_flow_steps(JobFlowId=self.id, Steps=wanted)["StepIds"]

    def step(self, step_id: str) -> Mapping[str, Any]:
        """Return the status of a step."""
        shown = self.place.client("emr").describe_step(ClusterId=self.id, StepId=step_id)
        found: Mapping[str, Any] = shown["Step"]["Status"]
        return found

    def wait_for_step(self, step_id: str, *states: str, seconds: float = SPARK_PATIENCE_SECONDS) -> Mapping[str, Any]:
        """Wait until a step is in one of these states, or has ended, and return its status."""
        wait_for(lambda: self._is_in(step_id, states), seconds)
        return self.step(step_id)

    def _is_in(self, step_id: str, states: tuple[str, ...]) -> bool:
        state = self.step(step_id)["State"]
        return state in states if states else state not in UNFINISHED

    def run(self, *command: str, seconds: float = SPARK_PATIENCE_SECONDS) -> str:
        """Run a step to its end, check that it completed, and return what it printed."""
        step_id = self.submit(*command)
        shown = self.wait_for_step(step_id, seconds=seconds)
        assert shown["State"] == "COMPLETED", (shown, self.log(f"steps/{step_id}/stderr.gz"))
        return self.log(f"steps/{step_id}/stdout.gz")

    def log(self, path: str) -> str:
        """Read a log where EMR puts it."""
        uri = self.place.client("emr").describe_cluster(ClusterId=self.id)["Cluster"]["LogUri"]
        return read_log(self.place.client, f"{uri.rstrip('/')}/{self.id}/{path}")


def step(*command: str, action: str = "CONTINUE", jar: str = "command-runner.jar", name: str = "") -> Mapping[str, Any]:
    """Return a step that runs a command."""
    return {
        "Name": name or command[0],
        "ActionOnFailure": action,
        "HadoopJarStep": {"Jar": jar, "Args": list(command)},
    }


def programs_of(step_id: str) -> list[psutil.Process]:
    """List what runs of a step on its instance, without the program that has entered the namespaces for it."""
    return [item for item in processes_with({"EMR_STEP_ID": step_id}) if words_of(item)[:1] != ["nsenter"]]


def words_of(process: psutil.Process) -> list[str]:
    """Return the command line of a process; nothing if it has ended."""
    try:
        words: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return words


def processes_on(machine: Path) -> list[psutil.Process]:
    """List what runs on an instance, by the folder of its disk: what shares a namespace with its first process."""
    for process in psutil.process_iter():
        command = words_of(process)
        if command[:1] != ["unshare"] and _FIRST in command and f'"{machine}"' in command[-1]:
            return processes_in(str(Path(f"/proc/{process.pid}/ns/pid").readlink()))
    return []


def read_log(client: Client, uri: str) -> str:
    """Read a compressed log of S3."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    content: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return gzip.decompress(content).decode()


def make_bare_account(
    client: Client, actions: Sequence[str] = ("s3:PutObject", "s3:GetObject"), *, listing: bool = False
) -> None:
    """Make roles for clusters, and a bucket where they may add logs and read scripts, or do other things."""
    make_roles(client)
    client("s3").create_bucket(Bucket=LOGS, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    allow_nodes(client, actions, listing=listing)


def allow_nodes(client: Client, actions: Sequence[str], *, listing: bool = False) -> None:
    """Let the nodes do these things with objects of the bucket of logs, list it or not, and nothing else."""
    statements = [{"Effect": "Allow", "Action": list(actions), "Resource": f"arn:aws:s3:::{LOGS}/*"}]
    if listing:
        statements.append({"Effect": "Allow", "Action": "s3:ListBucket*", "Resource": f"arn:aws:s3:::{LOGS}"})
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    client("iam").put_role_policy(RoleName=NODE_ROLE, PolicyName="logs", PolicyDocument=document)


@dataclass(frozen=True)
class Deployed:
    """The stacks in interactive mode, with photographs, and their cluster on a node."""

    cluster: RunningCluster
    outputs: Mapping[str, str]
    photographs: int

    @property
    def client(self) -> Client:
        return self.cluster.place.client

    @property
    def role(self) -> str:
        """Return of the instance role."""
        shown = self.client("emr").describe_cluster(ClusterId=self.cluster.id)["Cluster"]["Ec2InstanceAttributes"]
        profile = self.client("iam").get_instance_profile(InstanceProfileName=shown["IamInstanceProfile"])
        name: str = profile["InstanceProfile"]["Roles"][0]["RoleName"]
        return name

    def submit_job(self) -> str:
        """Add the step that the stacks give out, and return its id."""
        job = json.loads(self.outputs["JobStep"])
        return self.cluster.submit(*job["arguments"], jar=job["jar"], name=job["name"])

    def script(self, name: str, text: str) -> str:
        """Put a script where a data scientist would, and return its URI."""
        key = f"jobs/{name}"
        self.client("s3").put_object(Bucket=self.outputs["CodeBucket"], Key=key, Body=text.encode())
        return f"s3://{self.outputs['CodeBucket']}/{key}"


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Deploy everything with the products of the build, bootstrap included; whoever changes it, changes it back."""
    with deploying(tmp_path_factory.mktemp("deployed")) as done:
        yield done


@contextlib.contextmanager
def deploying(folder: Path, *more: str) -> Iterator[Deployed]:
    """Deploy everything in interactive mode, with more settings, and photographs of two labels."""
    with embedded_aws(folder / "aws", launch="hold") as aws, local_node(aws, log_seconds=1) as node:
        place = Place(aws, node, clients_of(aws))
        given = read_given(["mode=interactive", "components=2", *more])
        app = synthesise(folder / "app", given, environment=aws.environment())
        cdk = Cdk(app.folder, aws.environment())
        cdk.bootstrap(ACCOUNT, aws.region)
        cdk.deploy("FruitsStorage")
        bucket = _outputs(place.client)["DataBucket"]
        render_sample(folder / "images", per_label=5, labels=["Lemon", "Orange"])
        photographs = sorted((folder / "images").rglob("*.jpg"))
        for path in photographs:
            key = f"images/{path.relative_to(folder / 'images').as_posix()}"
            place.client("s3").upload_file(str(path), bucket, key)
        cdk.deploy()
        outputs = _outputs(place.client)
        yield Deployed(RunningCluster(place, outputs["ClusterId"]), outputs, len(photographs))


def _outputs(client: Client) -> dict[str, str]:
    found = find_deployment(client, env="demo", region="eu-west-3")
    return {name: value for stack in found.stacks.values() for name, value in stack.outputs.items()}


def create_stack(client: Client, name: str, content: Mapping[str, Any]) -> None:
    """Create a stack from a template of the CDK without its command line."""
    client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String", Overwrite=True)
    client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps(content), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    waiter = client("cloudformation").get_waiter("stack_create_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
