"""The probe: the script of the bootstrap action that says what a node is, run again as a step."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ops.aws.account import Client, asking
from ops.aws.clusters import STEP_ENDED, USABLE, Cluster, Step, find_step
from ops.clock import Clock
from ops.errors import FruitsError
from ops.runs.logs import StepLog, logs_of

NAME: Final = "probe"
"""Name of the step: none of a run, of which people would be told."""

_COMMAND: Final = 'set -o pipefail; aws s3 cp --only-show-errors --region "$1" "$0" - | python3.11 -'
_SCRIPT: Final = re.compile(r"s3://[^/]+/.+\.py")
_MARK: Final = '{"probe":'


class ProbeFailed(FruitsError):
    """The probe has said nothing; the message says why and where to read more."""


def probe_of(client: Client, cluster: Cluster) -> str:
    """Return the URI of the probe, which is an argument of the cluster's bootstrap action.

    Raises
    ------
    ProbeFailed
        If the cluster takes no steps, or was deployed without a probe.
    """
    if cluster.state not in USABLE:
        raise ProbeFailed(
            f"the cluster {cluster.id} of {cluster.name} has ended ({cluster.reason}); what its nodes said as they"
            " started: fruits logs --bootstrap"
        )
    with asking(f"list the bootstrap actions of {cluster.id}"):
        actions = client("emr").list_bootstrap_actions(ClusterId=cluster.id)["BootstrapActions"]
    arguments = (argument for action in actions for argument in action.get("Args", ()))
    found = next((argument for argument in arguments if _SCRIPT.fullmatch(argument)), None)
    if found is None:
        raise ProbeFailed(f"the cluster {cluster.id} was deployed without a probe; a new one has it: cdk deploy")
    return found


def submit_probe(client: Client, cluster: Cluster, uri: str, region: str) -> str:
    """Add the probe as a step, and return its id."""
    step: Any = {
        "Name": NAME,
        "ActionOnFailure": "CONTINUE",
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["bash", "-c", _COMMAND, uri, region]},
    }
    with asking(f"submit the probe to {cluster.id}"):
        added = client("emr").add_job_flow_steps(JobFlowId=cluster.id, Steps=[step])
    identity: str = added["StepIds"][0]
    return identity


def wait_for_step(
    client: Client, cluster: Cluster, step_id: str, *, seconds: float, clock: Clock, show: Callable[[str], None]
) -> Step:
    """Wait until a step has ended, and return it."""
    while (step := find_step(client, cluster.id, step_id)).state not in STEP_ENDED:
        show(f"{step_id} is {step.state}")
        clock.wait(seconds)
    return step


def read_answers(
    client: Client, cluster: Cluster, step: Step, *, seconds: float, clock: Clock, show: Callable[[str], None]
) -> Mapping[str, Any]:
    """Read what the probe has printed, once EMR has brought its log to S3.

    Raises
    ------
    ProbeFailed
        If the step has failed, or its log does not come or does not hold it.
    """
    log = StepLog(logs_of(client, cluster), step)
    text = ""
    while True:
        text += log.read()
        for line in reversed(text.splitlines()):
            if line.startswith(_MARK):
                answers: Mapping[str, Any] = json.loads(line)
                return answers
        if step.state != "COMPLETED" or log.is_final(step, datetime.now(UTC)):
            raise ProbeFailed(
                f"the probe {step.id} is {step.state} and has said nothing; read: fruits logs {step.id} --file stderr"
            )
        show("waiting for its log, which EMR brings to S3 within minutes")
        clock.wait(seconds)
