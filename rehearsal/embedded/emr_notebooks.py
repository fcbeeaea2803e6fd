"""Executions of notebooks on a cluster: kept and shown; a node carries them out."""

import secrets
import string
from typing import Any, Final

from rehearsal.embedded import vanilla
from rehearsal.embedded.authorization import role_denial
from rehearsal.embedded.emr_states import find_live_cluster
from rehearsal.embedded.responses import Request, Response, answer, refuse

executions: Any = vanilla.responses.AccountRegionScopedDict()

ENDED: Final = ("FINISHED", "FAILED", "STOPPED")
_NEEDED: Final = ("JupyterEnterpriseGateway", "Livy", "Spark")
_KEPT: Final = (
    *("ExecutionEngine", "NotebookExecutionName", "NotebookParams", "NotebookInstanceSecurityGroupId", "Tags"),
    *("NotebookS3Location", "OutputNotebookS3Location", "OutputNotebookFormat", "EnvironmentVariables"),
)
_SUMMARY: Final = (
    *("NotebookExecutionId", "NotebookExecutionName", "Status", "StartTime", "EndTime", "NotebookS3Location"),
    "ExecutionEngineId",
)


def start_notebook_execution(request: Request) -> Response:
    """Accept an execution, which is START_PENDING then; refuse what EMR cannot carry out."""
    cluster = find_live_cluster(request["ExecutionEngine"]["Id"])
    installed = {application["Name"] for application in cluster["Applications"]}
    if missing := [name for name in _NEEDED if name not in installed]:
        return refuse(f"The cluster {cluster['Id']} does not have the applications: {', '.join(missing)}.")
    role = request["ServiceRole"]
    arn = role if role.startswith("arn:") else f"arn:aws:iam::{vanilla.responses.get_account_id()}:role/{role}"
    groups = (request["ExecutionEngine"].get("MasterInstanceSecurityGroupId"), request.get(_KEPT[3]))
    if unknown := [group for group in groups if group and group not in vanilla.ec2._security_groups]:
        return refuse(f"The security group '{unknown[0]}' does not exist")
    for action, place in (("s3:GetObject", "NotebookS3Location"), ("s3:PutObject", "OutputNotebookS3Location")):
        if place not in request:
            return refuse(f"{place} must be given.")
        thing = f"arn:aws:s3:::{request[place]['Bucket']}/{request[place]['Key']}"
        denial = role_denial(arn, service="elasticmapreduce.amazonaws.com", action=action, resource=thing)
        if denial:
            return refuse(denial)
    name = "ex-" + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(25))
    region, account = vanilla.responses.get_region(), vanilla.responses.get_account_id()
    executions[name] = {
        **{key: request[key] for key in _KEPT if key in request},
        "NotebookExecutionId": name,
        "ExecutionEngineId": cluster["Id"],
        "Arn": f"arn:aws:elasticmapreduce:{region}:{account}:notebook-execution/{name}",
        "Status": "START_PENDING",
        "StartTime": vanilla.emr._now_iso(),
    }
    return answer({"NotebookExecutionId": name})


def describe_notebook_execution(request: Request) -> Response:
    """Show an execution."""
    return answer({"NotebookExecution": _find(request)})


def list_notebook_executions(request: Request) -> Response:
    """Show executions in short, the newest first."""
    found = [
        {key: execution[key] for key in _SUMMARY if key in execution}
        for execution in reversed(executions.values())
        if all(execution[key] == request[key] for key in ("Status", "ExecutionEngineId") if key in request)
    ]
    return answer({"NotebookExecutions": found})


def stop_notebook_execution(request: Request) -> Response:
    """Stop an execution; its node has to."""
    execution = _find(request)
    if execution["Status"] in ENDED:
        return refuse(f"The notebook execution {execution['NotebookExecutionId']} is {execution['Status']}.")
    execution["Status"] = "STOP_PENDING"
    return answer()


def report_notebook_execution(request: Request) -> Response:
    """Let a node move an execution (`NotebookExecutionId`, `Status`, `Reason`, and where its output is, once it is)."""
    execution = _find(request)
    execution |= {"Status": request["Status"], "LastStateChangeReason": request["Reason"]}
    if request["Output"]:
        execution["OutputNotebookURI"] = request["Output"]
    if request["Status"] in ENDED:
        execution["EndTime"] = vanilla.emr._now_iso()
    return answer()


def _find(request: Request) -> dict[str, Any]:
    name = request["NotebookExecutionId"]
    execution: dict[str, Any] | None = executions.get(name)
    if execution is None:
        raise ValueError(f"Notebook execution {name} does not exist.")
    return execution
