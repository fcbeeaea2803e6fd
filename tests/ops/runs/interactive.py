"""An interactive deployment on whose steps a test reports."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ops.aws.account import Client
from ops.aws.deployment import Deployment
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.reports import NodeReports
from tests.ops.runs.results_by_hand import Results, put_log

if TYPE_CHECKING:
    from types_boto3_emr.type_defs import StepConfigTypeDef, StepSummaryTypeDef

DEV = ("-c", "env=dev")
TRACEBACK = "INFO begun\nTraceback (most recent call last):\n  File 'main.py', line 1\nValueError: too red\n"


@dataclass
class Place:
    """An embedded AWS with an interactive deployment."""

    aws: EmbeddedAws
    client: Client
    deployment: Deployment

    @property
    def cluster(self) -> str:
        return self.deployment.output("FruitsCompute", "ClusterId")

    @property
    def results(self) -> Results:
        return Results(self.client, self.deployment.output("FruitsStorage", "DataBucket"))

    @property
    def node(self) -> NodeReports:
        return NodeReports(self.aws)

    def steps(self) -> "list[StepSummaryTypeDef]":
        """The steps, the newest first."""
        return self.client("emr").list_steps(ClusterId=self.cluster)["Steps"]

    def unfinished(self) -> str | None:
        """The step that was submitted last, unless it has ended."""
        found = [step["Id"] for step in self.steps() if step["Status"]["State"] == "PENDING"]
        return found[0] if found else None

    def log(self, step: str, file: str, text: str) -> None:
        uri = self.deployment.output("FruitsStorage", "LogUri")
        put_log(self.client, uri, f"{self.cluster}/steps/{step}/{file}", text)

    def failed_step(self, label: str, **failure: str) -> str:
        """Submit a step and report that it has failed."""
        step: StepConfigTypeDef = {
            "Name": f"fruits-dev {label}",
            "ActionOnFailure": "CONTINUE",
            "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["true"]},
        }
        added = self.client("emr").add_job_flow_steps(JobFlowId=self.cluster, Steps=[step])["StepIds"][0]
        self.node.step(self.cluster, added, "RUNNING")
        self.node.step(self.cluster, added, "FAILED", failure=failure)
        return str(added)
