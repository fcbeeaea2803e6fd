"""The history of runs that left results: the manifests on S3."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, NonNegativeFloat, NonNegativeInt, ValidationError

from infra.context import reason_of
from job.storage.layout import REPORTS, is_manifest
from ops.aws.account import Client
from ops.aws.s3.folder import Folder, Object

_AT_ONCE: Final = 10
_LARGEST_BYTES: Final = 1 << 20
"""Largest size of a manifest: one of the job's has some kilobytes."""

_LABELS_SHOWN: Final = 3

Text = Annotated[str, Field(max_length=2000)]


class Counts(BaseModel):
    """Photographs by what became of them."""

    images: NonNegativeInt
    features: NonNegativeInt
    computed: NonNegativeInt
    reused: NonNegativeInt
    quarantined: NonNegativeInt
    reasons: Annotated[dict[str, NonNegativeInt], Field(max_length=1000)]


class Components(BaseModel):
    """How many principal components, and the share of the variance that they hold."""

    components: NonNegativeInt
    explained: Annotated[float, Field(ge=0, le=1.000001)]


class Model(BaseModel):
    """What computed the features."""

    name: Text
    weights: Text
    engine: Text


class Probe(BaseModel):
    """How well the components tell labels apart."""

    accuracy: Annotated[float, Field(ge=0, le=1)]


class _Images(BaseModel):
    labels: NonNegativeInt
    bytes: NonNegativeInt
    rendered: bool


class Trial(BaseModel):
    """Which of the photographs a trial took, and where its results are below the output."""

    limit: NonNegativeInt | None
    labels: Annotated[tuple[Text, ...], Field(max_length=10_000)]
    results: Annotated[str, Field(pattern=r"^trials/[0-9a-f]{8,64}$")]

    def describe(self) -> str:
        """Return it in some words."""
        labels = f"{', '.join(self.labels[:_LABELS_SHOWN])}{', …' if self.labels[_LABELS_SHOWN:] else ''}"
        return " of ".join([f"at most {self.limit:,}"] * bool(self.limit) + [labels] * bool(labels))


class Facts(BaseModel):
    """What manifests and records say of a run that has results."""

    run: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
    label: Text
    slots: NonNegativeInt
    counts: Counts
    pca: Components
    seconds: Annotated[dict[str, NonNegativeFloat], Field(max_length=100)]
    model: Model
    probe: Probe | None = None
    trial: Trial | None = None


class _Manifest(Facts):
    """What these commands rely on of a manifest, which anybody who may write to the bucket can have written."""

    images: _Images


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """A run that completed.

    Parameters
    ----------
    run, label
        Its name by what decides its results, and the one it was given.
    when
        Time of its end.
    images, computed, quarantined
        Photographs: all, those featurized by this run, those that cannot be used.
    components, explained
        How many principal components, and the share of the variance that they hold.
    accuracy
        Share of right answers of the probe, None if it was not asked or is not told.
    seconds, rate
        How long it took, and photographs a second while it featurized, 0 if it did not.
    engine
        Engine of the backbone.
    trial
        Which of the photographs it took; None for a whole run.
    manifest
        The manifest, or record of the run, whole.
    """

    run: str
    label: str
    when: datetime
    images: int
    computed: int
    quarantined: int
    components: int
    explained: float
    accuracy: float | None = None
    seconds: float
    rate: float
    engine: str
    trial: Trial | None = None
    manifest: Mapping[str, Any]

    @classmethod
    def of(cls, facts: Facts, *, when: datetime, manifest: Mapping[str, Any]) -> "PastRun":
        """Make it of what a manifest or a record says."""
        featurizing = facts.seconds.get("featurize", 0.0)
        return cls(
            run=facts.run,
            label=facts.label,
            when=when,
            images=facts.counts.images,
            computed=facts.counts.computed,
            quarantined=facts.counts.quarantined,
            components=facts.pca.components,
            explained=facts.pca.explained,
            accuracy=facts.probe.accuracy if facts.probe else None,
            seconds=facts.seconds.get("total", 0.0),
            rate=facts.counts.computed / featurizing if featurizing else 0.0,
            engine=facts.model.engine,
            trial=facts.trial,
            manifest=manifest,
        )

    def row(self) -> dict[str, Any]:
        """Return it as JSON-able facts."""
        facts = asdict(self) | {"when": self.when.isoformat(), "trial": self.trial and self.trial.model_dump()}
        del facts["manifest"]
        return facts


def past_runs(client: Client, output_uri: str, complain: Callable[[str], None]) -> list[PastRun]:
    """Read the manifests below an output, the newest first.

    Parameters
    ----------
    client
        Clients of the account.
    output_uri
        URI of the results.
    complain
        Called with a line for each manifest that is damaged, or of another run than its folder. Those are left out.
    """
    folder = Folder(client, output_uri)
    manifests = [item for item in folder.list(f"{REPORTS}/") if is_manifest(item.path)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        contents = list(
            pool.map(lambda item: folder.read(item.path) if item.size <= _LARGEST_BYTES else b"", manifests)
        )
    runs = []
    for item, content in zip(manifests, contents, strict=True):
        try:
            runs += [_past_run(item, content)] if content is not None else []
        except ValueError as error:
            complain(
                f"{output_uri.rstrip('/')}/{item.path} is not a manifest: {_first(error)}; delete it, or move it away;"
                " a run on the same photographs writes it again"
            )
    return sorted(runs, key=lambda run: run.when, reverse=True)


def _past_run(item: Object, content: bytes) -> PastRun:
    if item.size > _LARGEST_BYTES:
        raise ValueError(f"it has {item.size:,} bytes, at most {_LARGEST_BYTES:,} are accepted")
    try:
        manifest = json.loads(content.decode())
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    checked = _Manifest.model_validate(manifest)
    folder = item.path.split("/")[-2]
    if checked.run != folder:
        raise ValueError(f"it is of the run {checked.run}, and lies in the folder of {folder}")
    return PastRun.of(checked, when=item.modified, manifest=manifest)


def _first(error: ValueError) -> str:
    """Return what is wrong in one line; pydantic's own message has several."""
    if not isinstance(error, ValidationError):
        return str(error)
    wrong = error.errors()[0]
    return f"{'.'.join(map(str, wrong['loc'])) or 'all of it'}: {reason_of(dict(wrong))}"
