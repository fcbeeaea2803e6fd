"""All sweepers at once, in threads, and what they have found or could not see."""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ops.aws.account import AwsRefused, Client, Clients, account, asking, caller
from ops.aws.place import Place
from ops.console import status
from ops.errors import ExitCode
from ops.pricing.price_book import PriceBook
from ops.teardown.leaks import clusters, identity, machines, network, stacks, storage, watching
from ops.teardown.leaks.prices import Prices
from ops.teardown.leaks.scope import Leftover, Scope, Sweeper

SWEEPERS: Final = (
    *clusters.SWEEPERS,
    *machines.SWEEPERS,
    *network.SWEEPERS,
    *storage.SWEEPERS,
    *watching.SWEEPERS,
    *identity.SWEEPERS,
    *stacks.SWEEPERS,
)
_THREADS: Final = 12
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Findings:
    """What a sweep has found of one environment.

    Parameters
    ----------
    env, account, regions
        Environment, account and regions that were asked about.
    leftovers
        All that is ours, what AWS keeps for free included.
    unseen
        What could not be asked, each with the reason.
    """

    env: str
    account: str
    regions: Sequence[str]
    leftovers: Sequence[Leftover]
    unseen: Sequence[str]

    def deployed_stacks(self) -> set[str]:
        """Return the names of the stacks that exist."""
        return {item.id for item in self.leftovers if item.kind == "stack"}

    def billable(self, keep: Collection[str] = ()) -> list[Leftover]:
        """Return what costs, or may cost, but for what belongs to stacks that are to be kept."""
        return [item for item in self.leftovers if item.billable and item.stack not in keep]

    def exit_code(self, keep: Collection[str] = ()) -> ExitCode:
        """Return how a command ends that has found this."""
        if self.unseen:
            return ExitCode.INCOMPLETE
        return ExitCode.FAILED if self.billable(keep) else ExitCode.OK

    def as_json(self, keep: Collection[str] = ()) -> dict[str, Any]:
        """Return them as JSON-able facts."""
        return {
            "env": self.env,
            "account": self.account,
            "regions": list(self.regions),
            "leftovers": [{**item.row(), "kept": item.kept or item.stack in keep} for item in self.leftovers],
            "billable": len(self.billable(keep)),
            "unseen": list(self.unseen),
        }


def sweep_place(place: Place, *, everywhere: bool = False) -> Findings:
    """Ask every service for what is left of an environment, in its regions or in all that settings accept."""
    regions = place.regions(everywhere=everywhere)
    prices = Prices(PriceBook.load())
    with status("Asking every service"):
        return sweep(place.settings.env, regions, prices, clients=place.clients)


def sweep(env: str, regions: Sequence[str], prices: Prices, *, clients: Clients = account) -> Findings:
    """Ask every service for what is left of an environment.

    Parameters
    ----------
    env
        The environment.
    regions
        Regions in which it may have been deployed.
    prices
        What things cost.
    clients
        Returns the clients of a region.

    Raises
    ------
    AwsRefused
        If AWS does not say which account it is. A service that cannot be asked is no error: see `Findings.unseen`.
    """
    number = caller(clients(regions[0]))["Account"]
    found: list[Leftover] = []
    unseen: list[str] = []
    for index, region in enumerate(regions):
        client = clients(region)
        sweepers = [sweeper for sweeper in SWEEPERS if index == 0 or not sweeper.once]
        _make_clients(client, sweepers)
        scope = Scope(env=env, region=region, account=number, prices=prices)
        with ThreadPoolExecutor(_THREADS) as pool:
            scope = _relate(pool, client, scope, unseen)
            for items, refusal in pool.map(lambda sweeper: _ask(sweeper, client, scope), sweepers):  # noqa: B023
                found.extend(items)
                if refusal:
                    unseen.append(f"{refusal} ({region})" if len(regions) > 1 else refusal)
    return Findings(env, number, regions, _with_commands(found, env), unseen)


def _make_clients(client: Client, sweepers: Sequence[Sweeper]) -> None:
    """Make clients beforehand: boto3 does not make them safely in threads."""
    for service in sorted({name for sweeper in sweepers for name in sweeper.services} | {"resourcegroupstaggingapi"}):
        client(service)


def _relate(pool: ThreadPoolExecutor, client: Client, scope: Scope, unseen: list[str]) -> Scope:
    """Find the clusters, networks and tags by which other things are known to be ours."""

    def ask(what: str, find: Callable[[Client, Scope], _Found], otherwise: _Found) -> _Found:
        try:
            with asking(f"list {what}"):
                return find(client, scope)
        except AwsRefused as error:
            unseen.append(str(error))
            return otherwise

    own_clusters = pool.submit(ask, "EMR clusters", clusters.own_clusters, frozenset())
    networks = pool.submit(ask, "VPCs", network.own_networks, frozenset())
    tagged = pool.submit(ask, "tagged resources", stacks.tagged_arns, {})
    return dataclasses.replace(
        scope, clusters=own_clusters.result(), networks=networks.result(), tagged=tagged.result()
    )


def _ask(sweeper: Sweeper, client: Client, scope: Scope) -> tuple[list[Leftover], str]:
    items: list[Leftover] = []
    try:
        with asking(f"list {sweeper.what}"):
            items.extend(sweeper.find(client, scope))
    except AwsRefused as error:
        return items, str(error)
    return items, ""


def _with_commands(found: Sequence[Leftover], env: str) -> list[Leftover]:
    """Name, for what belongs to a stack that exists, the command that removes the stack."""
    existing = {item.id for item in found if item.kind == "stack"}
    return [_of_stack(item, env) if item.stack in existing else item for item in found]


def _of_stack(item: Leftover, env: str) -> Leftover:
    stack = str(item.stack).removesuffix(f"-{env}")
    option = "--all" if stack == "FruitsStorage" else f"--stack {stack}"
    return dataclasses.replace(item, command=f"fruits destroy {option} -c env={env}")


def kinds(items: Sequence[Leftover]) -> Iterator[tuple[str, list[Leftover]]]:
    """Group by kind, in the order of the sweepers."""
    for kind in dict.fromkeys(item.kind for item in items):
        yield kind, [item for item in items if item.kind == kind]
