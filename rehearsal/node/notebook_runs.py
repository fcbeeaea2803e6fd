"""Runs notebooks without a person, as EMR does on `StartNotebookExecution`: beside the cluster, through its gateway."""

import json
import logging
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from ops.project import ROOT
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.control import Control
from rehearsal.node.instance.start import GATEWAY

_ENVIRONMENT: Final = ROOT / ".venv-notebook"
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
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")


class NotebookRuns:
    """Carries out the executions of a cluster, as EMR; whether their service role may, EMR has looked beforehand.

    Parameters
    ----------
    aws
        Where S3 is.
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
        self._s3 = clients_of(aws)("s3")
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
            elif status == "RUNNING" and name not in self._running:
                self._control.report_notebook(name, "FAILED", "The node was stopped while the notebook ran")
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
        if missing := [path.name for path in (GATEWAY, _ENVIRONMENT) if not path.exists()]:
            how = " ".join(f"{name}/.installed" for name in missing)
            self._control.report_notebook(name, "FAILED", f"The rehearsal lacks an environment; run: make {how}")
            return
        try:
            place = execution["NotebookS3Location"]
            self._s3.download_file(place["Bucket"], place["Key"], str(folder / "notebook.ipynb"))
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
                [
                    str(_ENVIRONMENT / "bin" / "python"),
                    "-m",
                    "ops.notebook.execute",
                    str(folder / "notebook.ipynb"),
                    *options,
                ],
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
            self._control.report_notebook(name, "FAILED", run.log.strip()[-500:] or "The notebook was not run")
            return
        place = run.execution["OutputNotebookS3Location"]
        try:
            self._s3.upload_file(str(run.executed), place["Bucket"], place["Key"])
        except (BotoCoreError, ClientError, S3UploadFailedError) as error:
            self._control.report_notebook(name, "FAILED", f"The output cannot be written: {error}")
            return
        failed = _kernel_failed(json.loads(run.executed.read_text(encoding="utf-8")))
        status, reason = ("FAILED", "A cell of the notebook failed") if failed else ("FINISHED", "The notebook ended")
        self._control.report_notebook(name, status, reason, f"s3://{place['Bucket']}/{place['Key']}")
        _log.info("%s: notebook execution %s is %s", self._control.cluster_id, name, status)


def _kernel_failed(notebook: Mapping[str, Any]) -> bool:
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", ()))
    return any(output["output_type"] == "error" for output in outputs)
