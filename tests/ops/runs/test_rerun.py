"""What a run says of a new cluster that CloudFormation has rolled back."""

from datetime import UTC, datetime

import pytest

from ops.aws.clusters import Cluster
from ops.runs.rerun import why_rolled_back


def _cluster(state: str, code: str, message: str) -> Cluster:
    began = datetime(2026, 11, 26, tzinfo=UTC)
    return Cluster(
        id="j-1",
        name="fruits-demo",
        state=state,
        code=code,
        message=message,
        created=began,
        ready=None,
        ended=None,
        log_uri="",
    )


def test_a_cluster_that_failed_is_told_with_its_reason_and_the_command_that_shows_its_log() -> None:
    cluster = _cluster("TERMINATED_WITH_ERRORS", "BOOTSTRAP_FAILURE", "bootstrap action 1 failed")
    assert why_rolled_back(cluster, " -c env=demo") == (
        "the new cluster j-1 failed: BOOTSTRAP_FAILURE: bootstrap action 1 failed;"
        " read: fruits logs --bootstrap -c env=demo"
    )


@pytest.mark.parametrize("state", ["TERMINATING", "TERMINATED"])
def test_a_cluster_that_did_its_work_before_cloudformation_looked_is_not_called_failed(state: str) -> None:
    said = why_rolled_back(_cluster(state, "ALL_STEPS_COMPLETED", "Steps completed"), " -c env=demo")
    assert said.startswith("CloudFormation gave up the new cluster j-1, but EMR says ALL_STEPS_COMPLETED")
    assert said.endswith("see: fruits runs -c env=demo, then fruits logs -c env=demo")


@pytest.mark.parametrize(("state", "code"), [("RUNNING", ""), ("TERMINATED", "USER_REQUEST")])
def test_a_cluster_that_lives_or_was_ended_by_the_rollback_is_no_reason(state: str, code: str) -> None:
    assert why_rolled_back(_cluster(state, code, ""), "") == ""
