"""A check of the report, as a browser without a network would see it."""

from collections.abc import Iterator
from html.parser import HTMLParser

from rehearsal.scenario.evidence import Evidence
from rehearsal.scenario.stages import few_of


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if tag != "a" and name in ("src", "href") and value and not value.startswith(("data:", "#")):
                self.outside.append(value)


def outside(text: str) -> list[str]:
    """List what a page takes from elsewhere."""
    page = _Page()
    page.feed(text)
    return page.outside


def check_report(evidence: Evidence) -> Iterator[str]:
    """Find what is wrong with the report: it has to be a page of this run that needs nothing from elsewhere."""
    if evidence.report is None:
        yield f"run {evidence.run} has no report"
        return
    page = _Page()
    page.feed(evidence.report.decode())
    if not evidence.report.lower().startswith(b"<!doctype html>") or not {"html", "title", "body"} <= page.tags:
        yield "the report is not a page of HTML"
    if evidence.run not in evidence.report.decode():
        yield f"the report is not that of run {evidence.run}"
    if page.outside:
        yield f"the report needs what is elsewhere: {few_of(page.outside)}"
