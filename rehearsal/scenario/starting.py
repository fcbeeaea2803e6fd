"""Clusters that start while the CDK waits for them, and hears nothing for minutes: followed, and ended if in vain."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.node.reports import NodeReports, ReportRefused
from rehearsal.scenario.stages import Report, StageFailed

_LOOK_EVERY_SECONDS: Final = 1.0
_STARTING: Final = ("STARTING", "BOOTSTRAPPING")


class Start:
    """Follows the clusters of a name.

    Parameters
    ----------
    emr
        Client of EMR.
    reports
        Ends clusters whose node is gone, as EC2 would tell EMR.
    name
        Of the clusters.
    still_there
        Raises `StageFailed` if the node that has to do the work is gone.

    Attributes
    ----------
    found
        What is wrong, as findings.
    """

    def __init__(self, emr: Any, reports: NodeReports, name: str, *, still_there: Callable[[], None]) -> None:
        self._emr, self._reports, self._name, self._still_there = emr, reports, name, still_there
        self.found: list[str] = []

    @contextmanager
    def followed(self, report: Report) -> Iterator[None]:
        """Follow them during the block, telling their states."""
        stop = Event()

        def look() -> None:
            while not stop.wait(_LOOK_EVERY_SECONDS):
                with suppress(BotoCoreError, ClientError, ReportRefused):  # the CDK will say what is wrong
                    self.look(report)

        thread = Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def look(self, report: Report) -> None:
        """Look at all that start, and end those that would for ever."""
        lost = self._lost()
        if lost and lost not in self.found:
            self.found.append(lost)
        for cluster in self._emr.list_clusters(ClusterStates=list(_STARTING))["Clusters"]:
            if cluster["Name"] == self._name:
                report(lost or f"cluster {cluster['Id']} {cluster['Status']['State']}")
                self._end_hopeless(cluster["Id"], lost)

    def _lost(self) -> str:
        try:
            self._still_there()
        except StageFailed as failed:
            return f"{failed.reason} (log: {failed.log})"
        return ""

    def _end_hopeless(self, cluster_id: str, lost: str) -> None:
        """End a cluster that has lost its node, or whose fleets are refused instances.

        On AWS instances may come later; what the embedded AWS refuses once, it always refuses.
        """
        if lost:
            self._reports.cluster(cluster_id, "TERMINATED_WITH_ERRORS", code="INSTANCE_FAILURE", message=lost)
            return
        refused = [
            f"the {fleet['InstanceFleetType'].lower()} fleet of cluster {cluster_id} gets no instances: {reason}"
            for fleet in self._emr.list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"]
            if (reason := fleet["Status"].get("StateChangeReason", {}).get("Message"))
        ]
        if refused:
            self.found.extend(refused)
            self._emr.terminate_job_flows(JobFlowIds=[cluster_id])
