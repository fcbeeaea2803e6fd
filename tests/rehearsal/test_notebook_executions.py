"""EMR's executions of notebooks: what is refused at once, and what becomes of the others."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.clients import clients_of
from rehearsal.embedded.aws import EmbeddedAws
from rehearsal.node.reports import NodeReports
from tests.rehearsal.clusters import SERVICE_ROLE, make_roles, run_cluster

FOR_NOTEBOOKS = [{"Name": name} for name in ("Spark", "Livy", "JupyterEnterpriseGateway")]


@pytest.fixture
def emr(aws: EmbeddedAws) -> Any:
    client = clients_of(aws)
    make_roles(client)
    return client("emr")


def _allow(aws: EmbeddedAws, *actions: str) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    clients_of(aws)("iam").put_role_policy(
        RoleName=SERVICE_ROLE, PolicyName="notebooks", PolicyDocument=json.dumps(document)
    )


def _request(cluster_id: str, **given: Any) -> dict[str, Any]:
    place = {"Bucket": "code", "Key": "notebooks/x.ipynb"}
    return {
        "ExecutionEngine": {"Id": cluster_id},
        "ServiceRole": SERVICE_ROLE,
        "NotebookS3Location": place,
        "OutputNotebookS3Location": place,
        **given,
    }


def test_an_execution_is_kept_moved_by_a_node_and_stopped(aws: EmbeddedAws, emr: Any) -> None:
    _allow(aws, "s3:GetObject", "s3:PutObject")
    cluster_id = run_cluster(clients_of(aws), Applications=FOR_NOTEBOOKS)
    name = emr.start_notebook_execution(**_request(cluster_id, NotebookParams="{}"))["NotebookExecutionId"]
    (listed,) = emr.list_notebook_executions(ExecutionEngineId=cluster_id, Status="START_PENDING")["NotebookExecutions"]
    assert listed["NotebookExecutionId"] == name
    NodeReports(aws).notebook(name, "RUNNING", reason="The notebook runs")
    emr.stop_notebook_execution(NotebookExecutionId=name)
    assert emr.describe_notebook_execution(NotebookExecutionId=name)["NotebookExecution"]["Status"] == "STOP_PENDING"
    NodeReports(aws).notebook(name, "STOPPED", reason="Stopped", output="s3://code/out.ipynb")
    shown = emr.describe_notebook_execution(NotebookExecutionId=name)["NotebookExecution"]
    assert (shown["Status"], shown["OutputNotebookURI"]) == ("STOPPED", "s3://code/out.ipynb")
    assert shown["EndTime"] >= shown["StartTime"]
    with pytest.raises(ClientError, match="is STOPPED"):
        emr.stop_notebook_execution(NotebookExecutionId=name)


@pytest.mark.parametrize("missing", ["s3:GetObject", "s3:PutObject"])
def test_a_service_role_without_a_right_is_refused(aws: EmbeddedAws, emr: Any, missing: str) -> None:
    _allow(aws, *{"s3:GetObject", "s3:PutObject"} - {missing})
    cluster_id = run_cluster(clients_of(aws), Applications=FOR_NOTEBOOKS)

    with pytest.raises(ClientError, match=f"not authorized to perform: {missing}"):
        emr.start_notebook_execution(**_request(cluster_id))


def test_a_cluster_without_the_gateway_is_refused(aws: EmbeddedAws, emr: Any) -> None:
    cluster_id = run_cluster(clients_of(aws), Applications=[{"Name": "Spark"}])

    with pytest.raises(ClientError, match="does not have the applications: JupyterEnterpriseGateway, Livy"):
        emr.start_notebook_execution(**_request(cluster_id))


def test_a_group_that_is_not_there_is_refused(aws: EmbeddedAws, emr: Any) -> None:
    cluster_id = run_cluster(clients_of(aws), Applications=FOR_NOTEBOOKS)

    with pytest.raises(ClientError, match="security group 'sg-1' does not exist"):
        emr.start_notebook_execution(**_request(cluster_id, NotebookInstanceSecurityGroupId="sg-1"))


def test_an_execution_that_is_not_there_is_refused(emr: Any) -> None:
    with pytest.raises(ClientError, match="Notebook execution ex-1 does not exist"):
        emr.describe_notebook_execution(NotebookExecutionId="ex-1")
