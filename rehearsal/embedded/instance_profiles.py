"""`Ref` of an instance profile: its name, as on AWS, where ministack gives its ARN."""

from typing import Final

from rehearsal.embedded import vanilla
from rehearsal.embedded.types import Attributes, Properties, Replacement, ResourceType

_create_by_arn = vanilla.provisioners._iam_ip_create
_update_by_arn = vanilla.provisioners._iam_ip_update
_delete_by_arn = vanilla.provisioners._iam_ip_delete


def _create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Attributes]:
    for role in properties["Roles"]:
        if role not in vanilla.iam._roles:
            raise ValueError(f"The role with name {role} cannot be found.")
    return _by_name(_create_by_arn(logical_id, properties, stack))


def _update(name: str, old: Properties, new: Properties, stack: str, logical_id: str) -> tuple[str, Attributes]:
    return _by_name(_update_by_arn(_arn(name), old, new, stack, logical_id))


def _delete(name: str, properties: Properties) -> None:
    if name in vanilla.iam._instance_profiles:
        _delete_by_arn(_arn(name), properties)


def _by_name(created: tuple[str, Attributes]) -> tuple[str, Attributes]:
    arn, attributes = created
    return arn.rpartition("/")[2], attributes


def _arn(name: str) -> str:
    arn: str = vanilla.iam._instance_profiles[name]["Arn"]
    return arn


TYPES: Final = {
    "AWS::IAM::InstanceProfile": ResourceType(
        create=_create,
        update=_update,
        delete=_delete,
        replacement=Replacement(always=("InstanceProfileName", "Path")),
    )
}
