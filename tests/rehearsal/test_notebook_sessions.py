"""A session that a notebook leaves open ends by Livy's timeout, and only then does the cluster end by its idle stop."""

import socket
from pathlib import Path

from rehearsal.clients import clients_of
from rehearsal.embedded.daemon import embedded_aws
from rehearsal.node.daemon import local_node
from rehearsal.node.machine import instance_id
from tests.rehearsal.clusters import wait_for
from tests.rehearsal.nodes import Place, make_bare_account, step

IDLE_SCALE = 0.05
"""A minute, EMR's shortest idle stop, is then 3 seconds."""

OPEN_A_SESSION = """
import json, time, urllib.error, urllib.request

def call(path, content=None):
    request = urllib.request.Request("http://127.0.0.1:8998" + path, data=content and json.dumps(content).encode())
    return json.load(urllib.request.urlopen(request))

while True:
    try:
        session = call("/sessions", {"kind": "pyspark"})
        break
    except urllib.error.URLError:
        time.sleep(0.2)
while session["state"] == "starting":
    time.sleep(0.2)
    session = call("/sessions/0")
assert session["state"] == "idle", session
"""


def test_an_abandoned_session_keeps_its_cluster_until_livy_ends_it(tmp_path: Path) -> None:
    applications = [{"Name": name} for name in ("Spark", "Livy", "JupyterEnterpriseGateway")]
    livy = {"Classification": "livy-conf", "Properties": {"livy.server.session.timeout": "180s"}}
    with embedded_aws(tmp_path / "aws", launch="hold") as aws:
        client = clients_of(aws)
        make_bare_account(client)
        with local_node(aws, idle_scale=IDLE_SCALE, log_seconds=0.5) as node:
            cluster = Place(aws, node, client).start(
                Applications=applications,
                Configurations=[livy],
                AutoTerminationPolicy={"IdleTimeout": 60},
                Steps=[step("python3.11", "-c", OPEN_A_SESSION, name="open")],
            )
            port = cluster.machine / "gateway.port"
            wait_for(lambda: port.exists() and port.read_text(encoding="ascii"))
            with socket.create_connection(("127.0.0.1", int(port.read_text(encoding="ascii")))):
                ended = cluster.wait("TERMINATED", "TERMINATED_WITH_ERRORS")
            wait_for(lambda: not (cluster.machine / "opt").exists())  # its life is over, its logs are there
        said = cluster.log(f"node/{instance_id(cluster.id)}/applications/livy/livy-livy-server.out.gz")
        (opened,) = client("emr").list_steps(ClusterId=cluster.id)["Steps"]

    assert opened["Status"]["State"] == "COMPLETED"
    assert ended["StateChangeReason"]["Code"] == "AUTO_TERMINATION"
    assert "ending session 0, inactive for more than 9 s" in said
