"""How a node tells the embedded AWS what it does: signed calls of actions that the real EMR does not have."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from rehearsal.embedded.aws import ClusterLaunch, EmbeddedAws


class ReportRefused(Exception):
    """The embedded AWS did not accept a report; the message is its own."""


class NodeReports:
    """Moves clusters and steps through their states; events, timelines and ends of steps follow.

    Parameters
    ----------
    aws
        The embedded AWS.

    Notes
    -----
    A node takes a cluster from STARTING by BOOTSTRAPPING to RUNNING or WAITING, and each step from PENDING by
    RUNNING to COMPLETED or FAILED. It has to look for TERMINATING clusters and CANCEL_PENDING steps, stop their
    work, and report TERMINATED or CANCELLED; a cluster ends without it after half a minute.
    """

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._session = URLLib3Session(verify=str(aws.authority))  # type: ignore[arg-type]  # a bundle, as in boto3

    def cluster(self, cluster_id: str, state: str, *, code: str = "", message: str = "") -> None:
        """Report the state of a cluster; `code` and `message` are EMR's `StateChangeReason`."""
        self._call("ReportClusterState", ClusterId=cluster_id, State=state, Code=code, Message=message)

    def step(self, cluster_id: str, step_id: str, state: str, *, failure: Mapping[str, str] | None = None) -> None:
        """Report the state of a step; `failure` is EMR's `FailureDetails`: Reason, Message, LogFile."""
        self._call(
            "ReportStepState", ClusterId=cluster_id, StepId=step_id, State=state, FailureDetails=dict(failure or {})
        )

    def terminate(self, cluster_id: str, *, code: str, message: str) -> None:
        """End a cluster for a reason of EMR's own, such as its idle stop; it is TERMINATING then."""
        self._call("TerminateCluster", ClusterId=cluster_id, Code=code, Message=message)

    def notebook(self, name: str, status: str, *, reason: str, output: str = "") -> None:
        """Report the state of an execution of a notebook, and where its output is."""
        self._call("ReportNotebookExecution", NotebookExecutionId=name, Status=status, Reason=reason, Output=output)

    def choose_launch(self, policy: ClusterLaunch) -> None:
        """Choose what happens to the next clusters: see `rehearsal.embedded.emr_launch.LAUNCHES`."""
        self._call("ChooseClusterLaunch", Policy=policy)

    def _call(self, action: str, **content: Any) -> None:
        headers = {"X-Amz-Target": f"ElasticMapReduce.{action}", "Content-Type": "application/x-amz-json-1.1"}
        request = AWSRequest("POST", self._aws.endpoint, headers=headers, data=json.dumps(content).encode())
        SigV4Auth(Credentials("test", "test"), "elasticmapreduce", self._aws.region).add_auth(request)
        response = self._session.send(request.prepare())
        if response.status_code >= 400:
            raise ReportRefused(json.loads(response.content).get("message", response.text))
