"""A small cluster by boto3, for tests of EMR alone."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.aws.account import Client

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import TagTypeDef

PATIENCE_SECONDS = 120.0
"""After this a test gives up; nothing takes that long on the busiest machine."""

SPARK_PATIENCE_SECONDS = 600.0
"""The same for what starts a cluster, Spark or the job."""

SERVICE_ROLE, NODE_ROLE = "emr-service", "emr-nodes"
TAGS: "list[TagTypeDef]" = [{"Key": "project", "Value": "fruits"}, {"Key": "environment", "Value": "demo"}]


def make_roles(client: Client, *, service: str = SERVICE_ROLE, passes: bool = True) -> None:
    """Make a service role, which may pass the nodes' role on or not, the nodes' role and their profile."""
    iam = client("iam")
    existing = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    if NODE_ROLE not in existing:
        iam.create_role(RoleName=NODE_ROLE, AssumeRolePolicyDocument=_trust("ec2.amazonaws.com"))
        iam.create_instance_profile(InstanceProfileName=NODE_ROLE)
        iam.add_role_to_instance_profile(InstanceProfileName=NODE_ROLE, RoleName=NODE_ROLE)
    if service not in existing:
        iam.create_role(RoleName=service, AssumeRolePolicyDocument=_trust("elasticmapreduce.amazonaws.com"))
        if passes:
            arn = iam.get_role(RoleName=NODE_ROLE)["Role"]["Arn"]
            statement = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": arn}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_role_policy(RoleName=service, PolicyName="pass", PolicyDocument=document)


def _trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def step(name: str, action: str = "CONTINUE") -> dict[str, Any]:
    """Return a step that would print its name."""
    jar = {"Jar": "command-runner.jar", "Args": ["echo", name]}
    return {"Name": name, "ActionOnFailure": action, "HadoopJarStep": jar}


def run_cluster(client: Client, **given: Any) -> str:
    """Start a cluster and return its id."""
    request: dict[str, Any] = {
        "Name": "fruits-test",
        "ReleaseLabel": "emr-7.13.0",
        "ServiceRole": SERVICE_ROLE,
        "JobFlowRole": NODE_ROLE,
        "Tags": TAGS,
        "Instances": {
            "KeepJobFlowAliveWhenNoSteps": True,
            "InstanceFleets": [
                {
                    "InstanceFleetType": "MASTER",
                    "TargetOnDemandCapacity": 1,
                    "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}],
                }
            ],
        },
    }
    cluster_id: str = client("emr").run_job_flow(**request | given)["JobFlowId"]
    return cluster_id


def status(client: Client, cluster_id: str) -> Mapping[str, Any]:
    """Return the status of a cluster."""
    found: Mapping[str, Any] = client("emr").describe_cluster(ClusterId=cluster_id)["Cluster"]["Status"]
    return found


def wait_for(condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait until a condition holds, and return what it gave: look at first often, then rarely, for each look costs."""
    deadline = time.monotonic() + seconds
    pause = 0.05
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)
    return found


def wait_for_another_second() -> None:
    """Wait until what happens next has a later time than what has happened, where times are whole seconds."""
    now = int(time.time())
    wait_for(lambda: int(time.time()) > now)


def wait_for_state(
    client: Client, cluster_id: str, *states: str, seconds: float = PATIENCE_SECONDS
) -> Mapping[str, Any]:
    """Wait until a cluster is in a state, and return its status."""
    wait_for(lambda: status(client, cluster_id)["State"] in states, seconds)
    return status(client, cluster_id)


def saved(folder: Path, service: str) -> str:
    """What is in the file from which a service starts again."""
    file = folder / "state" / f"{service}.json"
    return file.read_text(encoding="utf-8") if file.exists() else ""
