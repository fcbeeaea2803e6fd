"""The process of one rehearsal with a planted fault: runs in the copy of the project, prints the verdict as JSON."""

import json
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from ops.aws.given import read_given
from rehearsal.rehearse import EXPECTED
from rehearsal.scenario.host import Host
from rehearsal.scenario.scenario import Scenario
from rehearsal.scenario.stages import Ended, Stage, StageFailed, run_stages
from tests.rehearsal.planted.fault import PASSED, Verdict


@dataclass(frozen=True)
class Order:
    """What to rehearse.

    Parameters
    ----------
    values
        Settings, as after ``-c``.
    folder
        Of the embedded AWS.
    photographs
        Folder of photographs.
    image
        Folder of disk images.
    last
        Name of the last stage; empty for all.
    skipped
        Names of stages that are left out.
    stall_seconds
        How long the job may stand still.
    """

    values: list[str]
    folder: str
    photographs: str
    image: str
    last: str
    skipped: list[str]
    stall_seconds: float


class _Reporting:
    """Tells on standard error what goes on, for whoever looks into the log."""

    def begin(self, name: str) -> None:
        sys.stderr.write(f"{name}\n")

    def report(self, detail: str) -> None:
        sys.stderr.write(f"  {detail}\n")

    def end(self, ended: Ended) -> None:
        sys.stderr.write(f"  {ended.state} in {ended.seconds:.1f} s: {ended.detail}\n")


def rehearse(order: Order) -> Verdict:
    """Rehearse up to the last stage, and leave no process."""
    settings = read_given(order.values).settings
    host = Host(Path(order.folder), settings, image=Path(order.image))
    scenario = Scenario(
        host,
        settings,
        order.values,
        photographs=lambda _report: Path(order.photographs),
        output=Path(order.folder).with_name("out"),
        stall_seconds=order.stall_seconds,
    )
    try:
        run_stages(_wanted(order, host, scenario), _Reporting(), expected=EXPECTED)
    except StageFailed as failed:
        return Verdict(failed.stage, failed.reason, failed.action)
    finally:
        host.stop(delete=False)
    return PASSED


def _wanted(order: Order, host: Host, scenario: Scenario) -> list[Stage]:
    stages = [Stage("Start embedded AWS and node", host.start), *scenario.stages(destroy=True)]
    names = [stage.name for stage in stages]
    for name in (*order.skipped, *([order.last] if order.last else [])):
        if name not in names:
            raise ValueError(f"{name!r} is no stage; there are {', '.join(names)}")
    last = names.index(order.last) if order.last else len(names)
    return [stage for stage in stages[: last + 1] if stage.name not in order.skipped]


def main() -> int:
    """Run."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    verdict = rehearse(Order(**json.loads(sys.argv[1])))
    sys.stdout.write(f"{json.dumps(asdict(verdict))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
