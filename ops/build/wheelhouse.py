"""Build what the nodes install: a folder of wheels for their Python, glibc and architecture, made without Docker."""

import hashlib
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.instance_types import Architecture
from infra.packaging import LOCK, Wheels
from ops.errors import FruitsError
from ops.project import ROOT

PYTHON: Final = "3.11"
GLIBC: Final = 34
"""Amazon Linux 2023, on which EMR 7 runs, has glibc 2.34; wheels for it or any older one work there."""

LOCKS: Final[dict[Wheels, str]] = {
    "litert": "nodes.txt",
    "keras": "nodes-keras.txt",
    "notebook": "nodes-notebook.txt",
}
_MACHINES: Final[dict[Architecture, str]] = {"x86_64": "x86_64", "arm64": "aarch64"}


class WheelhouseError(FruitsError):
    """The wheels could not be had; the message says why."""


@dataclass(frozen=True)
class Wheelhouse:
    """A folder of wheels and the lock they come from.

    Parameters
    ----------
    folder
        Holds ``requirements.txt`` and the wheels, nothing else.
    wheels, architecture
        What it is for.
    """

    folder: Path
    wheels: Wheels
    architecture: Architecture

    @classmethod
    def below(cls, build: Path, wheels: Wheels, architecture: Architecture) -> "Wheelhouse":
        """Return the wheelhouse of some wheels and an architecture in the folder of build products."""
        return cls(build / "wheelhouse" / f"{wheels}-{architecture}", wheels, architecture)

    @property
    def lock(self) -> Path:
        """The lock in the repository."""
        return ROOT / "requirements" / LOCKS[self.wheels]

    def is_complete(self) -> bool:
        """Return whether the folder was built, whole, from the lock as it is now."""
        return self._stamp.exists() and self._stamp.read_text() == self._digest()

    def build(self) -> None:
        """Download the wheels; only those whose hashes the lock holds are accepted.

        Raises
        ------
        WheelhouseError
            If the lock has a package without a wheel for the nodes, or the index is out of reach.
        """
        partial = self.folder.with_name(f"{self.folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*command, *self._choice(), "--requirement", str(self.lock), "--dest", str(partial)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise WheelhouseError(f"no wheelhouse for {self.wheels} on {self.architecture}: {' '.join(errors[:2])}")
        shutil.copyfile(self.lock, partial / LOCK)
        shutil.rmtree(self.folder, ignore_errors=True)
        partial.rename(self.folder)
        self._stamp.write_text(self._digest())

    @property
    def _stamp(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.sha256")

    def _choice(self) -> list[str]:
        """Return the options of pip that choose among the wheels of a release."""
        options = ["--no-deps", "--only-binary=:all:", "--require-hashes"]
        options += ["--python-version", PYTHON, "--implementation", "cp"]
        options += ["--abi", f"cp{PYTHON.replace('.', '')}", "--abi", "abi3"]
        return options + [part for name in platforms_of(self.architecture) for part in ("--platform", name)]

    def _digest(self) -> str:
        """Return a hash of what decides the wheels, and of which are there."""
        names = sorted(path.name for path in self.folder.glob("*")) if self.folder.exists() else []
        digest = hashlib.sha256("\n".join((*self._choice(), *names)).encode())
        digest.update(self.lock.read_bytes())
        return digest.hexdigest()


def platforms_of(architecture: Architecture) -> list[str]:
    """Return the platform tags that the nodes can use, best first (PEP 600, and its names from before)."""
    machine = _MACHINES[architecture]
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC, 16, -1)]
    return [*tags, f"manylinux2014_{machine}", *([f"manylinux2010_{machine}"] if machine == "x86_64" else [])]


def this_machine() -> Architecture:
    """Return the architecture of this machine, on which a rehearsal installs."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
