"""Roles that belong to a service of AWS: made under the names that they have there, once."""

from collections.abc import Mapping
from typing import Any, Final

from rehearsal.embedded import vanilla
from rehearsal.embedded.authorization import role_denial

SPOT: Final = "spot.amazonaws.com"
_NAMES: Final = {
    SPOT: "AWSServiceRoleForEC2Spot",
    "spotfleet.amazonaws.com": "AWSServiceRoleForEC2SpotFleet",
    "elasticmapreduce.amazonaws.com": "AWSServiceRoleForEMRCleanup",
}
"""Those that ministack does not derive from the name of the service."""

_vanilla_create = vanilla.iam._create_service_linked_role


def spot_role_is_there(service_role: str) -> bool:
    """Return whether EC2 can have its role of Spot, which it makes for who may let it.

    Parameters
    ----------
    service_role
        Name of the role with which EMR asks for instances.
    """
    name = _NAMES[SPOT]
    if name in vanilla.iam._roles:
        return True
    account = vanilla.responses.get_account_id()
    denial = role_denial(
        f"arn:aws:iam::{account}:role/{service_role}",
        service="elasticmapreduce.amazonaws.com",
        action="iam:CreateServiceLinkedRole",
        resource=f"arn:aws:iam::{account}:role/aws-service-role/{SPOT}/{name}",
        context={"iam:AWSServiceName": SPOT},
    )
    if not denial:
        _create({"AWSServiceName": SPOT})
    return not denial


def _create(request: Mapping[str, Any]) -> Any:
    iam = vanilla.iam
    service = iam._p(request, "AWSServiceName")
    if service not in _NAMES:
        return _vanilla_create(request)
    name = _NAMES[service]
    if name in iam._roles:
        message = f"Service role name {name} has been taken in this account, please try a different suffix."
        return iam._error(400, "InvalidInput", message)
    before = set(iam._roles)
    _vanilla_create(request)
    (made,) = set(iam._roles) - before
    role = iam._roles.pop(made)
    iam._roles[name] = {**role, "RoleName": name, "Arn": f"{role['Arn'].rpartition('/')[0]}/{name}"}
    content = f"<CreateServiceLinkedRoleResult><Role>{iam._role_xml(name)}</Role></CreateServiceLinkedRoleResult>"
    return iam._xml(200, "CreateServiceLinkedRoleResponse", content)


def install() -> None:
    """Replace how such a role is made."""
    vanilla.iam._IAM_HANDLERS["CreateServiceLinkedRole"] = _create
