"""An instance in namespaces, started without a node."""

import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.instance.namespaces import Namespaces, accounts
from rehearsal.node.instance.plan import InstancePlan
from rehearsal.node.instance.start import why_no_namespaces
from rehearsal.node.machine import make_disk
from rehearsal.node.trust import AUTHORITIES


def _started(disk: Path, software: list[str]) -> Namespaces:
    users = accounts("namespaces")
    make_disk(disk, {user.name: user.number for user in users})
    plan = InstancePlan(str(disk), "ip-10-20-0-1.x", "10.20.0.1", [sys.base_prefix, *software], [], users)
    (disk / AUTHORITIES).touch()
    return Namespaces(plan, port=9, reached=lambda _: False)


@pytest.mark.parametrize("start", ["first", "second"])
def test_software_below_a_folder_of_the_instance_is_there_at_each_start(
    aws: EmbeddedAws, tmp_path: Path, start: str
) -> None:
    if reason := why_no_namespaces(aws):
        pytest.skip(reason)
    software = tmp_path / "software"  # below /tmp, which is the instance's own
    software.mkdir(mode=0o755)
    (software / "tool").write_text("ready", encoding="utf-8")
    disk = tmp_path / "disk"
    if start == "second":
        _started(disk, [str(software)]).close()
    instance = _started(disk, [str(software)])
    try:
        command = instance.command(["cat", str(software / "tool")], user="hadoop", folder=disk / "home" / "hadoop")
        assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "ready"
    finally:
        instance.close()
