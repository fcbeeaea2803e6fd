"""Play the nodes of an embedded AWS until SIGTERM: `python -m rehearsal.node FOLDER`."""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.clients import clients_of
from rehearsal.daemon import end_with_starter
from rehearsal.embedded.aws import EmbeddedAws, find_aws
from rehearsal.node.daemon import ready_file
from rehearsal.node.instance.start import why_no_namespaces
from rehearsal.node.life import ClusterLife
from rehearsal.node.options import POLL_SECONDS, Options
from rehearsal.node.overrides import table
from rehearsal.node.reports import NodeReports, ReportRefused

_UNENDED: Final = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING")
_ANOTHER_LIFE_AFTER_SECONDS: Final = 5.0
_log = logging.getLogger("fruits.node")


class Watcher:
    """Finds clusters, and gives each a life in a thread of its own."""

    def __init__(self, folder: Path, options: Options, stop: threading.Event) -> None:
        self._folder = folder
        self._options = options
        self._stop = stop
        self._lives: dict[str, tuple[threading.Thread, float]] = {}
        self._aws: EmbeddedAws | None = None
        self._leave = threading.Event()
        self._problem = ""

    def watch(self) -> None:
        """Look for clusters until told to stop, then wait for their lives to end."""
        try:
            # A folder that is deleted takes the clusters with it.
            while self._folder.exists() and not self._stop.wait(POLL_SECONDS):
                self._look_if_aws_is_there()
        finally:
            self._leave.set()
            for life, _ in self._lives.values():
                life.join()

    def _look_if_aws_is_there(self) -> None:
        problem = ""
        try:
            self._look()
        except (BotoCoreError, ClientError, ReportRefused) as error:
            problem = str(error)
        if problem and not self._problem:
            _log.warning("AWS cannot be asked: %s", problem)
        self._problem = problem

    def _look(self) -> None:
        aws = find_aws(self._folder)
        if aws is None:
            return
        if aws != self._aws:  # it was started anew, and knows no node
            if self._aws and aws.endpoint != self._aws.endpoint:
                self._leave.set()  # lives that know the former address end, and begin again with this one
                self._leave = threading.Event()
            self._choose_kind(aws)
            NodeReports(aws).choose_launch("hold")
            self._client = clients_of(aws, connect_timeout=2, retries={"total_max_attempts": 1})
            self._aws = aws
            ready_file(self._folder).write_text(f"{os.getpid()} {self._options.kind}", encoding="utf-8")
        for page in self._client("emr").get_paginator("list_clusters").paginate(ClusterStates=list(_UNENDED)):
            for cluster in page["Clusters"]:
                self._give_life(aws, cluster["Id"])

    def _choose_kind(self, aws: EmbeddedAws) -> None:
        """Go without namespaces where this machine gives none."""
        if self._options.kind == "namespaces" and (reason := why_no_namespaces(aws)):
            _log.warning("no namespaces, instances share this machine: %s", reason)
            self._options = replace(self._options, kind="shared")

    def _give_life(self, aws: EmbeddedAws, cluster_id: str) -> None:
        """Begin a life, or another one if that has ended and AWS, killed meanwhile, has forgotten how."""
        life, begun = self._lives.get(cluster_id, (None, 0.0))
        if (life and life.is_alive()) or time.monotonic() - begun < _ANOTHER_LIFE_AFTER_SECONDS:
            return
        life = threading.Thread(target=ClusterLife(aws, cluster_id, self._options, self._leave).live, name=cluster_id)
        self._lives[cluster_id] = (life, time.monotonic())
        life.start()


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description="Play the nodes of an embedded AWS.")
    parser.add_argument("folder", type=Path, nargs="?", help="of the embedded AWS")
    parser.add_argument("--port", type=int, default=0, help="where steps arrive when they call AWS")
    parser.add_argument("--shared", action="store_true", help="do without namespaces")
    parser.add_argument("--idle-scale", type=float, default=1.0, help="shortens the idle stop of clusters")
    parser.add_argument("--log-seconds", type=float, default=Options.log_seconds, help="between uploads of logs")
    parser.add_argument("--image", type=Path, help="folder of disk images that bootstrap actions may find used")
    parser.add_argument("--overrides", action="store_true", help="print what differs from the deployed nodes, and end")
    given = parser.parse_args()
    if given.overrides:
        sys.stdout.writelines(f"{line}\n" for line in table())
        return 0
    if given.folder is None:
        parser.error("the folder of the embedded AWS is missing")
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    _log.setLevel(logging.INFO)
    logging.Formatter.converter = time.gmtime
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    end_with_starter()
    options = Options(
        kind="shared" if given.shared else "namespaces",
        port=given.port,
        idle_scale=given.idle_scale,
        log_seconds=given.log_seconds,
        image=given.image,
    )
    Watcher(given.folder.resolve(), options, stop).watch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
