"""What travels to the cluster: the job as one archive, and the products of the build that synth needs."""

import hashlib
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from infra.errors import DeploymentError
from infra.instance_types import Architecture
from infra.spark import Engine

LOCK = "requirements.txt"
"""Name of the hash-locked requirements in a wheelhouse, which the bootstrap action installs from."""

Wheels = Literal["litert", "keras", "notebook"]
"""Which wheels a wheelhouse has: those of an engine, or those of litert and matplotlib, for the notebook's figures."""

_WEIGHTS = {"litert": (".tflite",), "keras": (".pth", ".h5")}
_PINNED = re.compile(r"[A-Za-z0-9][\w.\-]*(\[[\w,\-]+\])?==[^\s;*]+(?=[\s;]).*--hash=sha256:")
_SOURCES = {".py", ".html", ".css", ".js"}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment a ZIP archive can name


@dataclass(frozen=True, kw_only=True)
class Assets:
    """Files that the CDK uploads for the nodes.

    Parameters
    ----------
    job_main
        The script that spark-submit runs.
    job_archive
        The job's package, for ``--py-files``.
    bootstrap
        Script of the bootstrap action.
    probe
        Script that says what a node is.
    wheelhouse
        Folder of wheels for one engine and architecture, and their lock.
    weights
        The frozen model (litert) or the checkpoint (keras).
    """

    job_main: Path
    job_archive: Path
    bootstrap: Path
    probe: Path
    wheelhouse: Path
    weights: Path

    @property
    def lock_sha256(self) -> str:
        """SHA-256 of the wheelhouse's lock, which holds the hash of every wheel."""
        return hashlib.sha256((self.wheelhouse / LOCK).read_bytes()).hexdigest()

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights, by which the job knows them on the cluster."""
        return hashlib.sha256(self.weights.read_bytes()).hexdigest()

    @property
    def wheelhouse_hash(self) -> str:
        """Name of the wheelhouse by what decides its content: the lock's hashes and the names of the wheels.

        Hashing half a gigabyte of wheels at each synth would tell nothing more.
        """
        names = sorted(wheel.name for wheel in self.wheelhouse.iterdir())
        return hashlib.sha256("\n".join((self.lock_sha256, *names)).encode()).hexdigest()


def locate_assets(root: Path, *, wheels: Wheels, architecture: Architecture) -> Assets:
    """Find the build products below the project's folder and pack the job.

    Raises
    ------
    DeploymentError
        With the command that makes what is missing, or for a lock that leaves a requirement open.
    """
    job = _required(root / "job")
    build = root / "build"
    assets = Assets(
        job_main=_required(job / "main.py"),
        job_archive=pack_job(job, build / "job.zip"),
        bootstrap=_required(root / "assets" / "bootstrap" / "install.sh"),
        probe=_required(root / "assets" / "bootstrap" / "probe.py"),
        wheelhouse=_required(build / "wheelhouse" / f"{wheels}-{architecture}" / LOCK).parent,
        weights=_weights(build / "model", "keras" if wheels == "keras" else "litert"),
    )
    require_pinned(assets.wheelhouse / LOCK)
    return assets


def pack_job(package: Path, archive: Path) -> Path:
    """Pack the job's modules and the templates of its report; the same sources give the same bytes on every machine.

    Parameters
    ----------
    package
        Folder of the package, whose name the archive keeps.
    archive
        File to write, whole or not at all.
    """
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as packed:  # compressors differ from release to release
        for source in sorted(path for path in package.rglob("*") if path.suffix in _SOURCES):
            entry = zipfile.ZipInfo(source.relative_to(package.parent).as_posix(), _EPOCH)
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, source.read_bytes())
    if not archive.exists() or archive.read_bytes() != content.getvalue():
        archive.parent.mkdir(parents=True, exist_ok=True)
        partial = archive.with_suffix(".partial")
        partial.write_bytes(content.getvalue())
        partial.replace(archive)
    return archive


def require_pinned(lock: Path) -> None:
    """Refuse a lock that leaves a requirement open: nodes would install what nobody has tried.

    Raises
    ------
    DeploymentError
        With the first such requirement.
    """
    for name in not_pinned(lock.read_text(encoding="utf-8")):
        raise DeploymentError(f"{lock}: {name} is not pinned to one version with --hash=sha256; run: make lock assets")


def not_pinned(lock: str) -> Iterator[str]:
    """Name the requirements of a lock that are not pinned to one version with its hash."""
    for requirement in lock.replace("\\\n", " ").splitlines():
        text = requirement.partition(" #")[0].strip()
        if text and not text.startswith("#") and not _PINNED.match(text):
            yield text.split(maxsplit=1)[0]


def _weights(folder: Path, engine: Engine) -> Path:
    suffixes = _WEIGHTS[engine]
    found = sorted(path for path in _required(folder).iterdir() if path.suffix in suffixes)
    if len(found) != 1:
        raise DeploymentError(
            f"{folder}: engine={engine} needs one {' or '.join(suffixes)} file,"
            f" found {', '.join(path.name for path in found) or 'none'}; run: make assets"
        )
    return found[0]


def _required(path: Path) -> Path:
    if not path.exists():
        raise DeploymentError(f"{path} is missing; run: make assets")
    return path
