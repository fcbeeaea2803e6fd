"""The history of runs that left results: the manifests on S3."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, NonNegativeFloat, NonNegativeInt, ValidationError

from job.storage.layout import REPORTS, is_manifest
from ops.aws.account import Client
from ops.aws.s3.folder import Folder, Object

_AT_ONCE: Final = 10
_LARGEST_BYTES: Final = 1 << 20
"""Largest size of a manifest: one of the job's has some kilobytes."""

_Text = Annotated[str, Field(max_length=2000)]


class _Counts(BaseModel):
    images: NonNegativeInt
    features: NonNegativeInt
    computed: NonNegativeInt
    reused: NonNegativeInt
    quarantined: NonNegativeInt
    reasons: Annotated[dict[str, NonNegativeInt], Field(max_length=1000)]


class _Components(BaseModel):
    components: NonNegativeInt
    explained: Annotated[float, Field(ge=0, le=1.000001)]


class _Model(BaseModel):
    name: _Text
    weights: _Text
    engine: _Text


class _Images(BaseModel):
    labels: NonNegativeInt
    bytes: NonNegativeInt
    rendered: bool


class _Manifest(BaseModel):
    """What these commands rely on of a manifest, which anybody who may write to the bucket can have written."""

    run: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
    label: _Text
    slots: NonNegativeInt
    images: _Images
    counts: _Counts
    pca: _Components
    seconds: Annotated[dict[str, NonNegativeFloat], Field(max_length=100)]
    model: _Model


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
    seconds, rate
        How long it took, and photographs a second while it featurized, 0 if it did not.
    engine
        Engine of the backbone.
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
        """Return it as JSON-able facts."""
        facts = asdict(self) | {"when": self.when.isoformat()}
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
                f"{output_uri}/{item.path} is not a manifest: {_first(error)}; delete it, or move it away;"
                " a run on the same photographs writes it again"
            )
    return sorted(runs, key=lambda run: run.when, reverse=True)


def _past_run(item: Object, content: bytes) -> PastRun:
    if item.size > _LARGEST_BYTES:
        raise ValueError(f"it has {item.size:,} bytes, at most {_LARGEST_BYTES:,} are accepted")
    manifest = json.loads(content.decode())
    checked = _Manifest.model_validate(manifest)
    folder = item.path.split("/")[-2]
    if checked.run != folder:
        raise ValueError(f"it is of the run {checked.run}, and lies in the folder of {folder}")
    featurizing = checked.seconds.get("featurize", 0.0)
    return PastRun(
        run=checked.run,
        label=checked.label,
        when=item.modified,
        images=checked.counts.images,
        computed=checked.counts.computed,
        quarantined=checked.counts.quarantined,
        components=checked.pca.components,
        explained=checked.pca.explained,
        seconds=checked.seconds.get("total", 0.0),
        rate=checked.counts.computed / featurizing if featurizing else 0.0,
        engine=checked.model.engine,
        manifest=manifest,
    )


def _first(error: ValueError) -> str:
    """Return what is wrong in one line; pydantic's own message has several."""
    if not isinstance(error, ValidationError):
        return str(error)
    wrong = error.errors()[0]
    return f"{'.'.join(map(str, wrong['loc'])) or 'all of it'}: {wrong['msg']}"
