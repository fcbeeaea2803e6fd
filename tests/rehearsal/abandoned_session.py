"""A session that a notebook leaves open keeps its cluster until Livy ends it: `make notebook-rehearsed` runs it."""

import socket

from rehearsal.node.machine import instance_id
from tests.rehearsal.nodes import Place, step
from tests.rehearsal.test_notebook_sessions import FOR_NOTEBOOKS, gateway_port, place  # noqa: F401

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


def test_an_abandoned_session_keeps_its_cluster_until_livy_ends_it(place: Place) -> None:  # noqa: F811  # pytest gives it
    livy = {"Classification": "livy-conf", "Properties": {"livy.server.session.timeout": "180s"}}
    cluster = place.start(
        Applications=FOR_NOTEBOOKS,
        Configurations=[livy],
        AutoTerminationPolicy={"IdleTimeout": 60},
        Steps=[step("python3.11", "-c", OPEN_A_SESSION, name="open")],
    )
    with socket.create_connection(("127.0.0.1", gateway_port(cluster))):
        ended = cluster.wait("TERMINATED", "TERMINATED_WITH_ERRORS")
    (opened,) = place.client("emr").list_steps(ClusterId=cluster.id)["Steps"]

    assert opened["Status"]["State"] == "COMPLETED"
    assert ended["StateChangeReason"]["Code"] == "AUTO_TERMINATION"
    said = cluster.log(f"node/{instance_id(cluster.id)}/applications/livy/livy-livy-server.out.gz")
    assert "ending session 0, inactive for more than 9 s" in said
