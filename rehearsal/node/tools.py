"""The programs that bootstrap actions and steps find on a node, on the PATH of this machine."""

import shlex
from pathlib import Path
from typing import Final

from rehearsal.node.applied import BASE_PYTHON, folder_of
from rehearsal.node.instance.plan import BECOME_ROOT
from rehearsal.node.machine import Machine
from rehearsal.node.spark import ASKED_FOR, DEFAULTS, ENVIRONMENT
from rehearsal.node.trust import AUTHORITIES

_LOOKS_FOR_MASTER: Final = 600


def install_programs(machine: Machine) -> None:
    """Write them: small scripts that call the real ones."""
    spark = folder_of("pyspark") / "bin" / "spark-submit"
    python = shlex.quote(str(folder_of("awscli").parents[3] / "bin" / "python"))
    scripts = {
        "sudo": f'[ -u {BECOME_ROOT} ] && set -- {BECOME_ROOT} --reuid=0 --regid=0 --clear-groups -- "$@"\nexec "$@"',
        "python3.11": f'exec {shlex.quote(BASE_PYTHON)} "$@"',
        "dnf": _dnf(machine),
        "aws": f'{_trust(machine)}exec {python} -m awscli "$@"',
        "spark-submit": "\n".join(
            [
                _wait_for_master(machine),
                f"set -a; . {shlex.quote(machine.path(ENVIRONMENT))}; set +a",
                f'exec {shlex.quote(str(spark))} --properties-file {shlex.quote(machine.path(DEFAULTS))} "$@"',
            ]
        ),
    }
    for name, script in scripts.items():
        _install(machine.root / "emr" / "bin" / name, script)


def _trust(machine: Machine) -> str:
    """Have the program alone trust the authority, where the packages of this machine cannot be told to."""
    shared = machine.instance.kind == "shared"
    return f"export AWS_CA_BUNDLE={shlex.quote(str(machine.root / AUTHORITIES))}\n" if shared else ""


def _wait_for_master(machine: Machine) -> str:
    """Ask for Spark's own processes, and wait for the first: a driver that finds none asks again after 20 s only."""
    place = f"/dev/tcp/{machine.instance.hostname}/{machine.instance.ports['master']}"
    return "\n".join(
        [
            f": >>{shlex.quote(machine.path(ASKED_FOR))}",
            f"for ((i = 0; i < {_LOOKS_FOR_MASTER}; i++)); do (exec 3<>{place}) 2>/dev/null && break; sleep 0.1; done",
        ]
    )


def _dnf(machine: Machine) -> str:
    """Write what installs the one package that a bootstrap action asks for, as Amazon Linux has it."""
    target = shlex.quote(machine.path("emr/bin/python3.11"))
    program = shlex.quote(f'#!/bin/bash\nexec {shlex.quote(BASE_PYTHON)} "$@"\n')
    return "\n".join(
        [
            '[[ "$*" == *" install python3.11" ]] || { echo "No match for argument: $*" >&2; exit 1; }',
            f"printf %s {program} >{target} && chmod 755 {target}",
        ]
    )


def _install(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
