"""A review as a person reads it on a terminal."""

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ops.review import wording
from ops.review.changes import Action
from ops.review.conclusion import Review, StackReview
from ops.review.consequences import Level, Verdict

_COLOURS: Final = {Verdict.NOTHING: "green", Verdict.DIFFERENCES: "yellow", Verdict.DESTRUCTIVE: "red"}
_LEVELS: Final = {Level.DESTRUCTIVE: "bold red", Level.WARNING: "bold yellow", Level.NOTE: "bold"}
_ACTIONS: Final = {
    Action.ADDED: "green",
    Action.CHANGED: "yellow",
    Action.MAY_BE_REPLACED: "red",
    Action.REPLACED: "red",
    Action.REMOVED: "red",
}
_MOST_DIFFERENCES: Final = 8
_MOST_RIGHTS: Final = 12


def show(review: Review, out: Console) -> None:
    """Print a review."""
    title, summary = wording.verdict(review)
    out.print(Text(f"Review of fruits-{review.env} in {review.region}", style="bold"))
    out.print(Text.assemble((title, f"bold {_COLOURS[review.verdict]}"), f": {summary}"))
    out.print()
    out.print(_stacks(review))
    _consequences(review, out, Level.DESTRUCTIVE, Level.WARNING)
    _rights(review, out)
    for stack in review.stacks:
        _changes(stack, review, out)
    if review.prices.changed:
        _prices(review, out)
    _consequences(review, out, Level.NOTE)


def _stacks(review: Review) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Stack")
    table.add_column("Now")
    for heading in ("added", "changed", "replaced", "removed"):
        table.add_column(heading, justify="right")
    for stack in review.stacks:
        table.add_row(stack.stack, wording.state(stack), *(str(count or "") for count in stack.counts.values()))
    return table


def _heading(text: str, out: Console, style: str = "bold") -> None:
    out.print()
    out.print(Text(text, style=style))


def _indented(text: str | Text, out: Console, by: int = 2) -> None:
    out.print(Padding(text if isinstance(text, Text) else Text(text), (0, 0, 0, by)))


def _consequences(review: Review, out: Console, *levels: Level) -> None:
    for level in levels:
        found = [item for item in review.consequences if item.level is level]
        if found:
            _heading(wording.HEADINGS[level], out, _LEVELS[level])
        for item in found:
            _indented(Text.assemble((item.where, "bold"), f": {item.text}"), out)


def _rights(review: Review, out: Console) -> None:
    found = wording.urgent(review)
    if found:
        _heading("Rights that grow", out, _LEVELS[Level.WARNING])
    for item in found[:_MOST_RIGHTS]:
        where = f"{review.names.stack(item.holder.stack)} {item.holder.name}"
        _indented(Text.assemble((where, "bold"), f" {wording.widening(item, str)}"), out)
    rest = len(found[_MOST_RIGHTS:]) + len(wording.usual(review))
    if rest and not found:
        _heading("Rights", out)
    if rest:
        _indented(f"{rest} more, among them the first rights of what is new: --markdown has them all", out)


def _changes(stack: StackReview, review: Review, out: Console) -> None:
    if not stack.differs:
        return
    _heading(f"{stack.name} in {stack.region}", out)
    if stack.new:
        _indented(f"new: {wording.kinds(stack.changes)}", out)
        return
    if stack.no_change_set:
        _indented(f"judged by templates and schemas alone, for there is no change set: {stack.no_change_set}", out)
    for change in stack.changes:
        name = review.names.resource(stack.name, change.logical_id)
        title = Text.assemble(
            (f"{wording.SIGNS[change.action]} {name}", _ACTIONS[change.action]),
            f" ({change.kind}) {wording.change_title(change, review.names)}",
        )
        _indented(title, out)
        _differences((wording.difference(item, stack.name, review.names, str) for item in change.differences), out)
    if stack.others:
        _indented("~ outputs, parameters or description", out)
        _differences((wording.difference(item, stack.name, review.names, str) for item in stack.others), out)


def _differences(lines: Iterable[str], out: Console) -> None:
    texts = list(lines)
    for text in texts[:_MOST_DIFFERENCES]:
        _indented(text, out, by=6)
    if len(texts) > _MOST_DIFFERENCES:
        _indented(f"and {len(texts) - _MOST_DIFFERENCES} more", out, by=6)


def _prices(review: Review, out: Console) -> None:
    _heading("Price, USD", out)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("now", justify="right")
    table.add_column("then", justify="right")
    for row in review.prices.rows:
        table.add_row(row.what, row.now, row.then, style="" if row.now == row.then else "bold")
    out.print(Padding(table, (0, 0, 0, 2)))
    for note in review.prices.notes:
        _indented(note, out)
