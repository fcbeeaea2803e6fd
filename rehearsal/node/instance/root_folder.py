"""The root folder of an instance: the system of this machine, the disks of the instance, nothing of the user's."""

import os
import shutil
from pathlib import Path
from typing import Final

from rehearsal.node.instance.mounting import mount_bound, mount_new
from rehearsal.node.instance.plan import BECOME_ROOT, RESOLVER, InstancePlan

_SYSTEM: Final = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix")
_CONFIGURATION: Final = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "os-release")
_DEVICES: Final = ("null", "zero", "full", "random", "urandom")
_LINKS: Final = {"fd": "fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_DISKS: Final = ("opt", "mnt", "home", "tmp", "emr")
_OPEN_TO_ALL: Final = 0o1777
AUTHORITIES: Final = ("ssl/certs/ca-certificates.crt", "pki/tls/certs/ca-bundle.crt", "ssl/cert.pem")
"""Below ``/etc``: where distributions of Linux keep the authorities that programs trust."""


def make_root_folder(plan: InstancePlan) -> Path:
    """Make it in the mount namespace of this process, and return where it is.

    Raises
    ------
    OSError
        If the kernel refuses something.
    """
    root = Path(plan.disk) / "root"
    mount_new("tmpfs", root, "mode=755")
    for name in _SYSTEM:
        _add_system_folder(Path("/", name), root / name)
    mount_new("proc", root / "proc")
    mount_bound(Path("/sys"), root / "sys")
    _make_devices(root / "dev")
    _make_configuration(root / "etc", plan)
    for name in _DISKS:
        mount_bound(Path(plan.disk) / name, root / name)
    for name in ("var/tmp", "run"):
        _make_open(root / name)
    if any(user.number for user in plan.users):
        shutil.copy("/usr/bin/setpriv", root / BECOME_ROOT.lstrip("/"))
        (root / BECOME_ROOT.lstrip("/")).chmod(0o4755)
    for folder in plan.software:
        place = root / folder.lstrip("/")
        # An earlier start may have left the empty place on a disk of the instance: below /home, /opt or /tmp.
        if not (place.exists() and place.samefile(folder)):
            mount_bound(Path(folder), place, read_only=True)
    for seen, replaced in plan.replaced:
        mount_bound(Path(seen), root / replaced.lstrip("/"), read_only=True)
    return root


def _add_system_folder(here: Path, there: Path) -> None:
    if here.is_symlink():
        there.symlink_to(here.readlink())
    elif here.is_dir():
        mount_bound(here, there)


def _make_devices(folder: Path) -> None:
    for name in _DEVICES:
        mount_bound(Path("/dev", name), folder / name)
    for name, target in _LINKS.items():
        (folder / name).symlink_to(f"/proc/self/{target}")
    _make_open(folder / "shm")


def _make_open(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(_OPEN_TO_ALL)


def _make_configuration(folder: Path, plan: InstancePlan) -> None:
    folder.mkdir()
    for name in _CONFIGURATION:
        source = Path("/etc", name)
        if source.is_dir():
            shutil.copytree(source, folder / name, symlinks=True)
        elif source.exists():
            shutil.copy(source, folder / name)
    users = [("root", 0, "/root"), *((user.name, user.number, f"/home/{user.name}") for user in plan.users)]
    texts = {
        "passwd": "".join(f"{name}:x:{number}:{number}::{home}:/bin/bash\n" for name, number, home in users),
        "group": "".join(f"{name}:x:{number}:\n" for name, number, _ in users),
        "hostname": f"{plan.hostname}\n",
        "hosts": "127.0.0.1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "resolv.conf": f"nameserver {RESOLVER}\nsearch {plan.hostname.partition('.')[2]}\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="ascii")
    for name in AUTHORITIES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(plan.disk) / "etc" / "authorities.pem", folder / name)
    mount_bound(Path(plan.disk) / "etc" / "spark", folder / "spark")


def enter(root: Path) -> None:
    """Take it for the root folder of this process."""
    os.chroot(root)
    os.chdir("/")
