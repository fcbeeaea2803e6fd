"""The settings of the network: our own, or a company's with subnets and security groups of that company."""

import re
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from infra.values import Names

_NUMBER: Final = r"(?:[0-9a-f]{8}|[0-9a-f]{17})"
_GROUPS: Final = 3
_MOST_SUBNETS: Final = 16


class NetworkSettings(BaseModel):
    """Where the cluster runs: without ``vpc`` in a network that is made for it."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    availability_zones: Names = Field(default=(), description="two or more zones of the region, separated by commas")
    vpc: str | None = Field(
        default=None,
        pattern=rf"^vpc-{_NUMBER}$",
        description="id of an existing VPC, such as vpc-0123456789abcdef0",
    )
    subnets: Names = Field(
        default=(),
        max_length=_MOST_SUBNETS,
        description=f"ids of 1 to {_MOST_SUBNETS} private subnets of that VPC, separated by commas",
    )
    security_groups: Names = Field(
        default=(),
        description="ids of three groups of that VPC: of the primary node, of the other nodes, of EMR's access to them",
    )

    @field_validator("subnets")
    @classmethod
    def _are_subnets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _different_ids("subnet", value)

    @field_validator("security_groups")
    @classmethod
    def _are_groups(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value and len(value) != _GROUPS:
            raise ValueError(f"a cluster takes three, not {len(value)}")
        return _different_ids("sg", value)

    @model_validator(mode="after")
    def _is_one_network(self) -> Self:
        if self.vpc is None:
            for key in ("subnets", "security_groups"):
                if given := getattr(self, key):
                    raise ValueError(f"{key}={','.join(given)}: without vpc; accepted: vpc with them, or neither")
            return self
        if not self.subnets:
            raise ValueError(f"vpc={self.vpc}: without subnets; accepted: subnets of it as well")
        if self.availability_zones:
            raise ValueError(
                f"availability_zones={','.join(self.availability_zones)}: with vpc={self.vpc} the subnets say them;"
                " accepted: one of the two"
            )
        return self


def _different_ids(kind: str, value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        if not re.fullmatch(rf"{kind}-{_NUMBER}", name):
            raise ValueError(f"{name} is no id such as {kind}-0123456789abcdef0")
        if value.count(name) > 1:
            raise ValueError(f"{name} is named twice")
    return value
