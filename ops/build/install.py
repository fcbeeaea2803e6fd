"""Install locked packages with a counter, for silence looks like a fault: `python -m ops.build.install -r LOCK`.

It runs before anything is installed, so it needs the standard library and pip alone.
"""

import re
import subprocess
import sys
import sysconfig
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final, TextIO

from pip._vendor.packaging.requirements import Requirement

_ARCHIVE: Final = re.compile(
    r"\s*(?:Downloading|Using cached|Processing) (?:\S*/)?(?P<name>[\w.]+?)-\d\S*?(?:whl|gz|zip)(?:\s|$)"
)
_THERE: Final = re.compile(r"Requirement already satisfied: (?P<name>[\w.-]+)")
_SECONDS: Final = 1.0
_KEPT_LINES: Final = 20


def wanted(lock: str) -> int:
    """Count the packages of a lock that this machine and this Python need."""
    lines = (line.rstrip("\\ ") for line in lock.splitlines() if re.match(r"[\w.-]+(\[.*\])?==", line))
    requirements = map(Requirement, lines)
    return sum(requirement.marker is None or requirement.marker.evaluate() for requirement in requirements)


@dataclass
class Counter:
    """Counts what pip has at hand and what it has installed, by what it prints and what lies in the target.

    Parameters
    ----------
    total
        How many packages there will be.
    target
        Folder that they are installed into.
    out
        Where it is shown: on a terminal as one line that changes, else a line for each tenth.
    """

    total: int
    target: Path
    out: TextIO
    _names: set[str] = field(default_factory=set, init=False)
    _before: int = field(default=0, init=False)
    _shown: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._before = self._installed()

    def read(self, line: str) -> None:
        """Take note of a line of pip's."""
        if found := _ARCHIVE.match(line) or _THERE.match(line):
            self._names.add(found["name"].lower().replace("-", "_").replace(".", "_"))
            self._show("fetched", len(self._names), found["name"])

    def look(self) -> None:
        """Look at what is installed by now."""
        if new := self._installed() - self._before:
            self._show("installed", new, "")

    def end(self) -> None:
        """Leave the line."""
        if self._shown and self.out.isatty():
            print(file=self.out)

    def _installed(self) -> int:
        return len(list(self.target.glob("*.dist-info")))

    def _show(self, verb: str, count: int, name: str) -> None:
        text = f"  {verb} {min(count, self.total)} of {self.total} packages"
        if self.out.isatty():
            print(f"\r\x1b[K{text}{f': {name}' if name else ''}", end="", file=self.out, flush=True)
            self._shown = text
        elif count * 10 // self.total > self._tenth(verb):
            self._shown = text
            print(text, file=self.out, flush=True)

    def _tenth(self, verb: str) -> int:
        words = self._shown.split()
        return int(words[1]) * 10 // self.total if words and words[0] == verb else 0


def install(arguments: Sequence[str], counter: Counter) -> int:
    """Run pip, and return its exit code; of a failure the end of what it printed is shown, too."""
    last: deque[str] = deque(maxlen=_KEPT_LINES)
    command = [sys.executable, "-m", "pip", "install", "--progress-bar", "off", *arguments]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_SECONDS):
            counter.look()

    watcher = threading.Thread(target=look, daemon=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace") as pip:
        watcher.start()
        assert pip.stdout is not None
        for line in pip.stdout:
            last.append(line)
            counter.read(line)
    ended.set()
    watcher.join()
    counter.end()
    if pip.returncode:
        print("".join(last), end="", file=sys.stderr)
    return pip.returncode


def _locks(arguments: Sequence[str]) -> Iterator[str]:
    for option, value in pairwise(arguments):
        if option == "-r":
            yield Path(value).read_text(encoding="utf-8")


def main() -> int:
    """Install what the locks behind ``-r`` name; all arguments are pip's."""
    arguments = sys.argv[1:]
    total = sum(map(wanted, _locks(arguments)))
    return install(arguments, Counter(max(1, total), Path(sysconfig.get_path("purelib")), sys.stderr))


if __name__ == "__main__":
    sys.exit(main())
