"""Entering a report into the table of beliefs."""

from pathlib import Path

from ops.beliefs.page import PAGE, page
from ops.beliefs.verdicts import VERDICTS, Outcome, Verdict, read_verdicts, write_verdicts
from ops.errors import WrongUsage
from ops.verify.report import Report


def apply_report(report: Report, *, verdicts: Path = VERDICTS, document: Path = PAGE) -> int:
    """Enter what was confirmed or refuted on AWS into the table, make its page anew, and return how many rows it is.

    Parameters
    ----------
    report
        Of an account: what the embedded AWS shows is none of AWS's.
    verdicts, document
        The file of verdicts, and the page.

    Raises
    ------
    WrongUsage
        For the report of the embedded AWS.
    """
    if report.aws != "AWS":
        raise WrongUsage(f"a report of the {report.aws} shows nothing of AWS; accepted: that of an account")
    place = {"release": report.release, "region": report.region}
    seen = {
        row.number: Verdict(outcome=row.outcome, seen=row.seen, answer=row.answer, **place)
        for row in report.rows.values()
        if row.outcome is not Outcome.NOT_SEEN
    }
    complete = {**read_verdicts(verdicts), **seen}
    write_verdicts(complete, verdicts)
    document.write_text(page(complete), encoding="utf-8")
    return len(seen)
