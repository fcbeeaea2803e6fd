"""The table of planted faults in docs/rehearsal.md, and whether it says what the list of faults says."""

from collections.abc import Iterator, Mapping
from typing import Final

from tests.rehearsal.planted.catalogue import FAULTS
from tests.rehearsal.planted.fault import Fault, Verdict
from tests.rehearsal.planted.tree import ROOT

PAGE: Final = ROOT / "docs" / "rehearsal.md"
_BEGIN: Final = "<!-- planted faults: written by make planted -->"
_END: Final = "<!-- end of planted faults -->"


def expected() -> dict[str, Verdict]:
    """Give the verdicts that the list of faults expects, by name."""
    return {fault.name: Verdict(fault.stage, fault.says) for fault in FAULTS}


def with_table(page: str, verdicts: Mapping[str, Verdict]) -> str:
    """Give the page with the table of verdicts between its two marks.

    Raises
    ------
    ValueError
        If the page has lost its marks.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"{PAGE} lacks the line {_BEGIN} or {_END}; put both back where the table belongs")
    return f"{before}{_BEGIN}\n\n" + "\n".join(_lines(verdicts)) + f"\n\n{_END}{after}"


def _lines(verdicts: Mapping[str, Verdict]) -> Iterator[str]:
    red = sum(bool(verdict.stage) for verdict in verdicts.values())
    yield f"{red} of {len(verdicts)} planted faults end red:"
    yield ""
    yield "| fault | planted in | verdict | its message says |"
    yield "|---|---|---|---|"
    for fault in FAULTS:
        yield _row(fault, verdicts[fault.name])


def _row(fault: Fault, verdict: Verdict) -> str:
    where = ", ".join(dict.fromkeys(f"`{edit.file}`" for edit in fault.edits)) or "the wheelhouse"
    if not verdict.stage:
        return f"| {fault.name} | {where} | **not seen** | {fault.says if verdict.is_of(fault) else verdict.reason} |"
    says = fault.says if verdict.is_of(fault) else verdict.reason
    return f"| {fault.name} | {where} | red at *{verdict.stage}* | `{says}` |"
