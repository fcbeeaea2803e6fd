"""Phases "logs", "destroy" and "leaks": what was written, what was refused, and that nothing stays."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from job.storage.layout import PROJECTIONS
from ops.aws.clusters import list_clusters
from ops.beliefs.belief import Phase
from ops.errors import ExitCode, FruitsError
from ops.failures import exit_code
from ops.verify.clusters import cluster_id
from ops.verify.interactive import FAILING
from ops.verify.phase import Stage
from ops.verify.scene import A, B, Scene, Which
from ops.verify.seen import Answers, Check, Seen, confirmed, holds, not_seen

_KNOWN_REASONS: Final = ("Unknown Error.", "")
_OUR_ROLE: Final = re.compile(r"Fruits\w*-verify[ab]")
_WORDS_ARE_OURS: Final = "the words of EMR are from documents here"


def _act(scene: Scene) -> None:
    answers, client = scene.answers, scene.places[B].client
    cluster = cluster_id(scene, B)
    steps = client("emr").list_steps(ClusterId=cluster)["Steps"]
    failed = next(step for step in steps if step["Name"] == "fails")
    answers.ask("failed", lambda: client("emr").describe_step(ClusterId=cluster, StepId=failed["Id"])["Step"])
    answers.ask("failed log", lambda: _log(scene, failed["Id"]))
    if scene.embedded:
        return
    answers.ask("job log", lambda: scene.fruits("logs", which=B).output[-3000:])
    answers.ask("athena", lambda: _count(scene))
    answers.ask("refused", lambda: _refused(scene))


def _log(scene: Scene, step: str) -> str:
    return "".join(
        scene.fruits("logs", step, "--file", file, which=B, accept=(0, 1)).text for file in ("controller", "stderr")
    )


def count_query(database: str, run: str) -> str:
    """Return the query of Athena that counts the projections of a run; the table's partition has to be named."""
    key, name = PROJECTIONS.key, PROJECTIONS.name
    return f'SELECT count(*) FROM "{database}"."{name}" WHERE "{key}" = \'{run}\''


def _count(scene: Scene) -> Any:
    client, deployment = scene.places[B].client, scene.deployment(B)
    athena, database = client("athena"), deployment.output("FruitsStorage", "Database")
    run = json.loads(scene.fruits("runs", "--json", which=B).output)["completed"][0]
    started = athena.start_query_execution(
        QueryString=count_query(database, run["run"]),
        ResultConfiguration={"OutputLocation": f"s3://{deployment.output('FruitsStorage', 'DataBucket')}/athena/"},
    )["QueryExecutionId"]

    def state() -> str:
        text: str = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]["State"]
        return text

    scene.until(lambda: state() not in ("QUEUED", "RUNNING"), "Athena counts")
    if state() != "SUCCEEDED":
        return {"error": athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]}
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    return {"count": int(rows[1]["Data"][0]["VarCharValue"]), "expected": run["images"] - run["quarantined"]}


def _refused(scene: Scene) -> Any:
    pages = scene.places[B].client("cloudtrail").get_paginator("lookup_events")
    begin = datetime.now(UTC) - timedelta(hours=1)
    events = (
        json.loads(item["CloudTrailEvent"]) for page in pages.paginate(StartTime=begin) for item in page["Events"]
    )
    return [
        {key: event.get(key) for key in ("eventSource", "eventName", "errorCode", "errorMessage", "userIdentity")}
        for event in events
        if "AccessDenied" in str(event.get("errorCode")) and _OUR_ROLE.search(json.dumps(event.get("userIdentity")))
    ]


def _rights(answers: Answers) -> Seen:
    refused, log = answers["refused"], answers["job log"]
    return holds(log and not refused, refused or "logs are there, and nothing was refused")


def _committed(answers: Answers) -> Seen:
    refused = [event for event in answers["refused"] if event["eventSource"] == "s3.amazonaws.com"]
    return holds(not refused, refused or "nothing was refused")


def _counted(answers: Answers) -> Seen:
    found = answers["athena"]
    return holds(found.get("count") and found["count"] == found["expected"], found)


def _words(answers: Answers) -> Seen:
    details = answers["failed"]["Status"].get("FailureDetails", {})
    return holds(details.get("Reason", "") in _KNOWN_REASONS, answers["failed"]["Status"])


def _code(answers: Answers) -> Seen:
    log = answers["failed log"]
    return holds(exit_code(log) == int(FAILING[-1].split()[-1]), log[-1000:])


def _trail(answers: Answers) -> Seen:
    refused = answers["refused"]
    return (
        confirmed(refused) if refused else not_seen("nothing of ours was refused, or CloudTrail does not show it yet")
    )


def _destroy(scene: Scene) -> None:
    codes: dict[str, Any] = {}
    for which in (A, B, A, B):  # what was still being made at the first attempt goes at the second
        if scene.deployment(which).stacks:
            bucket = _bucket(scene, which)
            words = ("--yes-delete", bucket) if bucket else ()
            ended = scene.fruits("destroy", "--all", "--yes", *words, which=which, accept=tuple(ExitCode))
            codes[which] = {"code": ended.code, "text": ended.text[-1500:]}
    clusters = list_clusters(scene.places[A].client, scene.places[A].settings.name)
    left = [stack.name for which in (A, B) for stack in scene.deployment(which).stacks.values()]
    scene.answers.put("destroyed", {"codes": codes, "clusters": [item.state for item in clusters], "left": left})
    if left:
        raise FruitsError(f"still there: {', '.join(left)}")


def _bucket(scene: Scene, which: Which) -> str:
    storage = scene.deployment(which).stacks.get("FruitsStorage")
    return storage.outputs.get("DataBucket", "") if storage else ""


def _stack_goes(answers: Answers) -> Seen:
    done = answers["destroyed"]
    if not done["clusters"]:
        return not_seen("there was no cluster")
    return holds(not [name for name in done["left"] if name.startswith("FruitsCompute")], done)


def _leaks(scene: Scene) -> None:
    found = {
        which: json.loads(scene.fruits("leaks", "--json", which=which, accept=(0, 1, 3)).output)
        for which in scene.needed
    }
    scene.answers.put("leaks", found)


def leftovers(answers: Answers) -> list[str]:
    """Name what is left on the bill."""
    return [
        f"{item['kind']} {item['id']}"
        for found in answers["leaks"].values()
        for item in found["leftovers"]
        if not item["kept"] and not item["shared"]
    ]


def _nothing_left(answers: Answers) -> Seen:
    left = leftovers(answers)
    return holds(not left, left or "nothing is left")


LOGS: Final = Stage(
    phase=Phase.LOGS,
    minutes=2,
    act=_act,
    environment=B,
    needs=(Phase.INTERACTIVE,),
    checks={
        7: Check(_rights, "it has no CloudTrail"),
        21: Check(_counted, "it has no Athena over Parquet"),
        22: Check(_words, _WORDS_ARE_OURS),
        23: Check(_committed, "its committer is Apache's"),
        30: Check(_code, _WORDS_ARE_OURS),
        71: Check(_trail, "it has no CloudTrail"),
    },
)
DESTROY: Final = Stage(phase=Phase.DESTROY, minutes=9, act=_destroy, checks={2: Check(_stack_goes)})
LEAKS: Final = Stage(phase=Phase.LEAKS, minutes=1, act=_leaks, checks={28: Check(_nothing_left)})
