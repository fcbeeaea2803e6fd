"""The findings of a sweep, to be read by people; commands stand on lines of their own, to be copied."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from infra.names import deployment_name
from ops.pricing.amount import total
from ops.teardown.leaks.scope import Leftover
from ops.teardown.leaks.sweep import Findings, kinds

_SHOWN: Final = 3
_INDENT: Final = 14


def show(findings: Findings, out: Console, *, keep: Collection[str] = ()) -> None:
    """Print what was found, and the verdict last.

    Parameters
    ----------
    findings
        Findings of a sweep.
    out
        Console to print on.
    keep
        Stacks whose things are to stay: they are not counted.
    """
    name, deployed = deployment_name(findings.env), findings.deployed_stacks()
    loose = [item for item in findings.leftovers if item.stack not in deployed]
    _line(out, f"{name} in account {findings.account}, {', '.join(findings.regions)}")
    _stacks(out, findings.leftovers, deployed, keep)
    _section(out, "In no stack, on the bill", [item for item in loose if item.billable], style="bold red")
    _section(out, "In no stack, free", [item for item in loose if item.free and not item.kept and not item.shared])
    _section(out, "Shared with other CDK apps", [item for item in loose if item.shared])
    _kept_by_aws(out, [item for item in findings.leftovers if item.kept])
    if findings.unseen:
        out.print(Text("\nCould not be seen", style="bold yellow"))
        for reason in findings.unseen:
            _line(out, f"  {reason}")
    if not findings.unseen and all(item.shared for item in findings.leftovers):
        _line(out, f"\nNo trace that {name} was ever here: is it the right account and region?")
    out.print(Text(f"\n{verdict(findings, keep=keep)}", style="bold"), soft_wrap=not out.is_terminal)


def verdict(findings: Findings, *, keep: Collection[str] = ()) -> str:
    """Return in one line what is left on the bill; never that nothing is if something could not be seen."""
    billable = findings.billable(keep)
    kept = [item for item in findings.leftovers if item.billable and item.stack in keep]
    beside = f", beside what is kept on purpose ({_sum(kept)})" if kept else ""
    if billable:
        deployed = findings.deployed_stacks()
        within = sum(1 for item in billable if item.stack in deployed)
        where = f", {within} of them in stacks that are deployed" if within else ""
        text = f"{len(billable)} left on the bill, {_sum(billable)}{where}{beside}"
    else:
        text = f"nothing seen on the bill{beside}" if findings.unseen else f"nothing left on the bill{beside}"
    if findings.unseen:
        text += f"; what could not be seen: {len(findings.unseen)}, so there may be more"
    return text


def _stacks(out: Console, items: Sequence[Leftover], deployed: Collection[str], keep: Collection[str]) -> None:
    """Show each stack that is deployed in a line, and of what it holds only what bills."""
    for stack in (item for item in items if item.kind == "stack"):
        held = [item for item in items if item.stack == stack.id and item is not stack]
        billable = [item for item in held if item.billable]
        cost = f", {_sum(billable)}" if billable else ", nothing on the bill"
        kept = ", kept on purpose" if stack.id in keep else ""
        text = Text(f"\n{stack.id}{kept}{cost}", style="bold")
        text.append(f"; {stack.detail}, {len(held)} resources seen", style="red" if "FAILED" in stack.detail else "dim")
        out.print(text)
        for item in billable:
            _item(out, item)
        if not kept:
            _command(out, stack.command)


def _section(out: Console, title: str, items: Sequence[Leftover], *, style: str = "bold") -> None:
    if not items:
        return
    cost = "" if all(item.free for item in items) else f", {_sum(items)}"
    out.print(Text(f"\n{title}: {len(items)}{cost}", style=style))
    for item in items:
        _item(out, item)
        _command(out, item.command)


def _item(out: Console, item: Leftover) -> None:
    monthly = item.monthly
    price = "free" if monthly.free else "not known" if monthly.unknown else f"{monthly.sign}{monthly.usd:,.2f} USD"
    out.print(Text(f"{price:>12}  ").append(f"{item.kind} {item.id}", style="bold"), soft_wrap=True)
    about = "; ".join(filter(None, (item.detail, item.claim.why)))
    out.print(Padding(Text(about, style="dim"), (0, 0, 0, _INDENT), expand=False))


def _command(out: Console, command: str) -> None:
    """Print a command on a line that the terminal breaks, if it must, so that it can be copied."""
    out.print(Text(f"{'':{_INDENT}}$ {command}", style="cyan"), soft_wrap=True)


def _kept_by_aws(out: Console, items: Sequence[Leftover]) -> None:
    if items:
        out.print(Text("\nKept by AWS for a while, free", style="bold"))
    for kind, group in kinds(items):
        _line(out, f"  {kind}, {len(group)}: {'; '.join(_shown(group))}")


def _shown(group: Sequence[Leftover]) -> Iterator[str]:
    for item in group[:_SHOWN]:
        yield f"{item.id} {item.detail}".rstrip()
    if len(group) > _SHOWN:
        yield f"{len(group) - _SHOWN} more"


def _sum(items: Sequence[Leftover]) -> str:
    cost = total(item.monthly for item in items)
    if cost.unknown:
        return "at a price that is not known"
    unknown = sum(bool(item.monthly.missing) for item in items)
    gap = f" ({unknown} without a known price)" if unknown else ""
    return f"{cost.words} a month{gap}"


def _line(out: Console, text: str) -> None:
    out.print(text, soft_wrap=True)
