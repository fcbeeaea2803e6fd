"""CloudFormation's view of a cluster: when it takes one for made, and when for gone."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from rehearsal.embedded import emr_clock
from rehearsal.embedded.choices import Choice
from rehearsal.embedded.emr_states import ENDED, READY, find_cluster, state_of

ONCE_READY, WHEN_SEEN = "once-ready", "when-seen"
STABILISATIONS: Final = (ONCE_READY, WHEN_SEEN)
"""When a cluster is made: once it was ready for work, whatever became of it; or when CloudFormation, which looks every
half minute, sees it ready. The second fails a cluster that has worked and ended, or is TERMINATING, between two looks.

No document of AWS says which is true. The first is the default: the user guide has a creation fail if the cluster
"failed to stabilize", and one that did all its work was stable. Its half minute is ours, too."""

_LOOKS_EVERY_SECONDS: Final = 30.0
_WITHIN_SECONDS: Final = 3600.0

policy: Final = Choice("stabilisation", "FRUITS_STABILISATION", STABILISATIONS)
"""Of the next clusters."""


def wait_until_stable(cluster_id: str) -> None:
    """Wait as CloudFormation does, until the cluster is or was ready for work.

    Raises
    ------
    ValueError
        If it ended before, or CloudFormation sees it ending.
    """
    (_wait_until_ready if policy.value == ONCE_READY else _look_until_ready)(cluster_id)


def wait_until_ended(cluster_id: str) -> None:
    """Wait until a cluster that was terminated has ended."""
    cluster = find_cluster(cluster_id)
    while state_of(cluster) not in ENDED:
        time.sleep(0.05)


def _wait_until_ready(cluster_id: str) -> None:
    def ready_or_ended(status: Mapping[str, Any]) -> bool:
        return "ReadyDateTime" in status["Timeline"] or status["State"] in ENDED

    status = find_cluster(cluster_id)["Status"]
    deadline = time.monotonic() + _WITHIN_SECONDS
    while not ready_or_ended(status) and time.monotonic() < deadline:
        time.sleep(0.05)
    if "ReadyDateTime" not in status["Timeline"]:
        raise _unstable(cluster_id, status)


def _look_until_ready(cluster_id: str) -> None:
    status = find_cluster(cluster_id)["Status"]
    begun = emr_clock.now()
    for look in range(1, round(_WITHIN_SECONDS / _LOOKS_EVERY_SECONDS) + 1):
        emr_clock.wait_until(begun + look * _LOOKS_EVERY_SECONDS)
        if status["State"] in READY:
            return
        if status["State"] in ("TERMINATING", *ENDED):
            break
    raise _unstable(cluster_id, status)


def _unstable(cluster_id: str, status: Mapping[str, Any]) -> ValueError:
    state = status["State"]
    ending = state in ("TERMINATING", *ENDED)
    reason = json.dumps(status["StateChangeReason"]) if ending else "it is still starting"
    seen = " when it is already TERMINATING" if state == "TERMINATING" else ""
    return ValueError(f"ElasticMapReduce Cluster with id {cluster_id} failed to stabilize{seen}: {reason}")
