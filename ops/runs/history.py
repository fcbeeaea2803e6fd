"""The history of runs: those that left a manifest on S3, and those that failed, as far as EMR still knows them."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from job.storage.layout import REPORTS, is_manifest
from ops.aws.account import Client
from ops.aws.clusters import list_clusters, list_steps
from ops.aws.s3.folder import Folder, Object
from ops.runs.diagnosis import diagnose

_AT_ONCE: Final = 10
_NEWEST_CLUSTERS: Final = 20


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """A run that completed.

    Parameters
    ----------
    run, label
        Its name by what decides its results, and the one it was given.
    when
        When it ended.
    images, computed, quarantined
        Photographs: all, those featurized by this run, those that cannot be used.
    components, explained
        How many principal components, and the share of the variance that they hold.
    seconds, rate
        How long it took, and photographs a second while it featurized, 0 if it did not.
    engine
        Of the backbone.
    manifest
        The manifest whole.
    """

    run: str
    label: str
    when: datetime
    images: int
    computed: int
    quarantined: int
    components: int
    explained: float
    seconds: float
    rate: float
    engine: str
    manifest: Mapping[str, Any]

    def row(self) -> dict[str, Any]:
        """Give it as JSON-able facts."""
        facts = asdict(self) | {"when": self.when.isoformat()}
        del facts["manifest"]
        return facts


@dataclass(frozen=True, kw_only=True)
class FailedRun:
    """A run that failed: cluster, its step if it got that far, the step's name, when it ended and why."""

    cluster: str
    step: str | None
    name: str
    when: datetime
    why: str

    def row(self) -> dict[str, Any]:
        """Give it as JSON-able facts."""
        return asdict(self) | {"when": self.when.isoformat()}


def past_runs(client: Client, output_uri: str) -> list[PastRun]:
    """Read the manifests below an output, the newest first."""
    folder = Folder(client, output_uri)
    manifests = [item for item in folder.list(f"{REPORTS}/") if is_manifest(item.path)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        contents = pool.map(lambda item: folder.read(item.path), manifests)
        runs = [
            _past_run(item, json.loads(content)) for item, content in zip(manifests, contents, strict=True) if content
        ]
    return sorted(runs, key=lambda run: run.when, reverse=True)


def failed_runs(client: Client, name: str) -> list[FailedRun]:
    """Find the failed steps of the newest clusters of a name, and clusters that did not get ready, the newest first."""
    failed = []
    for cluster in list_clusters(client, name)[:_NEWEST_CLUSTERS]:
        if cluster.state == "TERMINATED_WITH_ERRORS" and cluster.ready is None:
            when = cluster.ended or cluster.created
            failed.append(FailedRun(cluster=cluster.id, step=None, name=name, when=when, why=cluster.reason))
        for step in list_steps(client, cluster.id, ["FAILED"]):
            when = step.ended or step.created
            why = diagnose(client, step).line
            failed.append(FailedRun(cluster=cluster.id, step=step.id, name=step.name, when=when, why=why))
    return sorted(failed, key=lambda run: run.when, reverse=True)


def _past_run(item: Object, manifest: Mapping[str, Any]) -> PastRun:
    counts, seconds = manifest["counts"], manifest["seconds"]
    featurizing = seconds.get("featurize", 0)
    return PastRun(
        run=manifest["run"],
        label=manifest["label"],
        when=item.modified,
        images=counts["images"],
        computed=counts["computed"],
        quarantined=counts["quarantined"],
        components=manifest["pca"]["components"],
        explained=manifest["pca"]["explained"],
        seconds=seconds["total"],
        rate=counts["computed"] / featurizing if featurizing else 0.0,
        engine=manifest["model"]["engine"],
        manifest=manifest,
    )
