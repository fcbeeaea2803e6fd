"""IAM: roles, instance profiles, policies."""

from collections.abc import Iterator
from typing import Final

from ops.aws.account import Client
from ops.teardown.leaks.scope import Leftover, Scope, Sweeper, pages


def _roles(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("iam"), "list_roles", "Roles"):
        if claim := scope.by_name(item["RoleName"]):
            yield Leftover(
                kind="IAM role",
                id=item["RoleName"],
                claim=claim,
                command=f"aws iam delete-role --role-name {item['RoleName']}",
                detail="its policies first",
            )


def _instance_profiles(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("iam"), "list_instance_profiles", "InstanceProfiles"):
        name = item["InstanceProfileName"]
        claims = [scope.by_name(name), *(scope.by_name(role["RoleName"]) for role in item.get("Roles", ()))]
        if claim := next(filter(None, claims), None):
            yield Leftover(
                kind="instance profile",
                id=name,
                claim=claim,
                command=f"aws iam delete-instance-profile --instance-profile-name {name}",
                detail="remove its role first",
            )


def _policies(client: Client, scope: Scope) -> Iterator[Leftover]:
    for item in pages(client("iam"), "list_policies", "Policies", Scope="Local"):
        if claim := scope.by_name(item["PolicyName"]):
            command = f"aws iam delete-policy --policy-arn {item['Arn']}"
            yield Leftover(kind="IAM policy", id=item["PolicyName"], claim=claim, command=command)


SWEEPERS: Final = (
    Sweeper("IAM roles", _roles, ("iam",), once=True),
    Sweeper("instance profiles", _instance_profiles, ("iam",), once=True),
    Sweeper("IAM policies", _policies, ("iam",), once=True),
)
