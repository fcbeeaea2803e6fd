"""The life of one cluster, as its machine lives it: bootstrap, steps, idleness, end."""

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from rehearsal.clients import clients_of
from rehearsal.embedded.aws import ACCOUNT, EmbeddedAws
from rehearsal.network.names import EVERYTHING, is_reached
from rehearsal.node.bootstrap import Bootstrap, BootstrapFailed
from rehearsal.node.control import LIVE, Control, Gone, Stopped
from rehearsal.node.credentials import InstanceCredentials
from rehearsal.node.instance.start import start_instance
from rehearsal.node.logs import InstanceS3, LogUpload
from rehearsal.node.machine import Machine, instance_id
from rehearsal.node.metadata import MetadataService, facts_of
from rehearsal.node.notebook_runs import NotebookRuns
from rehearsal.node.notebooks import NotebookServices, serves_notebooks
from rehearsal.node.options import POLL_SECONDS, Options
from rehearsal.node.routes import reached_services, why_unreachable
from rehearsal.node.spark import configure_spark
from rehearsal.node.spark_cluster import SparkCluster
from rehearsal.node.tools import install_programs
from rehearsal.node.workload import Workload

_READY: Final = "ready"
_DISK: Final = ("opt", "home", "emr", "tmp", "mnt/tmp", "mnt/var/lib", "mnt/yarn")
_ORDERLY: Final = ("USER_REQUEST", "ALL_STEPS_COMPLETED", "AUTO_TERMINATION")
_log = logging.getLogger("fruits.node")


class _Ending(Exception):
    """Somebody ends the cluster while its machine is at work."""


class Service(Protocol):
    """What runs on a machine beside its steps."""

    @property
    def busy(self) -> bool:
        """Whether the cluster is not idle because of it."""

    def keep(self) -> None:
        """Start what should run and does not, and do what is due."""

    def end(self) -> None:
        """End all of it."""


class ClusterLife:
    """Lives through one cluster.

    Parameters
    ----------
    aws
        Where EMR is.
    cluster_id
        Which cluster.
    options
        Of the node.
    stop
        Set when the node is to stop.
    """

    def __init__(self, aws: EmbeddedAws, cluster_id: str, options: Options, stop: threading.Event) -> None:
        self._aws = aws
        self._id = cluster_id
        self._options = options
        self._stop = stop
        self._control = Control(aws, cluster_id, stop)

    def live(self) -> None:
        """Take the cluster from the state it is in to its end, or until the node stops; leave no process."""
        try:
            self._live(self._control.cluster())
        except Stopped:
            _log.info("%s: left as it is", self._id)
        except Gone:
            _log.warning("%s: AWS has forgotten it", self._id)
        except Exception:
            _log.exception("%s: the node failed", self._id)
            with contextlib.suppress(Stopped, Gone):
                self._control.terminate("INTERNAL_ERROR", "The node of the rehearsal failed; its log says why")
                self._end()

    def _live(self, cluster: Mapping[str, Any]) -> None:
        attributes = cluster["Ec2InstanceAttributes"]
        client = clients_of(self._aws, connect_timeout=2, retries={"total_max_attempts": 1})
        instance = instance_id(self._id)
        credentials = InstanceCredentials(client, attributes["IamInstanceProfile"], instance)
        reached = reached_services(client, attributes.get("Ec2SubnetId", ""))
        if not reached and cluster["Status"]["State"] == "STARTING":
            self._control.terminate("VALIDATION_ERROR", why_unreachable(client, attributes["Ec2SubnetId"]))
            self._end()
            return
        self._control.when_back = credentials.forget
        facts = facts_of(
            instance_id=instance,
            zone=attributes["Ec2AvailabilityZone"],
            region=self._aws.region,
            account=ACCOUNT,
        )
        root = Path(self._aws.folder) / "nodes" / self._id
        resumed = (root / _READY).exists()
        if not resumed:
            shutil.rmtree(root, ignore_errors=True)  # of a node that was killed
        port = self._aws.port if EVERYTHING in reached else self._aws.inside_port
        surroundings = start_instance(
            root,
            self._options.kind,
            cluster_id=self._id,
            aws=self._aws,
            port=self._options.port or port,
            reached=lambda host: is_reached(host, reached, self._aws.region),
        )
        metadata = MetadataService(credentials, facts, surroundings.metadata)
        machine = Machine(root=root, cluster_id=self._id, aws=self._aws, instance=surroundings)
        s3 = InstanceS3(self._aws, credentials, port=port)
        logs = LogUpload(s3, cluster.get("LogUri", ""), cluster_id=self._id, instance_id=instance)
        try:
            self._work(machine, cluster, Bootstrap(machine, s3, logs, self._options.image), logs)
        finally:
            surroundings.close()
            metadata.close()
        self._end()
        # The disk goes with the machine, but for what helps to find out what happened.
        for name in _DISK:
            shutil.rmtree(machine.root / name, ignore_errors=True)

    def _work(self, machine: Machine, cluster: Mapping[str, Any], bootstrap: Bootstrap, logs: LogUpload) -> None:
        """Bring the cluster to the point where it is TERMINATING."""
        state = cluster["Status"]["State"]
        try:
            if state in ("STARTING", "BOOTSTRAPPING"):
                self._bootstrap(machine, cluster, bootstrap)
            elif state not in LIVE:
                return
            elif (machine.root / _READY).exists():
                self._set_up(machine, cluster)
            else:
                self._control.terminate("INSTANCE_FAILURE", f"The primary instance ({machine.instance_id}) was lost")
                return
            services = list(self._services(machine, cluster, logs))
            workload = Workload(machine, self._control, logs, log_seconds=self._options.log_seconds)
            try:
                self._serve(workload, services)
            finally:
                workload.end()
                for service in reversed(services):
                    service.end()
        except _Ending:
            _log.info("%s: somebody ended it while it was starting", self._id)
        except BootstrapFailed as error:
            _log.warning("%s: %s", self._id, error)
            self._control.terminate("BOOTSTRAP_FAILURE", str(error))

    def _set_up(self, machine: Machine, cluster: Mapping[str, Any]) -> None:
        configure_spark(machine, cluster.get("Configurations", []))
        install_programs(machine)

    def _bootstrap(self, machine: Machine, cluster: Mapping[str, Any], bootstrap: Bootstrap) -> None:
        self._set_up(machine, cluster)
        while self._control.state() == "STARTING" and not self._control.begin():
            self._raise_if_ending()
            self._stop.wait(POLL_SECONDS)
        for number, action in enumerate(self._control.bootstrap_actions(), 1):
            bootstrap.run(number, action, self._raise_if_ending)
        (machine.root / _READY).touch()

    def _raise_if_ending(self) -> None:
        if self._stop.is_set():
            raise Stopped
        if self._control.state() not in LIVE:
            raise _Ending

    def _services(self, machine: Machine, cluster: Mapping[str, Any], logs: LogUpload) -> Iterator[Service]:
        """Make what runs beside the steps, by the applications of the cluster."""
        if _has_spark(cluster):
            yield SparkCluster(machine, logs, log_seconds=self._options.log_seconds)
        if serves_notebooks(cluster):
            notebooks = NotebookServices(machine, cluster.get("Configurations", []), logs, self._options)
            yield notebooks
            yield NotebookRuns(self._aws, self._control, machine.root / "notebooks", port=notebooks.port)

    def _serve(self, workload: Workload, services: Sequence[Service]) -> None:
        """Work on steps until the cluster ends, by itself or by somebody."""
        idle_since = time.monotonic()
        workload.resume()
        while True:
            cluster = self._control.cluster()
            if cluster["Status"]["State"] not in LIVE:
                return
            for service in services:
                service.keep()
            workload.advance(cluster["StepConcurrencyLevel"])
            if workload.busy:
                self._enter("RUNNING", cluster)
                idle_since = time.monotonic()
            elif cluster["AutoTerminate"] and not workload.held:
                message = "Steps completed with errors" if workload.failed else "Steps completed"
                self._control.terminate("ALL_STEPS_COMPLETED", message)
                return
            else:
                self._enter("WAITING", cluster)
                if any(service.busy for service in services):
                    idle_since = time.monotonic()
                if self._idle_for_too_long(time.monotonic() - idle_since):
                    self._control.terminate("AUTO_TERMINATION", "The cluster was idle for longer than its idle timeout")
                    return
            if self._stop.wait(POLL_SECONDS):
                raise Stopped

    def _enter(self, state: str, cluster: Mapping[str, Any]) -> None:
        if cluster["Status"]["State"] != state:
            self._control.report(state)

    def _idle_for_too_long(self, seconds: float) -> bool:
        timeout = self._control.idle_timeout()
        return timeout is not None and seconds >= timeout * self._options.idle_scale

    def _end(self) -> None:
        """Report the end of a cluster that is TERMINATING."""
        code = self._control.cluster()["Status"]["StateChangeReason"].get("Code", "")
        self._control.report("TERMINATED" if code in _ORDERLY else "TERMINATED_WITH_ERRORS")


def _has_spark(cluster: Mapping[str, Any]) -> bool:
    return any(application["Name"] == "Spark" for application in cluster.get("Applications", ()))
