"""Where YARN may put the master of an application, by the configurations that a cluster was given.

There is no YARN here: this is for the node, which has DescribeCluster's `Configurations`, and for checks of them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

NODES: Final = ("CORE", "TASK")
_ENABLED: Final = "yarn.node-labels.enabled"
_EXPRESSION: Final = "yarn.node-labels.am.default-node-label-expression"


def fleets_for_masters(configurations: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Tell in which fleets an application's master may run.

    Parameters
    ----------
    configurations
        As DescribeCluster shows them.

    Returns
    -------
    tuple of str
        From EMR 6 on node labels are off, and masters go to core and task nodes alike ("Understand node types",
        Management Guide). The expression limits them only where labels are on.
    """
    given: dict[str, str] = {}
    for item in configurations:
        if item["Classification"] == "yarn-site":
            given |= item.get("Properties", {})
    label = given.get(_EXPRESSION, "")
    limited = given.get(_ENABLED, "").lower() == "true" and label
    return (label,) if limited else NODES
