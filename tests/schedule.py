"""In which order files of tests go to pytest's workers, and which stay with one worker."""

from pathlib import PurePath
from typing import Any, Final

import pytest
from xdist.scheduler import LoadFileScheduling

LONGEST: Final = (
    "test_scenario_interactive.py",
    "test_rehearsal_cannot_lie.py",
    "test_least_privilege.py",
    "test_verify_end_to_end.py",
    "test_planted_faults.py",
    "test_verify_interrupted.py",
    "test_two_runs.py",
    "test_execution.py",
    "test_changes.py",
    "test_resume.py",
    "test_cluster.py",
)
"""Files of minutes: begun first, so that no worker is left alone with one at the end."""

SHARING: Final = {
    "test_rehearsal_cannot_lie.py": "transient",
    "test_scenario_transient.py": "transient",
    "test_least_privilege.py": "deployed",
    "test_node_deployment.py": "deployed",
    "test_notebook_on_a_node.py": "deployed",
}
"""The fixture of a session that a file needs and that takes a minute: a worker each would make it anew."""


class SharingDeployments(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives files to workers, and those that share a deployment to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return SHARING.get(PurePath(file).name, file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharingDeployments:
    """Have xdist schedule by files that share a deployment; without its log a line would be printed for each test."""
    return SharingDeployments(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first; the others keep their order."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
