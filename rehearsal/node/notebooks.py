"""What serves notebooks on a machine: Jupyter Enterprise Gateway and sparkmagic as EMR has them, a stand-in for Livy.

They start with the first call to the gateway: a node that runs no notebook does not pay for them.
"""

import json
import select
import shutil
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ops.project import ROOT
from rehearsal.livy.server import OPEN
from rehearsal.node.applied import BASE_PYTHON
from rehearsal.node.instance.start import GATEWAY
from rehearsal.node.logs import LogUpload
from rehearsal.node.machine import Machine
from rehearsal.node.options import Options
from rehearsal.node.program import KeptPrograms, RunningProgram
from rehearsal.node.spark import OF_NOTEBOOKS

PORT: Final = "gateway.port"
"""File on a machine's disk that has the port of 127.0.0.1 at which workspaces find its gateway."""

_SERVED_BY: Final = frozenset({"Livy", "JupyterEnterpriseGateway"})
_COPIED: Final = ("__init__.py", "livy", "network/__init__.py", "network/forwarder.py")
_LIBRARY: Final = "emr/lib"
_FOLDER: Final = "mnt/tmp/livy"
_LOGS: Final = {
    "livy": ("livy", "livy-livy-server.out"),
    "gateway": ("jupyter-enterprise-gateway", "jupyter_enterprise_gateway.log"),
}
"""Application and log as EMR calls them; how it calls the gateway's, no document says."""

_HOME: Final = "emr/notebook"
_LIVYS_TIMEOUT: Final = "1h"
_SECONDS: Final[Mapping[str, float]] = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_PATIENCE_SECONDS: Final = 600


def serves_notebooks(cluster: Mapping[str, Any]) -> bool:
    """Return whether a cluster has what EMR needs for notebooks."""
    return {application["Name"] for application in cluster.get("Applications", ())} >= _SERVED_BY


class NotebookServices:
    """Runs them, and starts again what has ended.

    Parameters
    ----------
    machine
        Where.
    configurations
        Of the cluster, as `DescribeCluster` gives them; ``livy-conf`` and ``livy-env`` are applied.
    logs
        Where theirs go.
    options
        Of the node: how often logs are uploaded, and by how much Livy's timeout is shortened, as the idle stop is.
    """

    def __init__(
        self, machine: Machine, configurations: Iterable[Mapping[str, Any]], logs: LogUpload, options: Options
    ) -> None:
        self._machine = machine
        self._logs = logs
        self._options = options
        self._uploaded = time.monotonic()
        files = [_of(configurations, name) for name in OF_NOTEBOOKS]
        self._livy, exports = files[0].get("Properties", {}), files[1].get("Configurations", [])
        variables = {name: value for item in exports for name, value in item.get("Properties", {}).items()}
        self._variables = {name: machine.instance.placed(value) for name, value in variables.items()}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._programs = KeptPrograms(machine.cluster_id, self._start)
        (machine.root / PORT).write_text(str(self.port), encoding="ascii")

    @property
    def port(self) -> int:
        """Where workspaces call the gateway, on 127.0.0.1 of this machine."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def busy(self) -> bool:
        """Whether a session is open: an application that runs, so that the cluster is not idle."""
        return (self._machine.root / _FOLDER / OPEN).exists()

    def keep(self) -> None:
        """Start what should run and does not, from the first call on."""
        if not GATEWAY.exists() or not (self._programs.started or select.select([self._listener], [], [], 0)[0]):
            return
        if not self._programs.started:
            self._install()
        self._programs.keep(self._commands())
        if time.monotonic() - self._uploaded > self._options.log_seconds:
            self._upload()

    def end(self) -> None:
        """End all of it, and upload the last of what it has logged."""
        self._programs.end()
        self._listener.close()
        self._upload()

    def _upload(self) -> None:
        for name, (application, log) in _LOGS.items():
            self._logs.upload_application(application, log, self._folder_of_logs(name) / "stderr")
        self._uploaded = time.monotonic()

    def _install(self) -> None:
        """Put the programs and their settings on the disk."""
        library = self._machine.root / _LIBRARY
        for name in _COPIED:
            source, target = ROOT / "rehearsal" / name, library / "rehearsal" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
            else:
                shutil.copy(source, target)
        (self._machine.root / _FOLDER).mkdir(parents=True, exist_ok=True)
        (self._machine.root / _FOLDER).chmod(0o1777)
        home = self._machine.root / _HOME
        _write(home / "kernels" / "pysparkkernel" / "kernel.json", self._kernel())
        _write(home / "sparkmagic" / "config.json", self._sparkmagic())
        (home / "runtime").mkdir(exist_ok=True)
        (home / "runtime").chmod(0o1777)

    def _kernel(self) -> dict[str, Any]:
        argv = [str(GATEWAY / "bin" / "python"), "-m", "sparkmagic.kernels.pysparkkernel.pysparkkernel"]
        home = self._machine.path(_HOME)
        return {
            "argv": [*argv, "-f", "{connection_file}"],
            "display_name": "PySpark",
            "language": "python",
            # The gateway passes on no variables of its own.
            "env": {"HOME": self._machine.path("home/hadoop"), "SPARKMAGIC_CONF_DIR": f"{home}/sparkmagic"},
        }

    def _sparkmagic(self) -> dict[str, Any]:
        """Return sparkmagic's configuration: where Livy is, and to be patient, for this machine may be busy."""
        url = {"username": "", "password": "", "auth": "None", "url": f"http://127.0.0.1:{self._port('livy')}"}
        return {
            "kernel_python_credentials": url,
            "livy_session_startup_timeout_seconds": _PATIENCE_SECONDS,
            "wait_for_idle_timeout_seconds": _PATIENCE_SECONDS,
            "use_auto_viz": False,
            "logging_config": {"version": 1},
        }

    def _commands(self) -> dict[str, list[str]]:
        path = self._machine.path
        timeout = _seconds(self._livy.get("livy.server.session.timeout", _LIVYS_TIMEOUT)) * self._options.idle_scale
        busy = self._livy.get("livy.server.session.timeout-check.skip-busy") == "true"
        livy = ["--port", self._port("livy"), "--folder", path(_FOLDER), "--timeout", str(timeout)]
        gateway = [f"--EnterpriseGatewayApp.{name}" for name in ("ip=127.0.0.1", f"port={self._port('gateway')}")]
        return {
            "livy": [
                *(BASE_PYTHON, "-m", "rehearsal.livy.server", *livy, *(["--skip-busy"] if busy else [])),
                *("--", path("emr/bin/spark-submit")),
            ],
            "gateway": [
                *(str(GATEWAY / "bin" / "jupyter-enterprisegateway"), *gateway),
                *("--EnterpriseGatewayApp.port_retries=0", "--KernelSpecManager.ensure_native_kernel=False"),
                "--MappingKernelManager.default_kernel_name=pysparkkernel",
            ],
            "relay": [
                *(BASE_PYTHON, "-m", "rehearsal.livy.relay"),
                *(str(self._listener.fileno()), self._port("gateway")),
            ],
        }

    def _folder_of_logs(self, name: str) -> Path:
        return self._machine.root / "mnt" / "var" / "log" / name

    def _port(self, name: str) -> str:
        return str(self._machine.instance.ports[name])

    def _start(self, name: str, command: Sequence[str]) -> RunningProgram:
        logs = self._folder_of_logs(name)
        logs.mkdir(parents=True, exist_ok=True)
        home = self._machine.path(_HOME)
        variables = {"PYTHONPATH": self._machine.path(_LIBRARY), **self._variables}
        if name == "gateway":
            variables = {"JUPYTER_PATH": home, "JUPYTER_RUNTIME_DIR": f"{home}/runtime"}
        return RunningProgram(
            self._machine,
            command,
            folder=self._machine.root / _FOLDER,
            logs=logs,
            variables=variables,
            marks={"NOTEBOOK_SERVICE": name},
            shared=[self._listener.fileno()] if name == "relay" else [],
        )


def _of(configurations: Iterable[Mapping[str, Any]], classification: str) -> Mapping[str, Any]:
    return next((item for item in configurations if item["Classification"] == classification), {})


def _seconds(text: str) -> float:
    """Read a time as Livy writes it, such as ``900s``."""
    unit = text.lstrip("0123456789")
    return float(text.removesuffix(unit)) * _SECONDS[unit]


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
