"""A review from end to end: the cloud assembly is read, AWS is asked, the rules are applied."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from infra.residency import EU_REGIONS
from ops.aws.account import Clients, account
from ops.aws.place import Place
from ops.aws.synthesis import synthesise
from ops.review import obstacles, rules
from ops.review.change_sets import NoChangeSet, Planned, plan
from ops.review.conclusion import Review, StackReview, compare_stack, conclude
from ops.review.consequences import Consequence
from ops.review.deployed import deployed_elsewhere, read_deployed, what_runs
from ops.review.names import Names
from ops.review.plan import deployed_digests, make_plan, prepare_folder
from ops.review.stacks import (
    ExistingStack,
    ReviewFailed,
    WantedStack,
    environment_of,
    read_assembly,
    with_metadata_of,
)

Pair = tuple[WantedStack | None, ExistingStack | None]


def review_place(place: Place, *, keep: Path | None = None, **more: Any) -> Review:
    """Synthesise the app with some settings, and review it.

    Parameters
    ----------
    place
        What would be deployed; run id and e-mail that are deployed hold unless others are given.
    keep
        Folder that gets the app and its plan; nothing is kept unless given.
    more
        Further arguments of `review`.

    Raises
    ------
    WrongUsage
        If the folder holds something that is no plan.
    """
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="fruits-review-") as folder:
            synthesise(Path(folder), place.deployable())
            return review(Path(folder), accounts=place.clients, **more)
    prepare_folder(keep)
    synthesise(keep, place.deployable())
    deployed = deployed_digests(keep, place.clients)
    found = review(keep, accounts=place.clients, **more)
    only = [stack.stack for stack in found.stacks] if more.get("only") else ()
    make_plan(keep, verdict=found.verdict, only=only, deployed=deployed).write(keep)
    return found


def review(
    folder: Path,
    *,
    only: Sequence[str] = (),
    accounts: Clients | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Review:
    """Review a synthesised app.

    Parameters
    ----------
    folder
        The cloud assembly.
    only
        Stacks to review, as `cdk` or CloudFormation calls them; all unless some are named.
    accounts
        Clients by region; those of the user's environment unless given.
    progress
        Called with what is being done.

    Raises
    ------
    FruitsError
        The app cannot be compared, AWS does not tell what is deployed, the price file is not one,
        or the rules cannot be applied.
    """
    accounts = accounts or cache(account)
    with rules.RuleCheck() as check:
        app = read_assembly(folder)
        env = environment_of(app)
        places = sorted({stack.region for stack in app})
        progress("Asking what is deployed")
        deployed = read_deployed(accounts, env=env, regions=places)
        pairs = _pairs(app, deployed, only)
        progress("Asking CloudFormation for change sets")
        stacks = _compare(pairs, accounts)
        further: list[Consequence] = []
        if any(stack.new for stack in stacks):
            progress("Looking for it in other regions")
            further += _elsewhere(env, places, app, accounts)
        wanted = [stack for stack, _ in pairs if stack]
        regions_of = {stack.name: stack.region for stack in stacks}
        if any(stack.differs for stack in stacks):
            progress("Applying the rules")
            further += _rules(check, wanted, deployed, [stack.name for stack in stacks if stack.differs])
            further += rules.synth_consequences(folder)
        return conclude(stacks, wanted, deployed, what_runs=what_runs(accounts, regions_of), further=further)


def _pairs(app: Sequence[WantedStack], deployed: Sequence[ExistingStack], only: Sequence[str]) -> list[Pair]:
    wanted = {stack.name: stack for stack in app}
    existing = {stack.name: stack for stack in deployed}
    pairs: list[Pair] = [(wanted.get(name), existing.get(name)) for name in dict.fromkeys([*wanted, *existing])]
    if not only:
        return pairs
    called = {title: pair for pair in pairs for side in pair if side for title in (side.stack, side.name)}
    if unknown := [name for name in only if name not in called]:
        accepted = ", ".join(sorted({name for name in called if name not in wanted and name not in existing}))
        raise ReviewFailed(f"--stack {unknown[0]}: neither in the app nor deployed; accepted: {accepted}")
    chosen = [called[name] for name in only]
    return [pair for pair in pairs if pair in chosen]


def _compare(pairs: Sequence[Pair], accounts: Clients) -> tuple[StackReview, ...]:
    def compared(pair: Pair) -> StackReview:
        wanted, existing = pair
        change_set: Mapping[str, Planned] | NoChangeSet | None = None
        template = with_metadata_of(existing.template, wanted.template) if wanted and existing else {}
        if wanted and existing and existing.template and existing.template != template:
            try:
                change_set = plan(accounts(wanted.region), wanted, template)
            except NoChangeSet as reason:
                change_set = reason
        return compare_stack(wanted, existing, change_set)

    with ThreadPoolExecutor(max_workers=8) as pool:
        return tuple(pool.map(compared, pairs))


def _elsewhere(env: str, places: Sequence[str], app: Sequence[WantedStack], accounts: Clients) -> Iterator[Consequence]:
    partitions = {EU_REGIONS[place].partition for place in places if place in EU_REGIONS}
    others = [name for name, known in EU_REGIONS.items() if name not in places and known.partition in partitions]
    found, unseen = deployed_elsewhere(accounts, env=env, regions=others)
    yield from obstacles.elsewhere(found, app)
    if unseen:
        yield obstacles.unseen(unseen)


def _rules(
    check: rules.RuleCheck, wanted: Sequence[WantedStack], deployed: Sequence[ExistingStack], changed: Sequence[str]
) -> Iterator[Consequence]:
    old = {stack.name: (stack.region, stack.template) for stack in deployed if stack.template}
    new = old | {stack.name: (stack.region, stack.template) for stack in wanted}
    found = check.find({"old": old, "new": new}, changed)
    yield from rules.new_findings(found["old"], found["new"], wanted, Names([*wanted, *deployed]))
