"""The table of planted faults in docs/rehearsal.md, and whether it says what the list of faults says."""

from collections.abc import Iterator, Mapping
from typing import Final

from tests.rehearsal.planted.catalogue import FAULTS
from tests.rehearsal.planted.fault import PASSED, Fault, Verdict
from tests.rehearsal.planted.tree import ROOT

PAGE: Final = ROOT / "docs" / "rehearsal.md"
_BEGIN: Final = "<!-- planted faults: written by make planted -->"
_UNTRIED: Final = "| not tried yet |"
_END: Final = "<!-- end of planted faults -->"


def expected() -> dict[str, Verdict]:
    """Return the verdicts that the list of faults expects, by name."""
    return {fault.name: Verdict(fault.stage, fault.says) if fault.seen else PASSED for fault in FAULTS}


def with_table(page: str, verdicts: Mapping[str, Verdict]) -> str:
    """Return the page with the table of verdicts between its two marks.

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


def tried(page: str) -> set[str]:
    """Return the names of the faults of which the page has a verdict, expected or not."""
    verdicts = [line for line in page.splitlines() if _UNTRIED not in line]
    return {fault.name for fault in FAULTS if any(line.startswith(f"| {fault.name} |") for line in verdicts)}


def known(page: str) -> dict[str, Verdict]:
    """Return the verdicts of a page that says what the list expects, as a test has it."""
    return {name: verdict for name, verdict in expected().items() if name in tried(page)}


def _lines(verdicts: Mapping[str, Verdict]) -> Iterator[str]:
    red = sum(bool(verdict.stage) for verdict in verdicts.values())
    untried = len(FAULTS) - len(verdicts)
    yield f"{red} of {len(verdicts)} planted faults end red{f'; {untried} more are not tried yet' if untried else ''}."
    yield ""
    yield "| fault | planted in | verdict | its message says |"
    yield "|---|---|---|---|"
    for fault in FAULTS:
        yield _row(fault, verdicts.get(fault.name))


def _row(fault: Fault, verdict: Verdict | None) -> str:
    where = ", ".join(dict.fromkeys(f"`{edit.file}`" for edit in fault.edits))
    if verdict is None:
        return f"| {fault.name} | {where} {_UNTRIED} |"
    says = f"`{fault.says}`" if fault.seen else fault.says
    shown = says if verdict.is_of(fault) else f"not as expected: {verdict.reason}"
    return f"| {fault.name} | {where} | {f'red at *{verdict.stage}*' if verdict.stage else '**not seen**'} | {shown} |"
