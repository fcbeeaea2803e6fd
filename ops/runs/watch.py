"""Watch a step until it ends: cluster, step, and how far its results on S3 are."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from ops.aws.account import AccessDenied, AwsRefused, Client
from ops.aws.clusters import ENDED, STEP_ENDED, Cluster, Step, find_cluster, find_step
from ops.clock import Clock
from ops.runs.progress import Progress, RunProgress, progress_of
from ops.runs.submission import results_of_step

_PATIENCE_SECONDS: Final = 300.0
"""How long AWS may be out of reach, as from a laptop that changes its network."""

LOOK_EVERY: Final = 5.0
"""Seconds between two looks; EMR answers a few DescribeStep calls a second for the whole account."""

_SETTLES_WITHIN_SECONDS: Final = 30.0  # a cluster has ended: EMR says soon what became of its steps


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What was seen at one time.

    Parameters
    ----------
    cluster, step
        Cluster and step as EMR shows them.
    progress
        Progress as the results show it.
    now
        Time of the look.
    trouble
        Why nothing newer is known, if so.
    """

    cluster: Cluster
    step: Step
    progress: Progress
    now: datetime
    trouble: str = ""

    @property
    def is_last(self) -> bool:
        """Whether nothing will change any more."""
        return self.step.state in STEP_ENDED

    @property
    def succeeded(self) -> bool:
        """Whether the step did its work."""
        return self.step.state == "COMPLETED"


@dataclass
class Watch:
    """Looks at a step again and again.

    Parameters
    ----------
    client
        Clients of the account.
    cluster_id, step_id
        What to watch.
    output_uri
        URI that the job writes its results to.
    seconds
        Between two looks.
    clock
        What time it waits by.
    """

    client: Client
    cluster_id: str
    step_id: str
    output_uri: str
    seconds: float
    clock: Clock = field(default_factory=Clock)
    _results: RunProgress | None = field(default=None, init=False)

    def moments(self) -> Iterator[Moment]:
        """Return what is seen, the last time when the step has ended.

        Raises
        ------
        AccessDenied
            If the user may not look.
        AwsRefused
            If AWS stays out of reach.
        """
        seen = self._look()
        answered = settled = self.clock.seconds()
        yield seen
        while not seen.is_last:
            if seen.cluster.state not in ENDED:
                settled = self.clock.seconds()
            elif self.clock.seconds() - settled > _SETTLES_WITHIN_SECONDS:
                return
            self.clock.wait(self.seconds)
            try:
                seen = self._look()
                answered = self.clock.seconds()
            except AccessDenied:
                raise
            except AwsRefused as error:
                if self.clock.seconds() - answered > _PATIENCE_SECONDS:
                    raise AwsRefused(f"{error}; {self.step_id} goes on by itself: fruits watch") from None
                seen = replace(seen, now=datetime.now(UTC), trouble=str(error))
            yield seen

    def _look(self) -> Moment:
        now = datetime.now(UTC)
        step = find_step(self.client, self.cluster_id, self.step_id)
        if step.started and self._results is None:
            self._results = progress_of(self.client, results_of_step(step, self.output_uri), step.started)
        progress = self._results.look(now) if self._results else Progress()
        return Moment(cluster=find_cluster(self.client, self.cluster_id), step=step, progress=progress, now=now)
