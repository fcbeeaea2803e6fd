"""A program that runs on a machine, with its logs."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from rehearsal.node.processes import end_processes


class RunningProgram:
    """A program and all that it starts.

    Parameters
    ----------
    command
        With its arguments.
    folder
        Where it works.
    logs
        Folder for ``stdout`` and ``stderr``.
    environment
        All its variables.
    marks
        Those of them that no other program has.

    Raises
    ------
    OSError
        If there is no such program.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        logs: Path,
        environment: Mapping[str, str],
        marks: Mapping[str, str],
    ) -> None:
        self._marks = marks
        with (logs / "stdout").open("ab") as stdout, (logs / "stderr").open("ab") as stderr:
            self._process = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )

    def poll(self) -> int | None:
        """Give the exit code once it has ended; negative is the number of a signal."""
        return self._process.poll()

    def end(self) -> None:
        """End it, and all it has left behind."""
        end_processes(self._marks)
        self._process.wait()
