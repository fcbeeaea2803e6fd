"""Runs notebooks without a person, as EMR does on `StartNotebookExecution`: beside the cluster, through its gateway."""

import json
import logging
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ops.project import ROOT
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.control import Control

_PYTHON: Final = ROOT / ".venv-notebook" / "bin" / "python"
_log = logging.getLogger("fruits.node")


@dataclass(frozen=True)
class _Run:
    """A notebook at work: what was asked for, its folder, and what runs it."""

    execution: Mapping[str, Any]
    folder: Path
    process: "subprocess.Popen[bytes]"

    @property
    def executed(self) -> Path:
        return self.folder / "executed.ipynb"

    @property
    def said(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")


class NotebookRuns:
    """Carries out the executions of a cluster.

    Parameters
    ----------
    aws
        Where EMR and S3 are.
    control
        Of the cluster.
    folder
        For notebooks and logs.
    port
        Of the cluster's gateway, on 127.0.0.1.
    """

    busy = False
    """What holds the cluster is the session that a notebook opens."""

    def __init__(self, aws: EmbeddedAws, control: Control, folder: Path, *, port: int) -> None:
        self._aws = aws
        self._control = control
        self._folder = folder
        self._port = port
        self._running: dict[str, _Run] = {}

    def keep(self) -> None:
        """Begin, end and report what is due."""
        for execution in self._control.notebook_executions():
            name, status = execution["NotebookExecutionId"], execution["Status"]
            if status == "START_PENDING":
                self._begin(name)
            elif status == "STOP_PENDING":
                self._stop(name)
        for name, run in list(self._running.items()):
            if run.process.poll() is not None:
                del self._running[name]
                self._end(name, run)

    def end(self) -> None:
        """Stop what runs."""
        for run in self._running.values():
            run.process.terminate()
            run.process.wait()

    def _begin(self, name: str) -> None:
        execution = self._control.notebook_execution(name)
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        try:
            place = execution["NotebookS3Location"]
            self._s3(execution).download_file(place["Bucket"], place["Key"], str(folder / "notebook.ipynb"))
            self._running[name] = _Run(execution, folder, self._start(execution, folder))
        except (BotoCoreError, ClientError, OSError) as error:
            self._control.report_notebook(name, "FAILED", f"The notebook cannot be run: {error}")
        else:
            self._control.report_notebook(name, "RUNNING", "The notebook runs")

    def _start(self, execution: Mapping[str, Any], folder: Path) -> "subprocess.Popen[bytes]":
        gateway = f"http://127.0.0.1:{self._port}"
        options = ["--to", str(folder / "executed.ipynb"), "--gateway", gateway]
        options += ["--parameters", execution.get("NotebookParams") or "{}"]
        # The gateway acts for this user of EMR's, and refuses root.
        variables = {"KERNEL_USERNAME": "emr-notebook", "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(
                [str(_PYTHON), "-m", "ops.notebook.execute", str(folder / "notebook.ipynb"), *options],
                cwd=ROOT,
                env={**variables, **execution.get("EnvironmentVariables", {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _stop(self, name: str) -> None:
        if run := self._running.pop(name, None):
            run.process.terminate()
            run.process.wait()
        self._control.report_notebook(name, "STOPPED", "Stopped by user request")

    def _end(self, name: str, run: _Run) -> None:
        """Upload the notebook with its outputs; what failed in Livy alone is no failure for EMR."""
        if not run.executed.exists():
            self._control.report_notebook(name, "FAILED", run.said.strip()[-500:] or "The notebook was not run")
            return
        place = run.execution["OutputNotebookS3Location"]
        try:
            self._s3(run.execution).upload_file(str(run.executed), place["Bucket"], place["Key"])
        except (BotoCoreError, ClientError, boto3.exceptions.S3UploadFailedError) as error:
            self._control.report_notebook(name, "FAILED", f"The output cannot be written: {error}")
            return
        failed = _kernel_failed(json.loads(run.executed.read_text(encoding="utf-8")))
        status, reason = ("FAILED", "A cell of the notebook failed") if failed else ("FINISHED", "The notebook ended")
        self._control.report_notebook(name, status, reason, f"s3://{place['Bucket']}/{place['Key']}")
        _log.info("%s: notebook execution %s is %s", self._control.cluster_id, name, status)

    def _s3(self, execution: Mapping[str, Any]) -> Any:
        """Return a client with the rights of the service role."""
        keys = self._control.assume(execution["ServiceRole"], execution["NotebookExecutionId"])
        session: Any = boto3.session.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], self._aws.region
        )
        settings = Config(s3={"addressing_style": "path"})
        return session.client("s3", endpoint_url=self._aws.endpoint, verify=str(self._aws.authority), config=settings)


def _kernel_failed(notebook: Mapping[str, Any]) -> bool:
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", ()))
    return any(output["output_type"] == "error" for output in outputs)
