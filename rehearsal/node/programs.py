"""The programs that bootstrap actions and steps find on a node, on the PATH of this machine."""

import shlex
import sys
from pathlib import Path

from rehearsal.node.machine import Machine
from rehearsal.node.overrides import BASE_PYTHON, overrides_for
from rehearsal.node.spark import DEFAULTS, ENVIRONMENT


def install_programs(machine: Machine) -> None:
    """Write them: small scripts that call the real ones."""
    binaries = Path(sys.executable).parent
    spark = Path(overrides_for(machine, "spark-env")["SPARK_HOME"]) / "bin" / "spark-submit"
    settings = machine.root / DEFAULTS
    region = shlex.quote(machine.aws.region)
    scripts = {
        "sudo": 'exec "$@"',
        "python3.11": f'exec {shlex.quote(BASE_PYTHON)} "$@"',
        "aws": "\n".join(
            [
                f"export AWS_DEFAULT_REGION=${{AWS_DEFAULT_REGION:-{region}}}",
                f'exec {shlex.quote(str(binaries / "python"))} -m awscli "$@"',
            ]
        ),
        "spark-submit": "\n".join(
            [
                f"set -a; . {shlex.quote(str(machine.root / ENVIRONMENT))}; set +a",
                f'exec {shlex.quote(str(spark))} --properties-file {shlex.quote(str(settings))} "$@"',
            ]
        ),
    }
    for name, script in scripts.items():
        path = machine.root / "bin" / name
        path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
