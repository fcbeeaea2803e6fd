"""What EC2 gives to who asks for instances: all of them, but for types without capacity, and Spot without its role.

The messages are EC2's.
"""

import os
from collections.abc import Iterable
from typing import Literal

from rehearsal.embedded import emr_clock
from rehearsal.embedded.service_linked_roles import spot_role_is_there

Market = Literal["ON_DEMAND", "SPOT"]

_exhausted = frozenset(filter(None, os.environ.get("FRUITS_NO_CAPACITY", "").split(",")))


def choose_exhausted(types: Iterable[str]) -> None:
    """Choose the instance types of which EC2 has none from now on; it has all others."""
    global _exhausted  # noqa: PLW0603 - one setting of the process, as its environment variable is
    _exhausted = frozenset(types)
    emr_clock.look_again()


def refusal(instance_type: str, market: Market, *, zone: str, service_role: str) -> str:
    """Return why EC2 starts no instance; nothing if it does.

    Parameters
    ----------
    instance_type
        Such as ``m5.xlarge``.
    market
        Spot needs a role in the account, which is made here if EMR may have it made.
    zone
        Availability zone.
    service_role
        Name of the role with which EMR asks.
    """
    if market == "SPOT" and not spot_role_is_there(service_role):
        return (
            "AuthFailure.ServiceLinkedRoleCreationNotPermitted: The provided credentials do not have permission to"
            " create the service-linked role for EC2 Spot Instances."
        )
    if instance_type not in _exhausted:
        return ""
    if market == "SPOT":
        return (
            "UnfulfillableCapacity: Unable to fulfill capacity due to your request configuration."
            f" Please adjust your request and try again ({instance_type}, {zone})."
        )
    return (
        f"InsufficientInstanceCapacity: We currently do not have sufficient {instance_type} capacity in the"
        f" Availability Zone you requested ({zone})."
    )
