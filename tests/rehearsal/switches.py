"""What only a test decides: how much time has passed, what EC2 has, how CloudFormation sees a cluster."""

from typing import Literal

from rehearsal.node.reports import NodeReports


class Switches(NodeReports):
    """A node's reports, and the switches of the embedded EMR."""

    def advance(self, *, minutes: float = 0, days: float = 0) -> None:
        """Let time pass at once for EMR."""
        self._call("AdvanceClock", Seconds=60 * minutes + 86400 * days)

    def exhaust(self, *instance_types: str) -> None:
        """Let EC2 have none of these types, and all others."""
        self._call("ChooseCapacity", Exhausted=instance_types)

    def stabilise(self, policy: Literal["once-ready", "when-seen"]) -> None:
        """Choose when CloudFormation takes the next clusters for made."""
        self._call("ChooseStabilisation", Policy=policy)
