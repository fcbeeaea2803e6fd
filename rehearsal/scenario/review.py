"""What `cdk diff` says: which resources differ, and which of them would be replaced."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rehearsal.scenario.stages import few_of

_STACK: Final = re.compile(r"Stack (?P<stack>\w+) \(")
_RESOURCE: Final = re.compile(r"\[(?P<sign>[~+-])\] (?P<type>\w+::[\w:]+) (?P<rest>.*)")
_PROPERTY: Final = re.compile(r" [├└]─ \[[~+-]\] (?P<name>\w+)")


@dataclass(frozen=True)
class Difference:
    """A resource that differs from what is deployed.

    Parameters
    ----------
    stack
        As `cdk` calls it.
    kind
        Type of the resource.
    sign
        ``+`` added, ``-`` removed, ``~`` changed.
    replaced
        Whether it would be made anew.
    properties
        Those that differ.
    """

    stack: str
    kind: str
    sign: str
    replaced: bool
    properties: tuple[str, ...]

    def __str__(self) -> str:
        verb = {"+": "adds", "-": "removes", "~": "replaces" if self.replaced else "changes"}[self.sign]
        what = f" ({', '.join(self.properties)})" if self.properties else ""
        return f"{self.stack} {verb} {self.kind}{what}"


def read_differences(text: str) -> list[Difference]:
    """Read the resources of a `cdk diff`."""
    found: list[Difference] = []
    stack = ""
    for line in text.splitlines():
        if match := _STACK.match(line):
            stack = match["stack"]
        elif match := _RESOURCE.match(line):
            replaced = match["rest"].endswith((" replace", " may be replaced"))
            found.append(Difference(stack, match["type"], match["sign"], replaced, ()))
        elif found and (match := _PROPERTY.match(line)):
            last = found.pop()
            names = (*last.properties, match["name"])
            found.append(Difference(last.stack, last.kind, last.sign, last.replaced, names))
    return found


def check_no_differences(code: int, text: str) -> list[str]:
    """Find what differs where nothing should."""
    found = [str(difference) for difference in read_differences(text)]
    if code and not found:
        found.append(f"cdk diff ended with code {code}: {few_of(text.strip().splitlines()[-1:])}")
    if not found and "Number of stacks with differences: 0" not in text:
        found.append("cdk diff did not say that it compared the stacks")
    return found


def check_idle_stop_alone(code: int, text: str, *, transient: bool) -> list[str]:
    """Find where a changed idle stop shows as anything but a change of the cluster.

    A cluster that stays is amended; a transient one has ended, and is made anew (decision 106).
    """
    wanted = {Difference("FruitsCompute", "AWS::EMR::Cluster", "~", transient, _properties(transient))}
    found = set(read_differences(text))
    return [
        *([f"cdk diff ended with code {code}, not 1"] if code != 1 else []),
        *(f"not shown: {difference}" for difference in _sorted(wanted - found)),
        *(f"not expected: {difference}" for difference in _sorted(found - wanted)),
    ]


def _properties(transient: bool) -> tuple[str, ...]:
    return ("AutoTerminationPolicy", *(("Configurations",) if transient else ()))


def _sorted(differences: Iterable[Difference]) -> list[str]:
    return sorted(map(str, differences))
