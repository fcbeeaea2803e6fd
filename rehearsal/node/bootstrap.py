"""Bootstrap actions: fetched from S3 and run, in order, with the arguments as deployed."""

import logging
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.node.credentials import RoleRefused
from rehearsal.node.logs import InstanceS3, LogUpload
from rehearsal.node.machine import Machine
from rehearsal.node.program import RunningProgram
from rehearsal.node.trust import AUTHORITIES, trust_in_environments

_LOOKS_EVERY_SECONDS: Final = 0.2
_log = logging.getLogger("fruits.node")


class BootstrapFailed(Exception):
    """A bootstrap action did not do its work; the message is EMR's."""


class Bootstrap:
    """Runs the bootstrap actions of a machine.

    Parameters
    ----------
    machine
        Which.
    s3, logs
        Where scripts come from and logs go, with the rights of the instance role.
    image
        Folder of disk images, if they are to be used: what an action has made below ``/opt`` is kept there, and the
        disk of the next machine with the same action begins with it, as one started from an image of its own would.
        The action runs all the same.
    """

    def __init__(self, machine: Machine, s3: InstanceS3, logs: LogUpload, image: Path | None) -> None:
        self._machine = machine
        self._s3 = s3
        self._logs = logs
        self._image = image

    def run(self, number: int, action: Mapping[str, Any], watched: Callable[[], None]) -> None:
        """Run an action to its end.

        Parameters
        ----------
        number
            From 1.
        action
            As `ListBootstrapActions` gives it: ``ScriptPath``, ``Args``.
        watched
            Called again and again; what it raises ends the action.

        Raises
        ------
        BootstrapFailed
            If it cannot be fetched, or ends with another code than 0.
        """
        folder = self._machine.root / "mnt" / "var" / "log" / "bootstrap-actions" / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        disk = self._machine.root / "opt"
        kept = self._image / _name(action) if self._image else None
        if kept and kept.exists():
            # The folder itself stays: it is mounted.
            _link(kept, disk)
        try:
            code = self._run(number, action, folder, watched)
        finally:
            self._logs.upload_bootstrap(number, folder)
        trust_in_environments(disk, self._machine.root / AUTHORITIES)
        if code:
            raise BootstrapFailed(
                f"On the primary instance ({self._machine.instance_id}), bootstrap action {number} returned a non-zero"
                " return code"
            )
        if kept and not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            partial = kept.with_suffix(f".{self._machine.cluster_id}")
            _link(disk, partial)
            partial.rename(kept)

    def _run(self, number: int, action: Mapping[str, Any], logs: Path, watched: Callable[[], None]) -> int:
        script = self._fetch(number, action["ScriptPath"], logs)
        command = [self._machine.path(script.relative_to(self._machine.root).as_posix()), *self._placed(action["Args"])]
        _note(logs, f"running {' '.join(command)}")
        begun = time.monotonic()
        program = RunningProgram(self._machine, command, folder=self._machine.home, logs=logs, variables={}, marks={})
        try:
            while (code := program.poll()) is None:
                watched()
                time.sleep(_LOOKS_EVERY_SECONDS)
        finally:
            program.end()
        _note(logs, f"ended with code {code} after {time.monotonic() - begun:.1f} s")
        return code

    def _placed(self, arguments: Iterable[str]) -> list[str]:
        return [self._machine.instance.placed(argument) for argument in arguments]

    def _fetch(self, number: int, uri: str, logs: Path) -> Path:
        place = urlsplit(uri)
        script = self._machine.root / "mnt/var/lib/bootstrap-actions" / str(number) / Path(place.path).name
        script.parent.mkdir(parents=True, exist_ok=True)
        _note(logs, f"fetching {uri}")
        try:
            self._s3.client().download_file(place.netloc, place.path.lstrip("/"), str(script))
        except (BotoCoreError, ClientError, RoleRefused) as error:
            _note(logs, f"cannot fetch {uri}: {error}")
            raise BootstrapFailed(
                f"Primary instance ({self._machine.instance_id}) failed attempting to download bootstrap action"
                f" {number} file from S3"
            ) from None
        script.chmod(0o755)
        return script


def _name(action: Mapping[str, Any]) -> str:
    return sha256("\0".join([action["ScriptPath"], *action["Args"]]).encode()).hexdigest()[:16]


def _link(source: Path, target: Path) -> None:
    """Copy a folder without copying content: programs replace such files, and do not write into them."""
    shutil.copytree(source, target, symlinks=True, copy_function=_link_file, dirs_exist_ok=True)


def _link_file(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def _note(logs: Path, text: str) -> None:
    _log.info("%s", text)
    with (logs / "controller").open("a", encoding="utf-8") as controller:
        controller.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}\n")
