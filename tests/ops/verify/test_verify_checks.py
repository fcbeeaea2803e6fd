"""The checks of a verification: each confirms what AWS should answer, and finds what it should not."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from ops.beliefs.belief import Phase
from ops.beliefs.settled import SETTLED
from ops.beliefs.table import BY_NUMBER
from ops.beliefs.verdicts import Outcome
from ops.verify.findings import Answers, Check, NotAnswered
from ops.verify.logs import count_query
from ops.verify.runner import CLEANUP, STAGES, stages_for, verifiable
from ops.verify.workspace import A, B

CHECKS: dict[int, Check] = {number: check for stage in (*STAGES, *CLEANUP) for number, check in stage.checks.items()}
PHASES = {number: stage.phase for stage in (*STAGES, *CLEANUP) for number in stage.checks}

_BEGAN, _READY, _MADE, _ENDED = (f"2026-12-01 10:{minute:02}:00+00:00" for minute in (0, 8, 9, 12))


def _status(code: str) -> dict[str, Any]:
    timeline = {"CreationDateTime": _BEGAN, "ReadyDateTime": _READY}
    return {"State": "TERMINATED", "StateChangeReason": {"Code": code}, "Timeline": timeline}


_LIMITS = {
    "UnitType": "InstanceFleetUnits",
    "MinimumCapacityUnits": 4,
    "MaximumCapacityUnits": 8,
    "MaximumOnDemandCapacityUnits": 8,
    "MaximumCoreCapacityUnits": 8,
}
_NODE = {
    "glibc": "2.34",
    "disks": {"/": {"free_mib": 25_000}},
    "locale": {"LANG": None},
    "spark-defaults": {"spark.dynamicAllocation.enabled": "true", "spark.shuffle.service.enabled": "true"},
    "core-site": {"fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem"},
    "capacity-scheduler": {
        "yarn.scheduler.capacity.resource-calculator": "org.apache.hadoop.yarn.util.resource.DefaultResourceCalculator",
        "yarn.scheduler.capacity.root.queues": "default",
    },
    "yarn": {
        "labels": "Node Labels: <CORE:exclusivity=false>",
        "nodes": "ip-10-0-0-5:8041 RUNNING\n  Configured Resources : <memory:12288, vCores:4>\n  Node-Labels : CORE\n"
        "ip-10-0-0-6:8041 RUNNING\n  Configured Resources : <memory:12288, vCores:4>\n  Node-Labels :\n",
        "newest": "Application Report :\n  AM Host : ip-10-0-0-5\n",
    },
}

GOOD: dict[str, Any] = {
    "preflight": [{"title": "Credentials", "outcome": "ok"}],
    "budgets": {"eu-north-1": False},
    "prices": "120 prices in prices.json",
    "public access": {"BlockPublicAccessConfiguration": {"BlockPublicSecurityGroupRules": True}},
    "lake formation": {"DataLakeAdmins": []},
    "storage": "CREATE_COMPLETE",
    "deployed": {"ok": True},
    f"{A} cluster": {"Status": _status("ALL_STEPS_COMPLETED")},
    f"{A} steps": [{"Status": {"State": "COMPLETED", "Timeline": {"EndDateTime": _ENDED}}}],
    f"{A} events": [{"ResourceStatus": "CREATE_COMPLETE", "Timestamp": _MADE}],
    f"{A} fleets": [{"InstanceFleetType": "TASK", "ProvisionedSpotCapacity": 4}],
    f"{A} instances": [{"Market": "SPOT", "Status": {"State": "TERMINATED"}}],
    "spot role": "AWSServiceRoleForEC2Spot",
    "bootstrap stdout": '== i-1 action 1\n{"probe": 1, "aws": {"version": "aws-cli/2.17 Python/3.11"}}\n',
    "bootstrap stderr": "10:01:00 install.sh: done: 7 modules import from /opt/fruits\n",
    "runs": {"completed": [{"computed": 600}], "others": []},
    "spark log": "INFO executors registered\n",
    "again": {"code": 0, "new": True},
    f"{B} cluster": {"Status": _status("USER_REQUEST")},
    f"{B} fleets": [{"InstanceFleetType": "CORE", "TargetOnDemandCapacity": 4}],
    "limits": {"ComputeLimits": _LIMITS},
    "changed": {"was": "j-1", "is": "j-1", "error": ""},
    "changed fleets": [{"InstanceFleetType": "CORE", "TargetOnDemandCapacity": 8}],
    "idle stop": {"IdleTimeout": 1200},
    "node": _NODE,
    "memory of types": {"m5.xlarge": 12288},
    "executions": [{"status": "RUNNING"}],
    "failed": {"Status": {"FailureDetails": {"Reason": "Unknown Error."}}},
    "failed log": "INFO Command exiting with ret '3'",
    "job log": "INFO 600 photographs",
    "athena": {"count": 600, "expected": 600},
    "refused": [],
    "destroyed": {"codes": {}, "clusters": ["TERMINATED"], "left": []},
    "leaks": {A: {"leftovers": []}, B: {"leftovers": []}},
}
"""What AWS should answer."""


def _never_ready(found: dict[str, Any], code: str) -> None:
    found[f"{A} cluster"]["Status"]["Timeline"].pop("ReadyDateTime")
    found[f"{A} cluster"]["Status"]["StateChangeReason"]["Code"] = code


Harm = Callable[[dict[str, Any]], Any]

HARMS: dict[int, Harm] = {
    1: lambda found: found["deployed"].update(ok=False, error="failed to stabilize"),
    2: lambda found: found["destroyed"]["left"].append("FruitsCompute-verifya"),
    3: lambda found: found["again"].update(new=False),
    6: lambda found: _never_ready(found, "INTERNAL_ERROR"),
    7: lambda found: found["refused"].append({"eventName": "GetBucketLocation"}),
    9: lambda found: found[f"{B} cluster"]["Status"]["StateChangeReason"].update(Code="INTERNAL_ERROR"),
    11: lambda found: found.update({"bootstrap stderr": "install.sh: error: python3.11 is not on this node"}),
    12: lambda found: found.update({"spark log": "IllegalStateException: Expected SaslMessage, received something"}),
    13: lambda found: found["node"]["yarn"].update(nodes="Configured Resources : <memory:11264, vCores:4>"),
    16: lambda found: found.update({"spot role": None}),
    17: lambda found: found["limits"]["ComputeLimits"].update(UnitType="VCPU"),
    18: lambda found: found["budgets"].update({"eu-north-1": True}),
    21: lambda found: found["athena"].update(count=599),
    22: lambda found: found["failed"]["Status"]["FailureDetails"].update(Reason="The step exited"),
    23: lambda found: found["refused"].append({"eventSource": "s3.amazonaws.com", "eventName": "ListParts"}),
    24: lambda found: found.update(prices="AWS names no single price for: EMR m5.xlarge"),
    25: lambda found: found[f"{A} cluster"]["Status"]["Timeline"].update(ReadyDateTime="2026-12-01 10:40:00+00:00"),
    28: lambda found: found["leaks"][A]["leftovers"].append(
        {"kind": "volume", "id": "vol-1", "kept": False, "shared": False}
    ),
    29: lambda found: found["preflight"].append({"title": "vCPUs Spot", "outcome": "not checked"}),
    30: lambda found: found.update({"failed log": "the step ended somehow"}),
    33: lambda found: found["changed"].update({"is": "j-2"}),
    34: lambda found: found["runs"].update(completed=[]),
    35: lambda found: found.update({"bootstrap stdout": '{"probe": 1, "aws": {"version": "aws-cli/1.29"}}'}),
    36: lambda found: found["node"]["spark-defaults"].update({"spark.dynamicAllocation.minExecutors": "1"}),
    37: lambda found: found["node"]["yarn"].update(newest="AM Host : ip-10-0-0-6"),
    38: lambda found: found[f"{A} instances"][0]["Status"].update(StateChangeReason="Client.InternalError"),
    43: lambda found: found.update(executions=[]),
    46: lambda found: _never_ready(found, "INTERNAL_ERROR"),
    47: lambda found: found["node"]["capacity-scheduler"].pop("yarn.scheduler.capacity.root.queues"),
    63: lambda found: found["node"].update(glibc="2.26"),
    64: lambda found: found["node"]["disks"]["/"].update(free_mib=900),
    65: lambda found: _never_ready(found, "INTERNAL_ERROR"),
    66: lambda found: found["node"]["locale"].update(LANG="en_US.UTF-8"),
    67: lambda found: found["node"]["core-site"].update({"fs.s3.impl": "com.amazon.ws.emr.hadoop.fs.EmrFileSystem"}),
}
"""Differences that refute a row."""

NEVER_REFUTED = {45, 71}
"""Rows with tests of their own below."""


def _answers(harm: Harm = lambda _: None) -> Answers:
    found = copy.deepcopy(GOOD)
    harm(found)
    return Answers(found)


@pytest.mark.parametrize("number", sorted(CHECKS.keys() - {71}))
def test_what_aws_should_answer_confirms_the_row(number: int) -> None:
    assert CHECKS[number].look(_answers(), embedded=False).outcome is Outcome.CONFIRMED


@pytest.mark.parametrize("number", sorted(HARMS))
def test_a_difference_that_is_planted_refutes_the_row_and_is_told(number: int) -> None:
    seen = CHECKS[number].look(_answers(HARMS[number]), embedded=False)
    assert seen.outcome is Outcome.REFUTED
    json.dumps(seen.answer)


def test_every_row_that_is_looked_at_can_be_refuted() -> None:
    assert HARMS.keys() | NEVER_REFUTED == CHECKS.keys()


@pytest.mark.parametrize("number", sorted(CHECKS))
def test_without_an_answer_a_row_is_not_seen(number: int) -> None:
    seen = CHECKS[number].look(Answers(missing={"runs": "AccessDenied: no"}), embedded=False)
    assert seen.outcome is Outcome.NOT_SEEN
    assert seen.answer


def test_athena_counts_one_run_of_a_database_whose_name_has_a_hyphen() -> None:
    query = count_query("fruits-verifyb", "0123456789abcdef")
    assert query == """SELECT count(*) FROM "fruits-verifyb"."projections" WHERE "pca" = '0123456789abcdef'"""


def test_why_there_is_no_answer_is_told() -> None:
    answers = Answers()
    with answers.asking("athena"):
        raise NotAnswered("no workgroup")
    assert CHECKS[21].look(answers, embedded=False).answer == "athena: NotAnswered: no workgroup"


@pytest.mark.parametrize("number", [number for number, check in CHECKS.items() if check.only_aws])
def test_what_only_aws_can_answer_is_never_seen_elsewhere(number: int) -> None:
    seen = CHECKS[number].look(_answers(), embedded=True)
    assert seen.outcome is Outcome.NOT_SEEN
    assert seen.answer.startswith("only AWS can answer: ")


def test_tables_that_lake_formation_refuses_are_told_from_other_failures() -> None:
    missing = {"storage": "CommandFailed: Insufficient Lake Formation permission(s): Required Create Database"}
    found: dict[str, Any] = {"lake formation": {}}
    assert CHECKS[45].look(Answers(found, missing), embedded=False).outcome is Outcome.REFUTED
    other = Answers(found, {"storage": "CommandFailed: no network"})
    assert CHECKS[45].look(other, embedded=False).outcome is Outcome.NOT_SEEN


def test_cloudtrail_that_shows_a_refusal_shows_refusals() -> None:
    answers = _answers(lambda found: found["refused"].append({"eventName": "GetObject"}))
    assert CHECKS[71].look(answers, embedded=False).outcome is Outcome.CONFIRMED


def test_a_deployment_that_failed_with_its_cluster_refutes_nothing() -> None:
    def fail(found: dict[str, Any]) -> None:
        found["deployed"].update(ok=False, error="Cluster failed to stabilize: BOOTSTRAP_FAILURE")
        _never_ready(found, "BOOTSTRAP_FAILURE")

    answers = _answers(fail)
    assert CHECKS[1].look(answers, embedded=False).outcome is Outcome.NOT_SEEN


@pytest.mark.parametrize("number", [6, 12, 16, 25, 34, 46, 65])
def test_a_cluster_that_failed_at_its_bootstrap_refutes_nothing_else(number: int) -> None:
    seen = CHECKS[number].look(_answers(lambda found: _never_ready(found, "BOOTSTRAP_FAILURE")), embedded=False)
    assert seen.outcome is Outcome.NOT_SEEN
    assert "never ready" in seen.answer


def test_each_row_of_the_table_is_seen_in_its_phase_or_left_to_people() -> None:
    expected = {number: row.phase for number, row in BY_NUMBER.items() if row.phase is not Phase.BY_HAND}
    assert expected == PHASES
    assert not verifiable() & {row.number for row in SETTLED}


@pytest.mark.parametrize(
    ("rows", "phases"),
    [
        ({29}, ["facts"]),
        ({28}, []),
        ({11}, ["deploy", "transient"]),
        ({2}, ["deploy", "transient"]),
        ({36}, ["deploy", "interactive", "probe"]),
        ({3, 29}, ["facts", "deploy", "transient", "again"]),
    ],
)
def test_rows_bring_the_phases_that_they_need_and_no_others(rows: set[int], phases: list[str]) -> None:
    assert [stage.phase.value for stage in stages_for(rows)] == phases
