"""Notebooks that EMR runs on a cluster without a person: started, watched, fetched."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ops.aws.account import Client, asking
from ops.aws.deployment import Deployment, NoDeployment
from ops.aws.s3.folder import Folder
from ops.clock import Clock
from ops.errors import FruitsError
from ops.notebook.outcome import require_success

ENDED: Final = ("FINISHED", "FAILED", "STOPPED")
_FOLDER: Final = "notebooks/runs"


class ExecutionFailed(FruitsError):
    """EMR has not run the notebook to its end; the message has its reason."""


@dataclass(frozen=True)
class Execution:
    """A notebook that EMR runs.

    Parameters
    ----------
    client
        Clients of the account.
    id
        As EMR gives it.
    """

    client: Client
    id: str

    def describe(self) -> Mapping[str, Any]:
        """Ask EMR how it is."""
        with asking(f"describe the notebook execution {self.id}"):
            found: Any = self.client("emr").describe_notebook_execution(NotebookExecutionId=self.id)
        shown: Mapping[str, Any] = found["NotebookExecution"]
        return shown

    def wait(self, *, seconds: float, clock: Clock, show: Callable[[str], None]) -> Mapping[str, Any]:
        """Wait until it has ended, and describe it."""
        while (found := self.describe())["Status"] not in ENDED:
            show(f"{self.id} is {found['Status']}")
            clock.wait(seconds)
        return found


def start(client: Client, deployment: Deployment, content: bytes, *, name: str, parameters: str) -> Execution:
    """Upload a notebook, and have EMR run it on the interactive cluster.

    Parameters
    ----------
    client
        Clients of the account.
    deployment
        With a Studio, whose role and groups are used.
    content
        The notebook.
    name
        Of this run; what it is called on S3, too.
    parameters
        JSON: values for the cell of parameters.

    Raises
    ------
    NoDeployment
        If there is no Studio.
    """
    if "FruitsNotebook" not in deployment.stacks:
        raise NoDeployment(
            f"{deployment.name} has no Studio, whose role runs notebooks; deploy one: cdk deploy"
            f" -c env={deployment.env} -c mode=interactive -c notebook=true"
        )
    bucket = deployment.output("FruitsStorage", "CodeBucket")
    place = {"Bucket": bucket, "Key": f"{_FOLDER}/{name}/notebook.ipynb"}
    request: Any = {
        "NotebookExecutionName": f"{deployment.name} {name}",
        "ExecutionEngine": {
            "Id": deployment.output("FruitsCompute", "ClusterId"),
            "Type": "EMR",
            "MasterInstanceSecurityGroupId": deployment.output("FruitsNotebook", "EngineGroup"),
        },
        "NotebookInstanceSecurityGroupId": deployment.output("FruitsNotebook", "WorkspaceGroup"),
        "ServiceRole": deployment.output("FruitsNotebook", "NotebookRole"),
        "NotebookS3Location": place,
        "OutputNotebookS3Location": {**place, "Key": f"{_FOLDER}/{name}/executed.ipynb"},
        "NotebookParams": parameters,
    }
    with asking(f"upload the notebook to s3://{bucket}/{place['Key']}"):
        client("s3").put_object(Bucket=bucket, Key=place["Key"], Body=content)
    with asking("start the notebook"):
        return Execution(client, client("emr").start_notebook_execution(**request)["NotebookExecutionId"])


def read_executed(client: Client, described: Mapping[str, Any]) -> bytes:
    """Read the notebook with its outputs.

    Raises
    ------
    ExecutionFailed
        If there is none.
    """
    uri = described.get("OutputNotebookURI", "")
    folder, _, name = uri.rpartition("/")
    content = Folder(client, folder).read(name) if uri else None
    if content is None:
        reason = described.get("LastStateChangeReason", "EMR gives no reason")
        raise ExecutionFailed(
            f"the notebook execution {described['NotebookExecutionId']} is {described['Status']} and has left no"
            f" notebook: {reason}"
        )
    return content


def require_finished(described: Mapping[str, Any], content: bytes) -> None:
    """Fail where a cell failed: EMR takes a notebook for FINISHED in which Livy reported errors.

    Raises
    ------
    CellFailed
        With the first cell that failed.
    ExecutionFailed
        If EMR says that it did not finish.
    """
    require_success(json.loads(content))
    if described["Status"] != "FINISHED":
        raise ExecutionFailed(
            f"the notebook execution {described['NotebookExecutionId']} is {described['Status']}:"
            f" {described.get('LastStateChangeReason', 'EMR gives no reason')}"
        )
