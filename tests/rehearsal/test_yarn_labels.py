"""Masters of applications may run on any node unless labels are on and name one kind."""

import pytest

from rehearsal.embedded.yarn_labels import fleets_for_masters

ON = {"yarn.node-labels.enabled": "true"}
CORE = {"yarn.node-labels.am.default-node-label-expression": "CORE"}


@pytest.mark.parametrize(
    ("properties", "fleets"),
    [
        ({}, ("CORE", "TASK")),
        (ON, ("CORE", "TASK")),
        (CORE, ("CORE", "TASK")),  # EMR 6 and 7 have labels off: the expression alone does nothing
        ({**ON, **CORE}, ("CORE",)),
        ({**CORE, "yarn.node-labels.enabled": "false"}, ("CORE", "TASK")),
    ],
)
def test_masters_run_where_labels_let_them(properties: dict[str, str], fleets: tuple[str, ...]) -> None:
    assert fleets_for_masters([{"Classification": "yarn-site", "Properties": properties}]) == fleets


def test_another_classification_says_nothing_about_masters() -> None:
    assert fleets_for_masters([{"Classification": "spark-defaults", "Properties": {**ON, **CORE}}]) == ("CORE", "TASK")
