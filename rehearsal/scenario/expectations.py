"""What a first run should have made of these photographs with these settings, beside being consistent in itself."""

from typing import Final

from infra.settings import DeploymentSettings
from rehearsal.scenario.evidence import Evidence
from rehearsal.scenario.stages import few_of

_SMALLEST_SHARE: Final = 96
"""Photographs for which a task of their own is worth its start (decision 161)."""


def check_expectations(evidence: Evidence, settings: DeploymentSettings, *, rendered: bool) -> list[str]:
    """Find where a run that computed everything is not what its settings, or its rendered pictures, ask for."""
    return [
        *check_shares(evidence, settings.core_vcpus + settings.task_spot_vcpus),
        *check_splits(evidence, train=settings.train_folder, test=settings.test_folder),
        *(check_rendered(evidence) if rendered else ()),
    ]


def check_shares(evidence: Evidence, slots: int) -> list[str]:
    """Find out whether a first run was planned so that slots of the cluster had nothing to do.

    Parameters
    ----------
    evidence
        Of a run that computed everything.
    slots
        Of the cluster: its vCPUs, of which core and task nodes were asked for.
    """
    batches = len(evidence.below("features")) + len(evidence.below("quarantine"))
    wanted = min(slots, len(evidence.photographs) // _SMALLEST_SHARE)
    if batches >= wanted:
        return []
    found = (
        f"{len(evidence.photographs)} photographs were computed by {batches} tasks: of {slots} slots of the cluster,"
    )
    return [f"{found} {wanted} could have had a share; the plan must not depend on how many executors have come"]


def check_splits(evidence: Evidence, *, train: str, test: str) -> list[str]:
    """Find where photographs below a folder of a split, whose name is given, are in the other one."""
    wrong = [
        f"{uri} is in {split}"
        for table in evidence.below("projections").values()
        for uri, split in zip(table["uri"].to_pylist(), table["split"].to_pylist(), strict=True)
        if split != _split_of(uri.removeprefix(evidence.images), train=train, test=test, otherwise=split)
    ]
    if not wrong:
        return []
    return [f"the split is not that of the folders {train} and {test}: {few_of(wrong)}; see how their names travel"]


def _split_of(path: str, *, train: str, test: str, otherwise: str) -> str:
    folders = {part.casefold() for part in path.split("/")[:-1]}
    if test.casefold() in folders:
        return "test"
    return "train" if train.casefold() in folders else otherwise


def check_rendered(evidence: Evidence) -> list[str]:
    """Find which rendered pictures are in quarantine; all of them are whole."""
    rows = [row for table in evidence.current("quarantine") for row in table.to_pylist()]
    if not rows:
        return []
    reasons = few_of([f"{row['uri']}: {row['reason']}, {row['detail']}" for row in rows])
    return [f"{len(rows)} rendered pictures, which are whole, are in quarantine: {reasons}"]
