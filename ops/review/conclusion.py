"""What a review comes to: the changes of all stacks, what they mean, and the verdict."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ops.aws.deployment import NEVER_CREATED
from ops.review import exposure, losses, obstacles, regions, spending
from ops.review.change_sets import NoChangeSet, Planned
from ops.review.changes import Action, ResourceChange, compare, other_changes
from ops.review.consequences import Consequence, Level, Verdict
from ops.review.differences import Difference
from ops.review.names import Names, Sides
from ops.review.rights import Widening, widenings
from ops.review.spending import PriceChange
from ops.review.stacks import ExistingStack, WantedStack, environment_of
from ops.review.verdicts import reconcile

_COLUMNS: Final = {
    "added": (Action.ADDED,),
    "changed": (Action.CHANGED,),
    "replaced": (Action.REPLACED, Action.MAY_BE_REPLACED),
    "removed": (Action.REMOVED,),
}


@dataclass(frozen=True, kw_only=True)
class StackReview:
    """What becomes of one stack.

    Parameters
    ----------
    stack, name, region
        Names and region, as of `ops.review.stacks.WantedStack`.
    status
        State in CloudFormation; empty if it is not deployed.
    wanted
        Whether the app has it.
    changes
        Changes of its resources.
    others
        Changes of its outputs, parameters and description.
    no_change_set
        Why CloudFormation gives no change set, if it was asked for one.
    """

    stack: str
    name: str
    region: str
    status: str
    wanted: bool
    changes: tuple[ResourceChange, ...]
    others: tuple[Difference, ...]
    no_change_set: str

    @property
    def counts(self) -> dict[str, int]:
        """How many resources are added, changed, replaced (or may be), removed."""
        return {
            column: sum(change.action in actions for change in self.changes) for column, actions in _COLUMNS.items()
        }

    @property
    def new(self) -> bool:
        """Whether it would be created."""
        return self.wanted and (not self.status or self.status in NEVER_CREATED)

    @property
    def differs(self) -> bool:
        """Whether a deployment would change anything."""
        return bool(self.changes or self.others)


@dataclass(frozen=True, kw_only=True)
class Review:
    """All that is said before a deployment.

    Parameters
    ----------
    env, region
        Environment and region of the deployment.
    stacks
        Stacks in the order of the app; those it no longer has at the end.
    consequences
        The worst first.
    widenings
        Rights that grow.
    prices
        Now and then.
    names
        Names of the resources.
    """

    env: str
    region: str
    stacks: tuple[StackReview, ...]
    consequences: tuple[Consequence, ...]
    widenings: tuple[Widening, ...]
    prices: PriceChange
    names: Names

    @property
    def verdict(self) -> Verdict:
        """The worst of it."""
        if any(item.level is Level.DESTRUCTIVE for item in self.consequences):
            return Verdict.DESTRUCTIVE
        differs = any(stack.differs for stack in self.stacks) or any(
            item.level is Level.WARNING for item in self.consequences
        )
        return Verdict.DIFFERENCES if differs else Verdict.NOTHING


def compare_stack(
    wanted: WantedStack | None, existing: ExistingStack | None, change_set: Mapping[str, Planned] | NoChangeSet | None
) -> StackReview:
    """Compare one stack with what is deployed of it.

    Parameters
    ----------
    wanted
        None if the app no longer has it: then nothing becomes of it.
    existing
        None if it is not deployed.
    change_set
        What CloudFormation says, or why it does not; None if it was not asked, as templates are the same or the stack
        is new.
    """
    stack = wanted or existing
    assert stack is not None
    old = existing.template if existing else {}
    changes: tuple[ResourceChange, ...] = ()
    if wanted:
        changes = compare(stack.name, old, wanted.template, region=stack.region)
        if isinstance(change_set, Mapping):
            changes = reconcile(
                changes, change_set, stack=stack.name, old=old, new=wanted.template, region=stack.region
            )
    return StackReview(
        stack=stack.stack,
        name=stack.name,
        region=stack.region,
        status=existing.status if existing else "",
        wanted=wanted is not None,
        changes=changes,
        others=other_changes(old, wanted.template) if wanted and old else (),
        no_change_set=str(change_set) if isinstance(change_set, NoChangeSet) else "",
    )


def conclude(
    stacks: Sequence[StackReview],
    wanted: Sequence[WantedStack],
    deployed: Sequence[ExistingStack],
    *,
    what_runs: losses.Jobs,
    further: Sequence[Consequence] = (),
) -> Review:
    """Return what the differences of all stacks mean.

    Parameters
    ----------
    stacks
        What was compared.
    wanted
        The stacks of the app that were compared.
    deployed
        All that are deployed, compared or not.
    what_runs
        Asked for each cluster that would go.
    further
        Consequences that others have found.
    """
    names = Names([*wanted, *deployed])
    home = next((stack.region for stack in stacks if stack.stack == "FruitsCompute"), stacks[0].region)
    old = {stack.name: stack.template for stack in deployed if stack.template}
    sides = Sides(old, old | {stack.name: stack.template for stack in wanted}, names)
    places = {stack.name: stack.region for stack in wanted}
    reviewed = {stack.name for stack in stacks}
    found = [
        *_of_resources(stacks, names, what_runs, spending.least_run(sides, home)),
        *obstacles.states([stack for stack in deployed if stack.name in reviewed]),
        *obstacles.left_behind([stack.stack for stack in stacks if not stack.wanted]),
        *obstacles.protection(wanted, deployed),
        *obstacles.exports_in_use([change for stack in stacks for change in stack.changes], wanted, deployed, names),
        *exposure.openings(sides),
        *regions.leaving_the_union(sides, places),
        *spending.weaker_stops(sides, home),
        *further,
    ]
    return Review(
        env=environment_of([*wanted, *deployed]),
        region=home,
        stacks=tuple(stacks),
        consequences=tuple(sorted(dict.fromkeys(found), key=lambda item: (-item.level, item.subject, item.where))),
        widenings=widenings(sides),
        prices=spending.prices(sides, home),
        names=names,
    )


def _of_resources(
    stacks: Sequence[StackReview], names: Names, what_runs: losses.Jobs, run_cost: str
) -> Iterator[Consequence]:
    for stack in stacks:
        for change in stack.changes:
            where = f"{stack.stack} {names.resource(stack.name, change.logical_id)}"
            yield from losses.losses(change, names, where=where, jobs=what_runs, run_cost=run_cost)
            yield from exposure.lowered_shields(change, names, where=where)
