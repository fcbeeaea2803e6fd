"""Persistent user interfaces of applications: made, started, linked to; nothing answers at the link."""

import secrets
from typing import Any, Final

from rehearsal.embedded import vanilla
from rehearsal.embedded.responses import Request, Response, answer, refuse

app_uis: Any = vanilla.responses.AccountRegionScopedDict()

_STARTING, _READY = "STARTING", "READY"
_PATHS: Final = {"SHS": "shs", "TEZ": "tezui", "YTS": "yts"}


def create_persistent_app_ui(request: Request) -> Response:
    """Make one for a cluster, whether it still runs or not."""
    arn = request["TargetResourceArn"]
    if not any(cluster["ClusterArn"] == arn for cluster in vanilla.emr._clusters.values()):
        return refuse(f"Cluster '{arn}' is not valid.")
    identity = f"p-{secrets.token_hex(10)}"
    app_uis[identity] = {"PersistentAppUIId": identity, "PersistentAppUIStatus": _STARTING}
    return answer({"PersistentAppUIId": identity, "RuntimeRoleEnabledCluster": False})


def get_persistent_app_ui_presigned_url(request: Request) -> Response:
    """Link to one; not at the first time, when it still starts."""
    found = app_uis.get(request["PersistentAppUIId"])
    if found is None:
        return refuse(f"Persistent App UI {request['PersistentAppUIId']} does not exist.")
    if found["PersistentAppUIStatus"] == _STARTING:
        app_uis[found["PersistentAppUIId"]] = {**found, "PersistentAppUIStatus": _READY}
        return answer({"PresignedURLReady": False})
    place = f"{found['PersistentAppUIId']}.emrappui-prod.{vanilla.responses.get_region()}.amazonaws.com"
    path = _PATHS[request.get("PersistentAppUIType", "SHS")]
    return answer({"PresignedURLReady": True, "PresignedURL": f"https://{place}/{path}/?authToken=rehearsal"})
