"""Programs that run on a machine, with their logs."""

import logging
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil

from rehearsal.node.applied import overrides_for
from rehearsal.node.instance import User
from rehearsal.node.machine import Machine
from rehearsal.node.processes import end_processes, having

_UMASK: Final = 0o022
_log = logging.getLogger("fruits.node")


class RunningProgram:
    """A program and all that it starts.

    Parameters
    ----------
    machine
        Where.
    command
        With its arguments.
    folder
        Where it works, on the machine's disk.
    logs
        Folder for ``stdout`` and ``stderr``.
    variables
        Added to the machine's environment.
    marks
        Added as well: variables by which what it starts is told from all else on the machine. Without any, all that
        runs there is taken for it.
    user
        Who runs it.
    shared
        Numbers of open files of this process that it has, too.
    """

    def __init__(
        self,
        machine: Machine,
        command: Sequence[str],
        *,
        folder: Path,
        logs: Path,
        variables: Mapping[str, str],
        marks: Mapping[str, str],
        user: User = "hadoop",
        shared: Sequence[int] = (),
    ) -> None:
        self._machine = machine
        self._marks = marks
        with (logs / "stdout").open("ab") as stdout, (logs / "stderr").open("ab") as stderr:
            self._process = subprocess.Popen(
                machine.instance.command(command, user=user, folder=folder),
                env={**machine.environment(overrides_for(machine, "environment")), **variables, **marks},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                umask=_UMASK,
                pass_fds=shared,
            )

    def poll(self) -> int | None:
        """Return the exit code once it has ended; negative is the number of a signal."""
        return self._process.poll()

    def end(self) -> None:
        """End it, and all it has left behind."""
        end_processes(self._family)
        self._process.wait()

    def _family(self) -> list[psutil.Process]:
        return having(self._marks, self._machine.instance.processes())


class KeptPrograms:
    """Programs that are started again when they end, as the agents of a node do.

    Parameters
    ----------
    cluster_id
        Cluster that they are of, for the log.
    start
        Starts one, by its name and command.
    """

    def __init__(self, cluster_id: str, start: Callable[[str, list[str]], RunningProgram]) -> None:
        self._cluster_id = cluster_id
        self._start = start
        self._running: dict[str, RunningProgram] = {}

    @property
    def started(self) -> bool:
        """Whether they have been started."""
        return bool(self._running)

    def keep(self, commands: Mapping[str, list[str]]) -> None:
        """Start what should run and does not.

        Parameters
        ----------
        commands
            By the names of the programs.
        """
        for name, command in commands.items():
            program = self._running.get(name)
            code = program.poll() if program else None
            if program and code is None:
                continue
            if program:
                _log.warning("%s: %s ended with code %s, starting it again", self._cluster_id, name, code)
            self._running[name] = self._start(name, command)

    def end(self) -> None:
        """End all of them."""
        for program in self._running.values():
            program.end()
