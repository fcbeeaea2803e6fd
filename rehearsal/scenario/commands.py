"""The commands that people use, run as they run them: what a rehearsal does is done by these, and judged apart."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rehearsal.scenario.host import Host
from rehearsal.scenario.stages import Report, StageFailed

_ROOT: Final = Path(__file__).resolve().parents[2]
_LOG: Final = "fruits.log"
_ERROR: Final = "error: "


class Commands:
    """``fruits``, with the settings of one deployment and the variables of the embedded AWS.

    Parameters
    ----------
    host
        Has the embedded AWS, in whose folder ``fruits.log`` gets all that the commands print.
    values
        Settings, as after ``-c``.
    """

    def __init__(self, host: Host, values: Sequence[str]) -> None:
        self._host = host
        self._settings = [word for value in values for word in ("-c", value)]

    def run(self, report: Report, *words: str) -> list[str]:
        """Run a command to its end, and return the lines that it printed.

        Raises
        ------
        StageFailed
            If it does not end with code 0; with what it says is wrong.
        """
        path = self._host.folder / _LOG
        with path.open("a", encoding="utf-8") as log:
            log.write(f"$ fruits {' '.join(words)}\n")
            lines, code = self._follow([*words, *self._settings], report)
            log.writelines(f"{line}\n" for line in lines)
        if code:
            raise StageFailed(f"fruits {' '.join(words[:2])}: {_reason(lines, code)}", log=str(path))
        return lines

    def _follow(self, words: Sequence[str], report: Report) -> tuple[list[str], int]:
        lines = []
        with subprocess.Popen(
            [sys.executable, "-m", "ops.cli", *words],
            cwd=_ROOT,
            env=self._host.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    if text := line.rstrip():
                        lines.append(text)
                        report(text.strip())
            except BaseException:
                process.terminate()
                raise
        return lines, process.returncode


def _reason(lines: Sequence[str], code: int) -> str:
    """Return what a command says is wrong: from its error on, or else its last line."""
    for number, line in enumerate(lines):
        if line.startswith(_ERROR):
            return " ".join([line.removeprefix(_ERROR), *lines[number + 1 :]])
    return lines[-1] if lines else f"it ended with code {code}"
