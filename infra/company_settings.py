"""The settings by which a deployment follows the rules of a company's account."""

import re
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from infra.names import OUR_TAGS
from infra.values import Names

_TAG: Final = re.compile(r"[\w .:/@+-]{1,128}=[\w .:/=@+-]{0,256}")
"""What most services take (AWS Tagging guide, naming limits)."""


class CompanySettings(BaseModel):
    """What everything and every role of a deployment gets; `infra.company` gives it."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    tags: Names = Field(
        default=(),
        max_length=20,
        description="up to 20 of KEY=VALUE, separated by commas, beside those that tell what is ours",
    )
    permissions_boundary: str | None = Field(
        default=None,
        pattern=r"^([\w+=,.@-]+/)*[\w+=,.@-]{1,128}$",
        description="name of a policy of the account, with its path if it has one: team/boundary",
    )

    @field_validator("tags")
    @classmethod
    def _are_tags_of_others(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for tag in value:
            key, equals, _ = tag.partition("=")
            if not (equals and _TAG.fullmatch(tag)):
                raise ValueError(f"{tag} is not a tag")
            if key in OUR_TAGS or key.lower().startswith("aws:"):
                raise ValueError(f"{key} is a tag of ours or of AWS")
        return value
