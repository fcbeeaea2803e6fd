"""Print what a node of the cluster is, as one line of JSON.

The bootstrap action runs it, so that its log says what the node was before EMR installed anything; `fruits probe` runs
it as a step, so that nobody has to log in. It needs Python 3.11 and no package, changes nothing, and a question that
cannot be answered is null. Settings whose name may hold a secret are left out.
"""

import json
import locale
import os
import platform
import pwd
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ENVIRONMENT = Path("/opt/fruits")
DISKS = ("/", "/mnt", "/tmp")
VARIABLES = ("LANG", "LC_ALL", "LC_CTYPE", "AWS_REGION", "AWS_DEFAULT_REGION", "PYSPARK_PYTHON")
SPARK = Path("/etc/spark/conf/spark-defaults.conf")
HADOOP = Path("/etc/hadoop/conf")
TOLD = re.compile(
    r"spark\.(master$|submit|driver\.memory|executor|task|dynamicAllocation|shuffle|authenticate$|network\.crypto|yarn"
    r"|pyspark|sql\.(adaptive|parquet\.output|sources\.commit)|hadoop\.fs\.s3)"
    r"|yarn\.(node-labels|nodemanager\.(resource|vmem|pmem)|scheduler)|fs\.(s3|defaultFS)"
)
"""Settings that are told, of all that Spark and Hadoop have."""

SECRET = re.compile(r"secret|password|token|credential|access\.?key|session", re.IGNORECASE)
SECONDS = 60
LONGEST = 4000


def told(settings: dict[str, str]) -> dict[str, str]:
    """Choose the settings that may and should be told."""
    return {key: value for key, value in sorted(settings.items()) if TOLD.match(key) and not SECRET.search(key)}


def run(*command: str) -> str | None:
    """Return what a program prints, on whichever stream; None where there is no such program or it does not end."""
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.decode(errors="replace").strip()[-LONGEST:]


def properties(path: Path) -> dict[str, str] | None:
    """Read a file of Spark's: a name and a value in each line."""
    if not path.is_file():
        return None
    lines = (line.split(None, 1) for line in path.read_text(encoding="utf-8").splitlines())
    return told({words[0]: words[1].strip() for words in lines if len(words) == 2 and not words[0].startswith("#")})


def site(path: Path) -> dict[str, str] | None:
    """Read a file of Hadoop's."""
    if not path.is_file():
        return None
    items = ElementTree.parse(path).getroot().iter("property")
    return told({item.findtext("name", ""): item.findtext("value", "") for item in items})


def memory() -> dict[str, int]:
    """Return the memory of the node and what is free of it, in MiB."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return {"total_mib": kib["MemTotal"] // 1024, "free_mib": kib["MemAvailable"] // 1024}


def disks() -> dict[str, dict[str, int]]:
    """Return the size of disks and what is free of them, in MiB."""
    usage = {path: shutil.disk_usage(path) for path in DISKS if os.path.isdir(path)}  # noqa: PTH112
    return {path: {"total_mib": item.total >> 20, "free_mib": item.free >> 20} for path, item in usage.items()}


def umask() -> str:
    """Return the umask, in octal."""
    value = os.umask(0o022)
    os.umask(value)
    return format(value, "03o")


def python() -> dict[str, str | None]:
    """Return which Pythons there are."""
    return {
        "running": platform.python_version(),
        "python3": run("python3", "--version"),
        "python3.11": shutil.which("python3.11"),
        "environment": run(str(ENVIRONMENT / "bin" / "python"), "--version"),
    }


def environment() -> dict[str, str] | None:
    """Return whose the environment of the packages is, and who may read it."""
    if not ENVIRONMENT.is_dir():
        return None
    found = ENVIRONMENT.stat()
    try:
        owner = pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        owner = str(found.st_uid)
    return {"owner": owner, "mode": format(found.st_mode & 0o777, "03o")}


def languages() -> dict[str, str | None]:
    """Return the locale, as variables have it and as Python understands it.

    Where there is none, Python sets LC_CTYPE for itself (PEP 538): what the node has is what the process began with.
    """
    began = Path("/proc/self/environ").read_bytes().decode(errors="replace").split("\0")
    given = dict(item.split("=", 1) for item in began if "=" in item)
    variables = {name: given.get(name) for name in VARIABLES[:3]}
    return {**variables, "encoding": locale.getpreferredencoding(), "files": sys.getfilesystemencoding()}


def system() -> str | None:
    """Return the name of the system."""
    found = re.search(r'^PRETTY_NAME="?([^"\n]*)', Path("/etc/os-release").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else None


def aws() -> dict[str, str | None]:
    """Return the version of the `aws` command, and which region it would ask."""
    variables = {name: os.environ.get(name) for name in VARIABLES[3:5]}
    return {"version": run("aws", "--version"), "region": run("aws", "configure", "get", "region"), **variables}


def yarn() -> dict[str, str | None] | None:
    """Return YARN's nodes with their labels and memory, and where the master of the newest application ran."""
    if shutil.which("yarn") is None:
        return None
    applications = run("yarn", "application", "-list", "-appStates", "ALL") or ""
    newest: list[str] = sorted(re.findall(r"application_\d+_\d+", applications))[-1:]
    return {
        "nodes": run("yarn", "node", "-list", "-showDetails"),
        "labels": run("yarn", "cluster", "--list-node-labels"),
        "newest": run("yarn", "application", "-status", newest[0]) if newest else None,
    }


QUESTIONS: dict[str, Callable[[], Any]] = {
    "user": lambda: pwd.getpwuid(os.getuid()).pw_name,
    "umask": umask,
    "system": system,
    "machine": platform.machine,
    "cores": os.cpu_count,
    "glibc": lambda: platform.libc_ver()[1],
    "memory": memory,
    "disks": disks,
    "locale": languages,
    "python": python,
    "environment": environment,
    "aws": aws,
    "spark-defaults": lambda: properties(SPARK),
    "core-site": lambda: site(HADOOP / "core-site.xml"),
    "yarn-site": lambda: site(HADOOP / "yarn-site.xml"),
    "capacity-scheduler": lambda: site(HADOOP / "capacity-scheduler.xml"),
    "yarn": yarn,
}


def answer(question: Callable[[], Any]) -> Any:
    """Answer a question; null where the node does not have what is asked for."""
    try:
        return question()
    except Exception:
        return None


def main() -> None:
    """Answer all questions."""
    answers = {name: answer(question) for name, question in QUESTIONS.items()}
    found = {"probe": 1, "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **answers}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
