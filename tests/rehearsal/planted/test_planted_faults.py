"""Planted faults: each can still be planted, and the quickest are really seen."""

from pathlib import Path

import pytest

from tests.rehearsal.planted.catalogue import FAULTS
from tests.rehearsal.planted.fault import DoesNotApply, Edit, Fault
from tests.rehearsal.planted.tree import ROOT, plant
from tests.rehearsal.planted.trial import photographs_for, try_fault

BY_NAME = {fault.name: fault for fault in FAULTS}
QUICK = (
    "the job hands no endpoint of S3 on",
    "an old wheelhouse is taken for complete, with a wheel for a newer system than the nodes have",
    "the core fleet names one target, and cannot be changed in place",
    "executors are larger than YARN's nodes",
    "the cluster has no idle stop",
    "the stack does not say where photographs go",
)
"""One that needs a node, and those that are seen before there is one."""


@pytest.mark.long
@pytest.mark.parametrize("name", QUICK)
def test_a_rehearsal_ends_red_and_names_the_cause(name: str, tmp_path: Path, disk_image: Path) -> None:
    fault = BY_NAME[name]
    verdict = try_fault(fault, tmp_path, photographs=photographs_for(fault, tmp_path), image=disk_image)
    assert verdict.is_of(fault), verdict


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.key)
def test_a_fault_can_still_be_planted(fault: Fault) -> None:
    for edit in fault.edits:
        text = (ROOT / edit.file).read_text(encoding="utf-8")
        assert edit.applied(text) != text


def test_a_fault_whose_place_has_changed_is_refused() -> None:
    edit = Edit("job/main.py", "a line that is not there", "")
    with pytest.raises(DoesNotApply, match=r"job/main\.py has 0 times, not once: 'a line that is not there'"):
        edit.applied((ROOT / edit.file).read_text(encoding="utf-8"))


def test_a_fault_is_planted_in_a_copy_alone(tmp_path: Path) -> None:
    edit = Edit("app.py", "app.synth()", "app.node")
    copy = plant(Fault(name="no synthesis", edits=(edit,), stage="", says=""), tmp_path / "project")
    assert "app.synth()" not in (copy / "app.py").read_text(encoding="utf-8")
    assert "app.synth()" in (ROOT / "app.py").read_text(encoding="utf-8")


def test_no_two_faults_have_one_name() -> None:
    assert len(BY_NAME) == len({fault.key for fault in FAULTS}) == len(FAULTS)
