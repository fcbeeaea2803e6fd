"""Rehearsals with few photographs, for tests that look at what they have done."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ops.aws.given import read_given
from ops.local.sample import LABELS, render_sample
from rehearsal.node.daemon import stop_node
from rehearsal.scenario.host import Host
from rehearsal.scenario.scenario import Scenario
from rehearsal.scenario.stages import Ended, Stage, run_stages

PHOTOGRAPHS = 36


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a few rendered pictures."""
    folder = tmp_path_factory.mktemp("photographs")
    render_sample(folder, per_label=6, labels=LABELS[: PHOTOGRAPHS // 6])
    return folder


@pytest.fixture(scope="session")
def disk_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of disk images: only the first machine of all tests installs the wheelhouse."""
    return tmp_path_factory.mktemp("image")


@dataclass
class Recorder:
    """Listens to stages."""

    begun: list[str] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)

    def begin(self, name: str) -> None:
        self.begun.append(name)

    def report(self, detail: str) -> None:
        self.reported.append(detail)

    def end(self, ended: Ended) -> None:
        self.ended.append(ended)


@dataclass(frozen=True)
class Rehearsed:
    """A rehearsal that is over; its embedded AWS still runs."""

    host: Host
    scenario: Scenario
    recorder: Recorder
    output: Path


@pytest.fixture(scope="session")
def transient(photographs: Path, disk_image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    """The whole scenario in transient mode."""
    folder = tmp_path_factory.mktemp("transient")
    values = ["mode=transient"]
    settings = read_given(values).settings
    host = Host(folder / "aws", settings, image=disk_image)
    scenario = Scenario(host, settings, values, photographs=lambda _report: photographs, output=folder / "out")
    recorder = Recorder()
    try:
        run_stages([Stage("start", host.start), *scenario.stages(destroy=True)], recorder)
        stop_node(host.folder)  # the tests only look
        yield Rehearsed(host, scenario, recorder, folder / "out")
    finally:
        host.stop(delete=False)
