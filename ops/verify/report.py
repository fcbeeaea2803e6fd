"""The report of a verification: JSON to apply, Markdown to read."""

import json
from collections.abc import Collection
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from job import __version__
from ops.beliefs.belief import Phase
from ops.beliefs.table import BY_NUMBER
from ops.beliefs.verdicts import Outcome
from ops.errors import WrongUsage
from ops.verify.findings import Finding, not_seen
from ops.verify.redaction import redacted
from ops.verify.stage import Stage

NAME: Final = "verify-report.json"
_PAGE: Final = "verify-report.md"
_LONGEST: Final = 6000

Text = Annotated[str, Field(max_length=10_000)]


class RowSeen(BaseModel):
    """What was seen of a belief."""

    model_config = ConfigDict(frozen=True)

    number: int
    belief: Text
    outcome: Outcome
    phase: Phase
    seen: date
    answer: Any


class PhaseDone(BaseModel):
    """How a phase went; `why` says why it did not end as it should."""

    model_config = ConfigDict(frozen=True)

    phase: Phase
    seconds: float
    why: Text


class Report(BaseModel):
    """All that was seen.

    Parameters
    ----------
    aws
        Where it was seen.
    region, release, version
        Region, release of EMR, version of this project.
    began, ended
        Times of these events.
    phases, rows
        What was done, and what was seen.
    folder
        Where it is saved.
    """

    aws: Literal["AWS", "embedded AWS"]
    region: Text
    release: Text
    version: Text = __version__
    began: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    ended: AwareDatetime | None = None
    phases: list[PhaseDone] = Field(default_factory=list)
    rows: dict[int, RowSeen] = Field(default_factory=dict)
    folder: Path = Field(default=Path(), exclude=True)

    def done(self, phase: Phase, *, seconds: float, why: str) -> None:
        """Record how a phase went."""
        self.phases.append(PhaseDone(phase=phase, seconds=round(seconds, 1), why=_short(redacted(why))))

    def skipped(self, stage: Stage, why: str, rows: Collection[int]) -> None:
        """Record a phase that could not run."""
        self.done(stage.phase, seconds=0, why=why)
        for number in stage.checks.keys() & set(rows):
            self.found(number, stage.phase, not_seen(why))
        self.save()

    def found(self, number: int, phase: Phase, seen: Finding) -> None:
        """Record what was seen of a belief."""
        self.rows[number] = RowSeen(
            number=number,
            belief=BY_NUMBER[number].belief,
            outcome=seen.outcome,
            phase=phase,
            seen=datetime.now(UTC).date(),
            answer=_cut(redacted(seen.answer)),
        )

    def of(self, outcome: Outcome) -> list[RowSeen]:
        """Return the rows of an outcome, by number."""
        return [row for _, row in sorted(self.rows.items()) if row.outcome is outcome]

    def save(self) -> None:
        """Write it, as JSON and as Markdown."""
        self.ended = datetime.now(UTC)
        (self.folder / NAME).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        (self.folder / _PAGE).write_text(self.markdown(), encoding="utf-8")

    def markdown(self) -> str:
        """Return it for people."""
        counts = ", ".join(f"{len(self.of(outcome))} {outcome.value}" for outcome in Outcome)
        lines = [
            f"# Verification on {self.aws}: {counts}",
            "",
            f"{self.began:%Y-%m-%d %H:%M} UTC, {self.region}, {self.release}, version {self.version}.",
            "",
            "| phase | seconds | |",
            "|---|---|---|",
            *(f"| {item.phase.value} | {item.seconds:.0f} | {_cell(item.why)} |" for item in self.phases),
        ]
        for outcome in (Outcome.REFUTED, Outcome.CONFIRMED, Outcome.NOT_SEEN):
            if rows := self.of(outcome):
                lines += ["", f"## {outcome.value.capitalize()}", "", "| # | belief | answer |", "|---|---|---|"]
                lines += [f"| {row.number} | {row.belief} | {_cell(row.answer)} |" for row in rows]
        return "\n".join(lines) + "\n"


def read_report(path: Path) -> Report:
    """Read a report.

    Raises
    ------
    WrongUsage
        If it is none.
    """
    try:
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise WrongUsage(f"{path}: cannot be read ({error.strerror}); accepted: the {NAME} of a verification") from None
    except ValidationError as error:
        wrong = ".".join(map(str, error.errors()[0]["loc"])) or "all of it"
        raise WrongUsage(f"{path}: no report of a verification ({wrong}); accepted: its {NAME}") from None


def _cut(answer: Any) -> Any:
    """Keep an answer to what can be read: a long one becomes the beginning of its text."""
    text = json.dumps(answer, ensure_ascii=False)
    return answer if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _cell(answer: Any) -> str:
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return " ".join(text.replace("|", "/").split())
