"""Phases "deploy", "transient" and "again": what lasts, a cluster with Spot that ends with its job, and another one."""

import json
from datetime import datetime
from typing import Any, Final

from ops.aws.clusters import ENDED, find_cluster
from ops.beliefs.belief import Phase
from ops.verify.clusters import (
    cluster_id,
    describe,
    describe_nodes,
    fleet,
    ready,
    require_ready,
    status,
    wait_for_steps,
)
from ops.verify.findings import Answers, Check, Finding, confirmed, holds, not_seen, refuted
from ops.verify.stage import Stage
from ops.verify.workspace import A, CommandFailed, Workspace

COMPUTE: Final = "FruitsCompute"
_SPOT_ROLE: Final = "AWSServiceRoleForEC2Spot"
_START_MINUTES: Final = (5, 15)
_BY_ITSELF: Final = ("ALL_STEPS_COMPLETED", "STEP_FAILURE")
"""Ends of a transient cluster with its job, which are no reason to roll its stack back."""

_OTHER_REASONS: Final = ("BOOTSTRAP_FAILURE", "STEP_FAILURE", "USER_REQUEST", "VALIDATION_ERROR")
"""Ends of a cluster that say nothing of its instances' start."""

_NO_INSTANCE: Final = "nobody starts an instance here"


def _deploy(workspace: Workspace) -> None:
    images = str(workspace.render())
    for env in workspace.needed:
        app = workspace.app(env)
        standing = [name.rpartition("-")[0] for name in app.templates if not name.startswith(COMPUTE)]
        with workspace.answers.asking("storage"):
            workspace.cdk(app, *standing)
            workspace.answers.put("storage", "CREATE_COMPLETE")
        workspace.fruits("images", "upload", images, env=env)


def _tables(answers: Answers) -> Finding:
    settings = answers["lake formation"]
    if "storage" in answers.found:
        return confirmed({"tables": "made", "lake formation": settings})
    why = answers.missing.get("storage", "")
    return refuted(why) if "Lake Formation" in why else not_seen(why)


def _act(workspace: Workspace) -> None:
    answers = workspace.answers
    try:
        workspace.cdk(workspace.app(A), COMPUTE)
        answers.put("deployed", {"ok": True})
    except CommandFailed as error:
        answers.put("deployed", {"ok": False, "error": str(error)})
    cluster = cluster_id(workspace, A)
    describe_nodes(workspace, A, cluster)
    wait_for_steps(workspace, A, cluster)
    client = workspace.places[A].client
    workspace.until(lambda: find_cluster(client, cluster).state in ENDED, f"{cluster} is ending")
    describe(workspace, A, cluster)
    iam = client("iam")
    answers.ask("spot role", lambda: iam.get_role(RoleName=_SPOT_ROLE)["Role"]["RoleName"])
    for file in ("stdout", "stderr"):
        name = f"bootstrap {file}"
        answers.ask(name, lambda file=file: workspace.fruits("logs", "--bootstrap", "--file", file, env=A).output)  # type: ignore[misc]
    answers.ask("runs", lambda: json.loads(workspace.fruits("runs", "--json", env=A).output))
    answers.ask("spark log", lambda: workspace.fruits("logs", "--file", "stderr", env=A).output)


def _complete_before_the_end(answers: Answers) -> Finding:
    deployed, events, ended = answers["deployed"], answers[f"{A} events"], status(answers, A)
    if not deployed["ok"]:
        by_itself = ended["StateChangeReason"].get("Code") in _BY_ITSELF
        return refuted({"events": events, "cluster": ended}) if by_itself else not_seen(deployed["error"])
    made = next(event["Timestamp"] for event in events if event["ResourceStatus"] == "CREATE_COMPLETE")
    step = answers[f"{A} steps"][0]["Status"]
    return holds(_time(made) <= _time(step["Timeline"]["EndDateTime"]), {"made": made, "step": step})


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _started(answers: Answers) -> Finding:
    if status(answers, A)["StateChangeReason"].get("Code") in _OTHER_REASONS:
        require_ready(answers, A)
    return holds(ready(answers, A), status(answers, A))


def _public_access(answers: Answers) -> Finding:
    blocked = answers["public access"]["BlockPublicAccessConfiguration"]
    if not blocked["BlockPublicSecurityGroupRules"]:
        return not_seen("this account blocks no public access")
    return Finding(_started(answers).outcome, {"block": blocked, "status": status(answers, A)})


def _python(answers: Answers) -> Finding:
    log = answers["bootstrap stderr"]
    return holds("modules import from" in log, _lines(log, "install.sh:"))


def _command_of_aws(answers: Answers) -> Finding:
    found = _probes(answers)
    return holds(
        found and all((item["aws"] or {}).get("version", "").startswith("aws-cli/2") for item in found),
        [item["aws"] for item in found],
    )


def _probes(answers: Answers) -> list[dict[str, Any]]:
    """Return what the nodes said of themselves at their bootstrap."""
    lines = answers["bootstrap stdout"].splitlines()
    return [json.loads(line[line.index('{"probe"') :]) for line in lines if '{"probe"' in line]


def _lines(log: str, mark: str) -> list[str]:
    return [line[-300:] for line in log.splitlines() if mark in line][-20:]


def _spot(answers: Answers) -> Finding:
    require_ready(answers, A)
    task = fleet(answers, A, "TASK")
    shown = {"fleet": task, "role": answers.found.get("spot role")}
    return holds(task.get("ProvisionedSpotCapacity", 0) > 0 and shown["role"], shown)


def _spot_nodes(answers: Answers) -> Finding:
    nodes = [item for item in answers[f"{A} instances"] if item.get("Market") == "SPOT"]
    reasons = json.dumps([item["Status"] for item in nodes])
    return holds(nodes and "InternalError" not in reasons, [item["Status"] for item in nodes])


def _computed(answers: Answers) -> Finding:
    require_ready(answers, A)
    runs = answers["runs"]
    done = [run for run in runs["completed"] if run["computed"]]
    return holds(done, done or runs["others"])


def _shuffled(answers: Answers) -> Finding:
    refusals = _lines(answers["spark log"], "Expected SaslMessage")
    return refuted(refusals) if refusals else _computed(answers)


def _start_up(answers: Answers) -> Finding:
    require_ready(answers, A)
    timeline = status(answers, A)["Timeline"]
    minutes = (_time(timeline["ReadyDateTime"]) - _time(timeline["CreationDateTime"])).total_seconds() / 60
    least, most = _START_MINUTES
    return holds(least <= minutes <= most, {"minutes": round(minutes, 1)})


def _again(workspace: Workspace) -> None:
    before = cluster_id(workspace, A)
    ended = workspace.fruits("run", "--yes", "--no-wait", "--run-id", "second", env=A, accept=(0, 1))
    after = cluster_id(workspace, A)
    workspace.answers.put("again", {"code": ended.code, "new": after != before, "text": ended.text[-1000:]})
    wait_for_steps(workspace, A, after)


def _replaced(answers: Answers) -> Finding:
    again = answers["again"]
    return holds(again["code"] == 0 and again["new"], again)


DEPLOY: Final = Stage(
    phase=Phase.DEPLOY,
    minutes=4,
    act=_deploy,
    checks={45: Check(_tables, "it has no Lake Formation")},
)
TRANSIENT: Final = Stage(
    phase=Phase.TRANSIENT,
    minutes=12,
    act=_act,
    environment=A,
    needs=(Phase.DEPLOY,),
    checks={
        1: Check(_complete_before_the_end),
        6: Check(_started, _NO_INSTANCE),
        11: Check(_python),
        12: Check(_shuffled),
        16: Check(_spot),
        25: Check(_start_up, "provisioning takes no time here"),
        34: Check(_computed),
        35: Check(_command_of_aws, "its nodes have version 1 of the command"),
        38: Check(_spot_nodes, _NO_INSTANCE),
        46: Check(_public_access, "security groups hold nothing back here"),
        65: Check(_started, "security groups hold nothing back here"),
    },
)
AGAIN: Final = Stage(
    phase=Phase.AGAIN,
    minutes=9,
    act=_again,
    environment=A,
    needs=(Phase.TRANSIENT,),
    checks={3: Check(_replaced)},
)
