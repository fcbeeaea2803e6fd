"""Phase "logs": what was written, counted and refused."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from job.storage.layout import PROJECTIONS
from ops.beliefs.belief import Phase
from ops.failures import exit_code
from ops.verify.clusters import cluster_id
from ops.verify.findings import Answers, Check, Finding, confirmed, holds, not_seen
from ops.verify.interactive import FAILING
from ops.verify.stage import Stage
from ops.verify.workspace import B, Workspace

_KNOWN_REASONS: Final = ("Unknown Error.", "")
_OUR_ROLE: Final = re.compile(r"Fruits\w*-verify[ab]")
_WORDS_ARE_OURS: Final = "the words of EMR are from documents here"


def _act(workspace: Workspace) -> None:
    answers, client = workspace.answers, workspace.places[B].client
    cluster = cluster_id(workspace, B)
    steps = client("emr").list_steps(ClusterId=cluster)["Steps"]
    failed = next(step for step in steps if step["Name"] == "fails")
    answers.ask("failed", lambda: client("emr").describe_step(ClusterId=cluster, StepId=failed["Id"])["Step"])
    answers.ask("failed log", lambda: _log(workspace, failed["Id"]))
    if workspace.embedded:
        return
    answers.ask("job log", lambda: workspace.fruits("logs", env=B).output[-3000:])
    answers.ask("athena", lambda: _count(workspace))
    answers.ask("refused", lambda: _refused(workspace))


def _log(workspace: Workspace, step: str) -> str:
    return "".join(
        workspace.fruits("logs", step, "--file", file, env=B, accept=(0, 1)).text for file in ("controller", "stderr")
    )


def count_query(database: str, run: str) -> str:
    """Return the query of Athena that counts the projections of a run; the table's partition has to be named."""
    key, name = PROJECTIONS.key, PROJECTIONS.name
    return f'SELECT count(*) FROM "{database}"."{name}" WHERE "{key}" = \'{run}\''


def _count(workspace: Workspace) -> Any:
    client, deployment = workspace.places[B].client, workspace.deployment(B)
    athena, database = client("athena"), deployment.output("FruitsStorage", "Database")
    run = json.loads(workspace.fruits("runs", "--json", env=B).output)["completed"][0]
    started = athena.start_query_execution(
        QueryString=count_query(database, run["run"]),
        ResultConfiguration={"OutputLocation": f"s3://{deployment.output('FruitsStorage', 'DataBucket')}/athena/"},
    )["QueryExecutionId"]

    def state() -> str:
        text: str = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]["State"]
        return text

    workspace.until(lambda: state() not in ("QUEUED", "RUNNING"), "Athena counts")
    if state() != "SUCCEEDED":
        return {"error": athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]}
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    return {"count": int(rows[1]["Data"][0]["VarCharValue"]), "expected": run["images"] - run["quarantined"]}


def _refused(workspace: Workspace) -> Any:
    pages = workspace.places[B].client("cloudtrail").get_paginator("lookup_events")
    begin = datetime.now(UTC) - timedelta(hours=1)
    events = (
        json.loads(item["CloudTrailEvent"]) for page in pages.paginate(StartTime=begin) for item in page["Events"]
    )
    return [
        {key: event.get(key) for key in ("eventSource", "eventName", "errorCode", "errorMessage", "userIdentity")}
        for event in events
        if "AccessDenied" in str(event.get("errorCode")) and _OUR_ROLE.search(json.dumps(event.get("userIdentity")))
    ]


def _rights(answers: Answers) -> Finding:
    refused, log = answers["refused"], answers["job log"]
    return holds(log and not refused, refused or "logs are there, and nothing was refused")


def _committed(answers: Answers) -> Finding:
    refused = [event for event in answers["refused"] if event["eventSource"] == "s3.amazonaws.com"]
    return holds(not refused, refused or "nothing was refused")


def _counted(answers: Answers) -> Finding:
    found = answers["athena"]
    return holds(found.get("count") and found["count"] == found["expected"], found)


def _words(answers: Answers) -> Finding:
    details = answers["failed"]["Status"].get("FailureDetails", {})
    return holds(details.get("Reason", "") in _KNOWN_REASONS, answers["failed"]["Status"])


def _code(answers: Answers) -> Finding:
    log = answers["failed log"]
    return holds(exit_code(log) == int(FAILING[-1].split()[-1]), log[-1000:])


def _trail(answers: Answers) -> Finding:
    refused = answers["refused"]
    return (
        confirmed(refused) if refused else not_seen("nothing of ours was refused, or CloudTrail does not show it yet")
    )


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
