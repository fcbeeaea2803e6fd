"""A copy of the project in which a fault is planted; the checkout itself is never touched."""

import shutil
from pathlib import Path

from ops.build.wheelhouse import Wheelhouse, this_machine
from tests.rehearsal.planted.fault import Fault

ROOT = Path(__file__).resolve().parents[3]
_COPIED = ("infra", "job", "ops", "rehearsal", "assets", "requirements", "tests/rehearsal/planted")
_FILES = ("app.py", "cdk.json")
_WHEELHOUSE = "build/wheelhouse"
_SHARED = ("node_modules", "build/model")


def plant(fault: Fault, target: Path) -> Path:
    """Copy the project without its tests, plant a fault there, and return the copy.

    Raises
    ------
    DoesNotApply
        If the project has changed where the fault is.
    """
    shutil.rmtree(target, ignore_errors=True)
    for name in _COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy(ROOT / name, target / name)
    (target / "build").mkdir()
    for name in _SHARED:
        (target / name).symlink_to((ROOT / name).resolve())
    if fault.newer_wheel:
        _ask_for_a_newer_system(target / "build")
    else:
        (target / _WHEELHOUSE).symlink_to((ROOT / _WHEELHOUSE).resolve())
    for edit in fault.edits:
        edit.apply(target)
    return target


def _ask_for_a_newer_system(build: Path) -> None:
    """Give a wheel the name of one for a newer glibc, as a build with other platforms would have brought it."""
    shutil.copytree(ROOT / _WHEELHOUSE, build / "wheelhouse")
    wheel = next(Wheelhouse.below(build, "litert", this_machine()).folder.glob("numpy-*.whl"))
    name, _, platforms = wheel.name.rpartition("-")
    machine = "x86_64" if platforms.endswith("x86_64.whl") else "aarch64"
    wheel.rename(wheel.with_name(f"{name}-manylinux_2_36_{machine}.whl"))
