"""The plan of a destruction, to be read before it is agreed to."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from infra.names import deployment_name
from ops.aws.clusters import Cluster
from ops.teardown.destroy.plan import DestructionPlan


def show_plan(plan: DestructionPlan, out: Console) -> None:
    """Print what goes, what stays, and what that saves."""
    if not plan.anything:
        _line(out, f"Nothing of {deployment_name(plan.env)} that was asked for is there to destroy in {plan.region}")
    deleted = plan.emptying.parts if plan.emptying is not None and not plan.emptying.contents.empty else ()
    _section(out, "Ends", [f"cluster {item.id}, {item.state}{_loss(item)}" for item in plan.clusters])
    _section(out, "Goes, in this order", [f"{item.stack.name}, {item.stack.status}" for item in plan.targets])
    _section(out, "Deleted for good, all versions", [f"{part}: {part.contents}" for part in deleted], style="bold red")
    _section(out, "Stays", [f"{name}: {reason}" for name, reason in plan.kept.items()])
    if plan.targets:
        running = f"{plan.hour.words} an hour while the cluster runs, " if plan.clusters else ""
        _line(out, f"Saves {running}{plan.month.words} a month while nothing runs")


def _section(out: Console, title: str, lines: Sequence[str], *, style: str = "bold") -> None:
    if lines:
        out.print(Text(title, style=style))
    for line in lines:
        _line(out, f"  {line}")


def _loss(cluster: Cluster) -> str:
    return "; the step that runs is lost" if cluster.state == "RUNNING" else ""


def _line(out: Console, text: str) -> None:
    out.print(text, soft_wrap=True)
