"""A verification whose cluster fails, and one that is interrupted while stacks are made: all of it is destroyed."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.aws.cdk import Cdk
from ops.local.sample import LABELS, render_sample
from ops.verify.report import NAME, read_report
from rehearsal.clients import clients_of
from rehearsal.embedded.aws import ACCOUNT, EmbeddedAws
from rehearsal.embedded.daemon import embedded_aws
from tests.ops.commands import fruits_with, in_the_foreground

pytestmark = [pytest.mark.server, pytest.mark.long]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An account in which no cluster gets beyond its bootstrap."""
    with embedded_aws(tmp_path_factory.mktemp("aws"), launch="fail") as aws:
        Cdk(Path(), aws.environment()).bootstrap(ACCOUNT, aws.region)
        yield aws


def _options(folder: Path, rows: str) -> list[str]:
    render_sample(folder / "images", per_label=5, labels=LABELS[:1])
    return ["verify", "--yes", "--rows", rows, "--images", str(folder / "images"), "--folder", str(folder / "out")]


def _require_nothing_left(account: EmbeddedAws) -> None:
    stacks = [item["StackName"] for item in clients_of(account)("cloudformation").describe_stacks()["Stacks"]]
    assert stacks == ["CDKToolkit"]
    left = fruits_with(account)("leaks", "-c", "env=verifya")
    assert left.exit_code == 0, left.output


def test_a_cluster_that_fails_shows_nothing_of_what_needs_one_and_is_destroyed(
    account: EmbeddedAws, tmp_path: Path
) -> None:
    done = fruits_with(account)(*_options(tmp_path, "1,2,16,34"), "--look-every", "0.3")
    assert done.exit_code == 3, done.output
    report = read_report(tmp_path / "out" / NAME)
    assert [(item.phase.value, item.why) for item in report.phases] == [
        (name, "") for name in ("deploy", "transient", "destroy", "leaks")
    ]
    assert {number: row.outcome.value for number, row in report.rows.items()} == {
        1: "not seen",
        2: "confirmed",
        16: "not seen",
        34: "not seen",
    }
    _require_nothing_left(account)


def test_ctrl_c_while_stacks_are_made_leaves_nothing(account: EmbeddedAws, tmp_path: Path) -> None:
    with subprocess.Popen(
        in_the_foreground(*_options(tmp_path, "45")),
        env=account.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "CREATE_IN_PROGRESS" in line:
                process.send_signal(signal.SIGINT)
                break
        rest, _ = process.communicate()
    assert process.returncode == 130, "".join(lines) + rest
    assert "interrupted: what was made is destroyed now" in rest
    _require_nothing_left(account)
