"""Folders that stand for nodes, on which the real bootstrap action runs."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "assets" / "bootstrap" / "install.sh"
PROBE = SCRIPT.with_name("probe.py")
REGION = "eu-west-3"


@dataclass(frozen=True)
class Node:
    """A folder that stands for a node; commands in its ``bin`` do no more than they must.

    Parameters
    ----------
    folder
        The node's disk.
    variables
        Of the script's environment, PATH among them.
    """

    folder: Path
    variables: Mapping[str, str]

    @property
    def environment(self) -> Path:
        return self.folder / "opt" / "fruits"

    @property
    def calls(self) -> list[str]:
        """Commands that were called, with their arguments."""
        record = self.folder / "calls"
        return record.read_text(encoding="utf-8").splitlines() if record.exists() else []

    def command(self, name: str, line: str) -> None:
        command = self.folder / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(f'#!/usr/bin/env bash\necho "{name} $*" >>{self.folder}/calls\n{line}\n', encoding="utf-8")
        command.chmod(0o755)

    def install(
        self, archive: Path, lock_sha256: str, *further: Path, umask: int = 0o022
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", SCRIPT, archive, lock_sha256, self.environment, REGION, PROBE, *further],
            env=dict(self.variables),
            umask=umask,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def bootstrap_node(folder: Path, variables: Mapping[str, str]) -> Node:
    """Make a node where `aws s3 cp` copies files and `sudo` runs what it is given."""
    node = Node(folder, variables)
    node.command("aws", 'exec cp "${@: -2:1}" "${@: -1}"')
    node.command("sudo", 'exec "$@"')
    node.command("sleep", "exit 0")
    return node
