"""What stands in the way of a deployment, and what it leaves as it is: stuck stacks, exports in use, other regions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ops.review.changes import Action, ResourceChange
from ops.review.consequences import Consequence, Level
from ops.review.names import Names, exports, imports, references
from ops.review.stacks import NEVER_CREATED, ExistingStack, WantedStack

_STUCK: Final = {
    "UPDATE_ROLLBACK_FAILED": "go back first: cdk rollback {stack}",
    "ROLLBACK_FAILED": "destroy it first: cdk destroy {stack}",
    "CREATE_FAILED": "go back first: cdk rollback {stack}, or destroy it",
    "DELETE_FAILED": "finish destroying it first: cdk destroy {stack}",
    "UPDATE_FAILED": "go back first: cdk rollback {stack}",
}


def _about(stack: str, level: Level, text: str) -> Consequence:
    return Consequence(level=level, subject="deployment", where=stack, text=text)


def states(deployed: Sequence[ExistingStack]) -> Iterator[Consequence]:
    """Find stacks in a state that matters to whoever deploys next."""
    for stack in deployed:
        if stack.status in NEVER_CREATED:
            text = f"its creation failed or never began ({stack.status}), so it holds nothing; cdk deploy makes it anew"
            yield _about(stack.stack, Level.NOTE, text)
        elif stack.status in _STUCK:
            advice = _STUCK[stack.status].format(stack=stack.stack)
            yield _about(stack.stack, Level.WARNING, f"is {stack.status}: CloudFormation will not update it; {advice}")
        elif stack.status.endswith("_IN_PROGRESS"):
            text = f"is being changed right now ({stack.status}): review it again when that is over"
            yield _about(stack.stack, Level.WARNING, text)


def left_behind(stacks: Sequence[str]) -> Iterator[Consequence]:
    """Report deployed stacks that the app no longer has: a deployment does not touch them."""
    for stack in stacks:
        text = (
            "is deployed, but the app no longer has it: cdk deploy leaves it as it is, and what it bills goes on;"
            f" to remove it: cdk destroy {stack} with the settings it was deployed with"
        )
        yield _about(stack, Level.WARNING, text)


def protection(wanted: Sequence[WantedStack], deployed: Sequence[ExistingStack]) -> Iterator[Consequence]:
    """Find stacks whose protection against deletion changes."""
    before = {stack.name: stack.protected for stack in deployed if stack.status not in NEVER_CREATED}
    for stack in wanted:
        former = before.get(stack.name, stack.protected)
        if former and not stack.protected:
            yield _about(stack.stack, Level.WARNING, "may be destroyed: its protection against deletion is taken away")
        elif stack.protected and not former:
            yield _about(stack.stack, Level.NOTE, "is protected against deletion from now on")


def exports_in_use(
    changes: Sequence[ResourceChange],
    wanted: Sequence[WantedStack],
    deployed: Sequence[ExistingStack],
    names: Names,
) -> Iterator[Consequence]:
    """Find exports that would change or go while another deployed stack imports them: CloudFormation refuses that."""
    after = {stack.name: stack.template for stack in wanted}
    gone = {
        (item.stack, item.logical_id) for item in changes if item.gone and item.action is not Action.MAY_BE_REPLACED
    }
    users: dict[str, list[str]] = {}
    for stack in deployed:
        for name in imports(stack.template):
            users.setdefault(name, []).append(stack.stack)
    for stack in deployed:
        for name, value in exports(stack.template).items():
            if name not in users or stack.name not in after:
                continue
            moved = any((stack.name, reference.logical_id) in gone for reference in references(value, stack.name))
            missing = name not in exports(after[stack.name])
            if moved or missing:
                what = names.text(value, stack.name)
                who = ", ".join(sorted(set(users[name])))
                how = "is exported no more" if missing else "changes"
                text = (
                    f"{what} {how} while {who} imports it: CloudFormation will refuse that;"
                    f" deploy a {who} without it first, or destroy {who}"
                )
                yield _about(stack.stack, Level.WARNING, text)


def elsewhere(found: Sequence[ExistingStack], wanted: Sequence[WantedStack]) -> Iterator[Consequence]:
    """Report that the environment is deployed in another region, too: nothing of it moves."""
    new_home = ", ".join(sorted({stack.region for stack in wanted}))
    regions: Mapping[str, list[str]] = {
        region: sorted(stack.stack for stack in found if stack.region == region)
        for region in sorted({stack.region for stack in found})
    }
    for region, stacks in regions.items():
        text = (
            f"{', '.join(stacks)} of this environment are deployed in {region} and stay there, with their data and"
            f" their cost: this makes a second deployment in {new_home}, it moves nothing"
        )
        yield _about(f"region {region}", Level.WARNING, text)


def unseen(regions: Sequence[str]) -> Consequence:
    """Report the regions that could not be asked."""
    return _about(
        ", ".join(regions),
        Level.NOTE,
        "nobody could look whether the environment is deployed there, too: not switched on for this account, or denied",
    )
