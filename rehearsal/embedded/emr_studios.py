"""EMR Studio: kept and shown; nobody can log in."""

import secrets
import string
from typing import Any, Final

from rehearsal.embedded import vanilla
from rehearsal.embedded.responses import Request, Response, answer, refuse

studios: Any = vanilla.responses.AccountRegionScopedDict()

_UPDATABLE: Final = ("Name", "Description", "SubnetIds", "DefaultS3Location")
_SUMMARY: Final = ("StudioId", "Name", "VpcId", "Description", "Url", "AuthMode", "CreationTime")


def create_studio(request: Request) -> Response:
    """Make a Studio under a name of its own, in existing groups and subnets."""
    if any(studio["Name"] == request["Name"] for studio in studios.values()):
        return refuse(f"The Studio name {request['Name']} is already in use.")
    for key in ("EngineSecurityGroupId", "WorkspaceSecurityGroupId"):
        if request[key] not in vanilla.ec2._security_groups:
            return refuse(f"The security group '{request[key]}' does not exist")
    for subnet in request["SubnetIds"]:
        if subnet not in vanilla.ec2._subnets:
            return refuse(f"The subnet ID '{subnet}' does not exist")
    name = "es-" + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(25))
    region, account = vanilla.responses.get_region(), vanilla.responses.get_account_id()
    studios[name] = {
        **request,
        "StudioId": name,
        "StudioArn": f"arn:aws:elasticmapreduce:{region}:{account}:studio/{name}",
        "Url": f"https://{name}.emrstudio-prod.{region}.amazonaws.com",
        "CreationTime": vanilla.emr._now_iso(),
    }
    return answer({"StudioId": name, "Url": studios[name]["Url"]})


def describe_studio(request: Request) -> Response:
    """Show a Studio."""
    studio = studios.get(request["StudioId"])
    return answer({"Studio": studio}) if studio else _unknown(request)


def list_studios(_request: Request) -> Response:
    """Show all Studios in short."""
    shown = [{key: studio[key] for key in _SUMMARY if key in studio} for studio in studios.values()]
    return answer({"Studios": shown})


def update_studio(request: Request) -> Response:
    """Change what can be changed."""
    studio = studios.get(request["StudioId"])
    if studio is None:
        return _unknown(request)
    studio |= {key: request[key] for key in _UPDATABLE if key in request}
    return answer()


def delete_studio(request: Request) -> Response:
    """Remove a Studio."""
    return answer() if studios.pop(request["StudioId"], None) else _unknown(request)


def _unknown(request: Request) -> Response:
    return refuse(f"Studio {request['StudioId']} does not exist.")
