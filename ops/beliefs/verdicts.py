"""What an account has shown of the beliefs: verdicts.json beside this module, which `fruits verify --apply` writes."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ops.errors import FruitsError

VERDICTS: Final = Path(__file__).with_name("verdicts.json")


class Outcome(StrEnum):
    """What became of a belief."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    NOT_SEEN = "not seen"


class Verdict(BaseModel):
    """What was seen of a belief on AWS.

    Parameters
    ----------
    outcome
        Whether it holds.
    seen
        Day of the look.
    release, region
        EMR's release, and the region.
    answer
        What AWS said, as JSON, without account and addresses.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    outcome: Outcome
    seen: date
    release: Annotated[str, Field(max_length=50)]
    region: Annotated[str, Field(max_length=50)]
    answer: Any


Verdicts = Mapping[int, Verdict]

_TABLE: Final = TypeAdapter(dict[int, Verdict])


class VerdictsError(FruitsError):
    """The file of verdicts cannot be read."""


def read_verdicts(path: Path = VERDICTS) -> dict[int, Verdict]:
    """Read what was seen, by numbers of beliefs.

    Raises
    ------
    VerdictsError
        If the file is not what `write_verdicts` writes.
    """
    try:
        return _TABLE.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        first = str(error).splitlines()[0]
        raise VerdictsError(f"{path}: no table of verdicts ({first}); take it back: git checkout -- {path}") from None


def write_verdicts(verdicts: Verdicts, path: Path = VERDICTS) -> None:
    """Write what was seen, in the order of the numbers."""
    path.write_bytes(_TABLE.dump_json(dict(sorted(verdicts.items())), indent=2, ensure_ascii=False) + b"\n")
