"""Phases "interactive", "probe", "lifetime": a cluster that stays, is changed, asked, and ended by its guard."""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from infra import yarn
from infra.instance_types import InstanceType
from ops.aws.clusters import ENDED, find_cluster
from ops.beliefs.belief import Phase
from ops.verify.clusters import cluster_id, describe, describe_nodes, fleet, status, wait_for_steps
from ops.verify.findings import Answers, Check, Finding, confirmed, holds
from ops.verify.stage import Stage
from ops.verify.transient import COMPUTE
from ops.verify.workspace import B, CommandFailed, Workspace

CHANGED: Final = {"core_vcpus": "8", "idle_stop": "20m"}
"""What is changed in place."""

FAILING: Final = ("bash", "-c", "exit 3")
_NO_YARN: Final = "there is no YARN here"
_LEAST_GLIBC: Final = (2, 34)
_LEAST_DISK_MIB: Final = 20 * 1024
_IDLE_SECONDS: Final = 20 * 60
_MEMORY: Final = re.compile(r"Configured Resources\s*:\s*<memory:(\d+)")
_MASTER_HOST: Final = re.compile(r"AM Host\s*:\s*(\S+)")


def _act(workspace: Workspace) -> None:
    answers = workspace.answers
    workspace.cdk(workspace.app(B), COMPUTE)
    cluster = cluster_id(workspace, B)
    emr = workspace.places[B].client("emr")
    jar = {"Jar": "command-runner.jar", "Args": list(FAILING)}
    failing: Any = {"Name": "fails", "ActionOnFailure": "CONTINUE", "HadoopJarStep": jar}
    emr.add_job_flow_steps(JobFlowId=cluster, Steps=[failing])
    if not workspace.embedded:  # where nothing looks at a second run
        workspace.fruits("run", "--no-wait", "--run-id", "first", env=B)
    wait_for_steps(workspace, B, cluster)
    describe(workspace, B, cluster)
    describe_nodes(workspace, B, cluster)
    answers.ask("limits", lambda: emr.get_managed_scaling_policy(ClusterId=cluster)["ManagedScalingPolicy"])
    changed = {"was": cluster, "error": ""}
    try:
        workspace.cdk(workspace.app(B, **CHANGED), COMPUTE)
    except CommandFailed as error:
        changed["error"] = str(error)
    changed["is"] = cluster_id(workspace, B)
    answers.put("changed", changed)
    answers.ask("changed fleets", lambda: emr.list_instance_fleets(ClusterId=changed["is"])["InstanceFleets"])
    answers.ask("idle stop", lambda: emr.get_auto_termination_policy(ClusterId=changed["is"])["AutoTerminationPolicy"])


def _in_place(answers: Answers) -> Finding:
    changed, fleets = answers["changed"], answers["changed fleets"]
    core: dict[str, Any] = next((item for item in fleets if item["InstanceFleetType"] == "CORE"), {})
    shown = {**changed, "core": core, "idle stop": answers["idle stop"]}
    right = (
        not changed["error"]
        and changed["was"] == changed["is"]
        and core.get("TargetOnDemandCapacity") == int(CHANGED["core_vcpus"])
        and shown["idle stop"].get("IdleTimeout") == _IDLE_SECONDS
    )
    return holds(right, shown)


def _limits(answers: Answers) -> Finding:
    limits = answers["limits"]["ComputeLimits"]
    core = fleet(answers, B, "CORE").get("TargetOnDemandCapacity")
    right = (
        limits["UnitType"] == "InstanceFleetUnits"
        and limits["MinimumCapacityUnits"] <= (core or 0) <= limits["MaximumCapacityUnits"]
        and limits["MaximumCoreCapacityUnits"] <= limits["MaximumOnDemandCapacityUnits"]
    )
    return holds(right, {"limits": limits, "core": core})


def _probe(workspace: Workspace) -> None:
    ended = workspace.fruits("probe", "--json", "--look-every", str(workspace.look_every), env=B)
    workspace.answers.put("node", json.loads(ended.output)["node"])
    workspace.answers.put("memory of types", _node_memory(workspace.places[B].settings.core_types))


def _node_memory(types: Iterable[InstanceType]) -> dict[str, int]:
    return {item.name: yarn.node_mib(item) for item in types}


def _dynamic(answers: Answers) -> Finding:
    found = answers["node"]["spark-defaults"] or {}
    shown = {key: value for key, value in found.items() if "dynamicAllocation" in key or "shuffle.service" in key}
    right = (
        shown.get("spark.dynamicAllocation.enabled") == "true"
        and shown.get("spark.shuffle.service.enabled") == "true"
        and shown.get("spark.dynamicAllocation.minExecutors", "0") == "0"
        and shown.get("spark.dynamicAllocation.initialExecutors", "0") == "0"
    )
    return holds(right, shown)


def _yarn_memory(answers: Answers) -> Finding:
    expected, answer = answers["memory of types"], _answer_of_yarn(answers, "nodes")
    found = {int(number) for number in _MEMORY.findall(answer)}
    return holds(found and found <= set(expected.values()), {"found": sorted(found), "expected": expected})


def _labels(answers: Answers) -> Finding:
    labels, nodes, newest = (_answer_of_yarn(answers, name) for name in ("labels", "nodes", "newest"))
    host = _MASTER_HOST.search(newest)
    on_core = host is not None and any(
        host[1] in node and "CORE" in node for node in re.split(r"\n(?=\S+:\d+\s)", nodes)
    )
    shared = "CORE" in labels and "exclusivity=false" in labels.replace(" ", "")
    return holds(shared and on_core, {"labels": labels[-500:], "newest": newest[-1500:]})


def _answer_of_yarn(answers: Answers, what: str) -> str:
    return str((answers["node"]["yarn"] or {}).get(what) or "")


def _scheduler(answers: Answers) -> Finding:
    found = answers["node"]["capacity-scheduler"] or {}
    ours = all(found.get(key) == value for key, value in yarn.SCHEDULER.items())
    return holds(ours and len(found) > len(yarn.SCHEDULER), found)


def _glibc(answers: Answers) -> Finding:
    answer = answers["node"]["glibc"] or "0"
    version = tuple(int(part) for part in re.findall(r"\d+", answer))
    return holds(version >= _LEAST_GLIBC, answer)


def _room(answers: Answers) -> Finding:
    node = answers["node"]
    return holds((node["disks"] or {}).get("/", {}).get("free_mib", 0) >= _LEAST_DISK_MIB, node["disks"])


def _no_locale(answers: Answers) -> Finding:
    answer = answers["node"]["locale"] or {}
    return holds(not any("UTF-8" in str(answer.get(name)) for name in ("LANG", "LC_ALL", "LC_CTYPE")), answer)


def _s3a(answers: Answers) -> Finding:
    node = answers["node"]
    found = {**(node["core-site"] or {}), **(node["spark-defaults"] or {})}
    shown = {key: value for key, value in found.items() if "fs.s3" in key or "ommit" in key}
    return holds(any(key.endswith("fs.s3.impl") and "S3AFileSystem" in value for key, value in shown.items()), shown)


def _lifetime(workspace: Workspace) -> None:
    answers, client = workspace.answers, workspace.places[B].client
    machines = client("stepfunctions")
    machine = _machine(workspace)
    answers.ask(
        "executions",
        lambda: [
            {key: item[key] for key in ("status", "startDate")}
            for item in machines.list_executions(stateMachineArn=machine)["executions"]
        ],
    )
    cluster = cluster_id(workspace, B)
    if not workspace.embedded:
        workspace.until(lambda: find_cluster(client, cluster).state in ENDED, f"{cluster} lives as long as it may")
    describe(workspace, B, cluster)


def _machine(workspace: Workspace) -> str:
    held = workspace.places[B].client("cloudformation").describe_stack_resources(StackName=f"FruitsGuard-{B}")
    kind = "AWS::StepFunctions::StateMachine"
    return next(item["PhysicalResourceId"] for item in held["StackResources"] if item["ResourceType"] == kind)


def _guarded(answers: Answers) -> Finding:
    found = answers["executions"]
    return holds(found, found)


def _ended(answers: Answers) -> Finding:
    found = status(answers, B)
    reason = found["StateChangeReason"]
    return confirmed(found) if reason.get("Code") == "USER_REQUEST" else holds(False, found)


INTERACTIVE: Final = Stage(
    phase=Phase.INTERACTIVE,
    minutes=12,
    act=_act,
    environment=B,
    needs=(Phase.DEPLOY,),
    checks={17: Check(_limits), 33: Check(_in_place)},
)
PROBE: Final = Stage(
    phase=Phase.PROBE,
    minutes=5,
    act=_probe,
    environment=B,
    needs=(Phase.INTERACTIVE,),
    checks={
        13: Check(_yarn_memory, _NO_YARN),
        36: Check(_dynamic),
        37: Check(_labels, _NO_YARN),
        47: Check(_scheduler, _NO_YARN),
        63: Check(_glibc, "the system is this machine's"),
        64: Check(_room, "the disk is this machine's"),
        66: Check(_no_locale),
        67: Check(_s3a, "S3A is set by an override here"),
    },
)
LIFETIME: Final = Stage(
    phase=Phase.LIFETIME,
    minutes=3,
    act=_lifetime,
    environment=B,
    needs=(Phase.INTERACTIVE,),
    checks={43: Check(_guarded), 9: Check(_ended, "half an hour is not waited for here; its tests hurry the clock")},
)
