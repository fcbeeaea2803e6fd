"""Carrying a plan out: clusters first, then stacks as soon as nothing needs them, with what blocks them cleared."""

import dataclasses
import time
from collections.abc import Sequence
from typing import Final

from ops.aws.account import asking
from ops.aws.clusters import live_clusters
from ops.errors import FruitsError
from ops.teardown.destroy.obstacles import clear, clear_network
from ops.teardown.destroy.plan import DestructionPlan, Target
from ops.teardown.destroy.stack import Deletion, Failure, Progress
from ops.teardown.empty.deletion import delete_all
from ops.teardown.empty.plan import STORAGE, EmptyingPlan, buckets_of

_ATTEMPTS: Final = 4
_CLUSTER_ENDS_WITHIN_SECONDS: Final = 20 * 60.0
_FIRST_PAUSE_SECONDS: Final = 0.1
_POLL_SECONDS: Final = 5.0


class Unfinished(FruitsError):
    """Something is still there; the message says what, why, and that the command may be repeated."""


def destroy_all(plan: DestructionPlan, on_progress: Progress) -> None:
    """Destroy what a plan names; everything that can go goes, even if something else cannot.

    Parameters
    ----------
    plan
        What to destroy; if data goes, the name of its bucket was confirmed.
    on_progress
        Called with a line for every step.

    Raises
    ------
    Unfinished
        If something could not be destroyed.
    """
    end_clusters(plan, on_progress)
    failed = _in_order(plan, on_progress)
    if failed:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in sorted(failed.items()))
        raise Unfinished(f"not all is destroyed: {reasons}. Mend that and run the same command again")


def end_clusters(plan: DestructionPlan, on_progress: Progress) -> None:
    """Terminate the clusters of a plan, and wait until they have written their last logs.

    Raises
    ------
    Unfinished
        If one does not end.
    """
    ids = [cluster.id for cluster in plan.clusters]
    if not ids:
        return
    emr = plan.client("emr")
    with asking("terminate the clusters"):
        protected = [cluster.id for cluster in plan.clusters if cluster.protected]
        if protected:
            emr.set_termination_protection(JobFlowIds=protected, TerminationProtected=False)
        emr.terminate_job_flows(JobFlowIds=ids)
    on_progress(f"terminating {', '.join(ids)}")
    deadline = time.monotonic() + _CLUSTER_ENDS_WITHIN_SECONDS
    pause = _FIRST_PAUSE_SECONDS
    while left := [cluster.id for cluster in live_clusters(plan.client) if cluster.id in ids]:
        if time.monotonic() > deadline:
            raise Unfinished(
                f"{', '.join(left)} still runs after {_CLUSTER_ENDS_WITHIN_SECONDS / 60:.0f} minutes; look at it"
                f" (aws emr describe-cluster --cluster-id {left[0]}) and run the same command again"
            )
        time.sleep(pause)
        pause = min(1.3 * pause, _POLL_SECONDS)


def _in_order(plan: DestructionPlan, on_progress: Progress) -> dict[str, str]:
    """Destroy each stack once those that need it are gone, several at a time; give what could not be, with reasons."""
    failed: dict[str, str] = {}
    gone: set[str] = set()
    waiting = list(plan.targets)
    running: list[_Attempts] = []
    pause = _FIRST_PAUSE_SECONDS
    while waiting or running:
        ready = [target for target in waiting if target.after <= gone]
        waiting = [target for target in waiting if target not in ready]
        running += [_Attempts(plan, target, on_progress) for target in ready]
        if not running:
            break
        for attempts in list(running):
            try:
                if not attempts.advance():
                    continue
                gone.add(attempts.target.stack.name)
            except FruitsError as error:
                failed[attempts.target.stack.name] = str(error)
            running.remove(attempts)
            pause = _FIRST_PAUSE_SECONDS
        time.sleep(pause if running else 0)
        pause = min(1.3 * pause, _POLL_SECONDS)
    return failed | {target.stack.name: f"waits for {', '.join(sorted(target.after - gone))}" for target in waiting}


class _Attempts:
    """The deletion of one stack, begun again after what has blocked it is cleared."""

    def __init__(self, plan: DestructionPlan, target: Target, on_progress: Progress) -> None:
        self.target = target
        self._plan = plan
        self._emptying = plan.emptying if target.stack.stack == STORAGE else None
        self._progress = on_progress
        self._count = 0
        self._forgotten: list[str] = []
        self._deletion: Deletion | None = None

    def advance(self) -> bool:
        """Take the next step; return whether the stack is gone."""
        name, client = self.target.stack.name, self.target.client
        if self._deletion is None:
            self._count += 1
            self._prepare()
            self._progress(f"deleting {name}" + (f", attempt {self._count}" if self._count > 1 else ""))
            self._deletion = Deletion(client, name, self._progress, retain=self._forgotten)
        if not self._deletion.advance():
            return False
        failures = self._deletion.failures
        if failures:
            cleared = self._give_up_forgotten(failures) or clear(client, name, failures, self._progress)
            # Logs may come again while buckets go; of anything else a second try shows whether it has passed.
            hopeless = self._count >= 2 and not cleared and self._emptying is None
            if hopeless or self._count == _ATTEMPTS:
                raise Unfinished(", ".join(map(str, failures)) + self._hint())
            self._deletion = None
            return False
        self._progress(f"{name} is gone")
        return True

    def _give_up_forgotten(self, failures: Sequence[Failure]) -> bool:
        """Leave clusters that EMR has forgotten out of the next attempt: there is nothing to delete."""
        found = [item for item in failures if item.is_forgotten and item.logical_id not in self._forgotten]
        for item in found:
            self._progress(f"EMR has forgotten {item.physical_id}, which ended long ago: going on without it")
        self._forgotten += [item.logical_id for item in found]
        return bool(found)

    def _prepare(self) -> None:
        if self.target.stack.stack == "FruitsNetwork":
            clear_network(self.target.client, self.target.stack.name, self._progress)
        if self._emptying is not None:
            _empty(self._plan, self._emptying, self.target.stack.name, self._progress)

    def _hint(self) -> str:
        if self.target.stack.stack != STORAGE or self._emptying is not None:
            return ""
        return f"; to delete what lies there add --yes-delete {self.target.stack.outputs.get('DataBucket', '')}"


def _empty(plan: DestructionPlan, emptying: EmptyingPlan, stack: str, on_progress: Progress) -> None:
    held = buckets_of(plan.client, stack)  # a former attempt may have deleted some
    parts = [part for part in emptying.parts if part.bucket in held]
    deleted = delete_all(plan.client, dataclasses.replace(emptying, parts=parts))
    if deleted:
        on_progress(f"deleted {deleted:,} {'entry' if deleted == 1 else 'entries'} in the buckets of {stack}")
