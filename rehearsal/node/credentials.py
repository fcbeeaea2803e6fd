"""Credentials of a cluster's instance role, from the embedded STS, as EC2 gets them for an instance."""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ops.aws.account import Client

_SERVICE: Final = "ec2.amazonaws.com"
_LIVE_FOR: Final = timedelta(hours=1)
_RENEWED_BEFORE: Final = timedelta(minutes=15)  # EC2 shows new ones at least five minutes before the old ones end


class RoleRefused(Exception):
    """EC2 cannot take on the role; the message says why."""


class InstanceCredentials:
    """Credentials that are new long before they end.

    Parameters
    ----------
    client
        Clients of AWS as EC2 itself.
    profile
        Name of the instance profile.
    instance_id
        Names the session.
    live_for, renewed_before
        How long credentials are good, and how long before their end there are new ones.
    """

    def __init__(
        self,
        client: Client,
        profile: str,
        instance_id: str,
        *,
        live_for: timedelta = _LIVE_FOR,
        renewed_before: timedelta = _RENEWED_BEFORE,
    ) -> None:
        self._sts, self._iam = client("sts"), client("iam")
        self._profile = profile
        self._instance_id = instance_id
        self._live_for = live_for
        self._renewed_before = renewed_before
        self._lock = threading.Lock()
        self._current: Mapping[str, Any] = {}
        self._since = datetime.now(UTC)

    def role_name(self) -> str:
        """Return the role of the profile."""
        name: str = self._role()["RoleName"]
        return name

    def current(self) -> Mapping[str, Any]:
        """Return the credentials as STS does: ``AccessKeyId``, ``SecretAccessKey``, ``SessionToken``, ``Expiration``.

        Raises
        ------
        RoleRefused
            If EC2 may not take on the role.
        """
        with self._lock:
            if not self._current or datetime.now(UTC) > self._current["Expiration"] - self._renewed_before:
                self._renew()
            return self._current

    def forget(self) -> None:
        """Get new ones the next time: an AWS that was killed may not know those of its last seconds."""
        with self._lock:
            self._current = {}

    def document(self) -> dict[str, str]:
        """Return them as the metadata service does."""
        current = self.current()
        return {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "LastUpdated": _text(self._since),
            "AccessKeyId": current["AccessKeyId"],
            "SecretAccessKey": current["SecretAccessKey"],
            "Token": current["SessionToken"],
            "Expiration": _text(current["Expiration"]),
        }

    def _renew(self) -> None:
        role = self._role()
        if not _trusts_ec2(role["AssumeRolePolicyDocument"]):
            name = role["RoleName"]
            raise RoleRefused(f"EC2 cannot assume the role {name}: its trust policy does not name {_SERVICE}")
        answer = self._sts.assume_role(
            RoleArn=role["Arn"],
            RoleSessionName=self._instance_id,
            DurationSeconds=int(self._live_for.total_seconds()),
        )
        self._current = answer["Credentials"]
        self._since = datetime.now(UTC)

    def _role(self) -> Mapping[str, Any]:
        profile = self._iam.get_instance_profile(InstanceProfileName=self._profile)["InstanceProfile"]
        role: Mapping[str, Any] = profile["Roles"][0]
        return role


def _trusts_ec2(document: Mapping[str, Any]) -> bool:
    """Ask what the embedded STS does not: it lets root take on any role that trusts some service."""
    for statement in document["Statement"]:
        services = statement.get("Principal", {}).get("Service", [])
        named = [services] if isinstance(services, str) else services
        if statement["Effect"] == "Allow" and _SERVICE in named:
            return True
    return False


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
