"""A review as a comment on a pull request: the verdict first, what is dangerous in full, the rest to unfold."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ops.review import wording
from ops.review.conclusion import Review, StackReview
from ops.review.consequences import Consequence, Level, Verdict
from ops.review.rights import Widening

_LONGEST: Final = 60_000  # characters; GitHub takes 65,536 in a comment
_SPECIAL: Final = re.compile(r"([\\`*_\[\]#|~$])")
_CUT: Final = "\nThe rest does not fit into a comment; run `fruits review` to see it.\n"


def marker(env: str) -> str:
    """Return the first line, by which the comment on an environment is found again."""
    return f"<!-- fruits review: {env} -->"


def render(review: Review) -> str:
    """Write a review as Markdown of GitHub's kind; the same review gives the same text."""
    title, summary = wording.verdict(review)
    lines = [marker(review.env), f"### {title}: {summary}", ""]
    lines += [f"`fruits review` of {code(f'fruits-{review.env}')} in {code(review.region)}", ""]
    if review.verdict is not Verdict.NOTHING:
        lines += [*_stacks(review), *_dangers(review), *_prices(review), *_details(review)]
    return _cut(lines)


def code(text: str, *, cell: bool = False) -> str:
    """Write a value as code, whatever characters it has."""
    line = " ".join(text.split())
    fence = "`" * (max((len(run) for run in re.findall(r"`+", line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") or not line else ""
    if cell:
        line = line.replace("|", "\\|")
    return f"{fence}{space}{line}{space}{fence}"


def plain(text: str) -> str:
    """Write a sentence so that nothing in it is taken for Markdown, HTML or the name of a person."""
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(r"\\\1", line).replace("@", "&#64;")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _stacks(review: Review) -> Iterator[str]:
    yield _row(["Stack", "Now", "added", "changed", "replaced", "removed"])
    yield _row(["---", "---", "--:", "--:", "--:", "--:"])
    for stack in review.stacks:
        yield _row(
            [
                plain(stack.stack),
                plain(wording.state(stack)),
                *(f"**{count}**" if count else "" for count in stack.counts.values()),
            ]
        )
    yield ""


def _dangers(review: Review) -> Iterator[str]:
    for level in (Level.DESTRUCTIVE, Level.WARNING):
        yield from _section(wording.HEADINGS[level], _sentences(review.consequences, level))
    yield from _section("Rights that grow", _rights(review, wording.urgent(review)))


def _section(heading: str, items: Iterable[str]) -> Iterator[str]:
    found = list(items)
    if found:
        yield from (f"**{heading}**", "", *(f"- {item}" for item in found), "")


def _sentences(consequences: Sequence[Consequence], level: Level) -> Iterator[str]:
    for item in consequences:
        if item.level is level:
            yield f"**{plain(item.where)}**: {plain(item.text)}"


def _rights(review: Review, widenings: Iterable[Widening]) -> Iterator[str]:
    for item in widenings:
        where = f"{review.names.stack(item.holder.stack)} {item.holder.name}"
        yield f"**{plain(where)}** {wording.widening(item, code)}"


def _prices(review: Review) -> Iterator[str]:
    if not review.prices.changed:
        yield from ("The price stays the same.", "")
        return
    yield _row(["Price, USD", "now", "then"])
    yield _row(["---", "--:", "--:"])
    for row in review.prices.rows:
        then = plain(row.then)
        yield _row([plain(row.what), plain(row.now), then if row.now == row.then else f"**{then}**"])
    yield ""
    yield from (f"{plain(note)}  " for note in review.prices.notes)
    yield ""


def _details(review: Review) -> Iterator[str]:
    for stack in review.stacks:
        if stack.differs:
            yield from _unfolded(f"{stack.name} in {stack.region}", _changes(stack, review))
    yield from _unfolded(
        "Rights that new roles and stores begin with", _bullets(_rights(review, wording.usual(review)))
    )
    yield from _unfolded("Notes", _bullets(_sentences(review.consequences, Level.NOTE)))


def _bullets(items: Iterable[str]) -> Iterator[str]:
    return (f"- {item}" for item in items)


def _unfolded(title: str, lines: Iterable[str]) -> Iterator[str]:
    content = list(lines)
    if content:
        summary = plain(title).replace("\\", "")
        yield from (f"<details><summary>{summary}</summary>", "", *content, "", "</details>", "")


def _changes(stack: StackReview, review: Review) -> Iterator[str]:
    if stack.no_change_set:
        yield f"Judged by templates and schemas alone, for there is no change set: {plain(stack.no_change_set)}"
        yield ""
    for change in stack.changes:
        name = code(review.names.resource(stack.name, change.logical_id))
        yield f"- {name} ({plain(change.kind)}) {plain(wording.change_title(change, review.names))}"
        for item in change.differences:
            yield f"  - {wording.difference(item, stack.name, review.names, code)}"
    if stack.others:
        yield "- outputs, parameters or description"
        for item in stack.others:
            yield f"  - {wording.difference(item, stack.name, review.names, code)}"


def _cut(lines: Sequence[str]) -> str:
    text = "\n".join(lines).rstrip() + "\n"
    if len(text) <= _LONGEST:
        return text
    kept = text[:_LONGEST].rpartition("\n")[0]
    open_details = kept.count("<details>") - kept.count("</details>")
    return kept + "\n" + "\n</details>\n" * open_details + _CUT
