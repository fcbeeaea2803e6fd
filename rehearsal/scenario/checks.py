"""Checks of a run's evidence: pure functions, each giving what it found wrong.

They know the layout and the meaning of the results, not the code that wrote them: counts are counted again, features
are averaged again, projections are projected again, columns are those that the catalog declares.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
import pyarrow as pa

from rehearsal.scenario.arithmetic import (
    check_components,
    check_features,
    check_pipeline_model,
    check_projections,
)
from rehearsal.scenario.evidence import RECORDS, Evidence
from rehearsal.scenario.page import check_report
from rehearsal.scenario.photographs import Changes
from rehearsal.scenario.stages import few_of

_HASH, _BATCH = "[0-9a-f]+", r"[0-9a-f]+-(?P<rows>\d+)"
_LAYOUT: Final = re.compile(
    rf"(features|quarantine)/model={_HASH}/{_BATCH}\.parquet"
    rf"|projections/pca={_HASH}/[0-9a-f]+-\d+\.parquet"
    rf"|exports/pca={_HASH}/[0-9a-f]+-\d+\.csv"
    rf"|pca/{_HASH}/(arrays\.npz|model/(stages/\d_\w+/)?(metadata|data)/(_SUCCESS|part-[\w.-]+))"
    rf"|reports/{_HASH}/(manifest\.json|report\.html|images\.parquet|contents\.json)"
    rf"|index/model={_HASH}/root={_HASH}/[0-9a-f]+-\d+\.parquet|layout\.json"
    rf"|{RECORDS}\d{{8}}T\d{{6}}Z-{_HASH}\.json"
)
"""Every object below the output, as docs/results.md names them."""

_ARROW: Final[Mapping[str, pa.DataType]] = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "array<float>": pa.list_(pa.float32()),
}


def check_run(evidence: Evidence) -> list[str]:
    """Find what is wrong with the results of a run; nothing, if they are complete and consistent."""
    if evidence.printed is None:
        left = f"{len(evidence.objects)} objects" if evidence.objects else "nothing"
        return [f"the step ended as COMPLETED, but printed no manifest; below the output is {left}"]
    if evidence.manifest is None:
        return [f"the step printed a manifest of run {evidence.run}, which is not among its reports"]
    checks: list[Callable[[Evidence], Iterator[str]]] = [
        *(_layout, _printed, _recorded, _columns, _photographs, _counts),
        *(check_features, check_projections, check_components, check_pipeline_model, check_report),
    ]
    found: list[str] = []
    for check in checks:
        try:
            found += check(evidence)
        except Exception as error:  # what cannot even be looked at is wrong, too
            found.append(f"{check.__name__.strip('_')} cannot be checked: {type(error).__name__}: {error}")
    return found


def check_nothing_computed(before: Evidence, after: Evidence) -> list[str]:
    """Find what a run over the same photographs has computed or written."""
    found = []
    computed = (after.printed or {}).get("counts", {}).get("computed")
    if computed != 0:
        found.append(f"it says that it computed {computed} photographs, of which none was new")
    changed = [path for path in after.objects if before.objects.get(path) != after.objects[path]]
    new = [path for path in changed if path in after.records and path not in before.records]
    if [after.records[path].get("state") for path in new] != ["unchanged"]:
        found.append(f"it left {len(new)} records of itself, not one that says that nothing changed")
    if changed := [path for path in changed if path not in new]:
        found.append(f"it wrote {len(changed)} objects: {few_of(sorted(changed))}")
    if gone := sorted(before.objects.keys() - after.objects.keys()):
        found.append(f"it deleted {len(gone)} objects: {few_of(gone)}")
    return found


def check_changes(before: Evidence, after: Evidence, changes: Changes) -> list[str]:
    """Find where a run has computed more or less than what was added and changed, or kept what was deleted."""
    found = []
    wanted = len(changes.added) + len(changes.changed)
    computed = (after.printed or {}).get("counts", {}).get("computed")
    if computed != wanted:
        found.append(f"it computed {computed} photographs; {wanted} are new or changed")
    first, second = before.features(), after.features()
    new = {uri for uri in second if uri not in first or not np.array_equal(first[uri], second[uri])}
    if new != {after.uri(name) for name in (*changes.added, *changes.changed)}:
        found.append(f"features of {len(new)} photographs are new or different; {wanted} photographs are")
    projected = {uri for table in after.below("projections").values() for uri in table["uri"].to_pylist()}
    for name in changes.deleted:
        for what, uris in (("features", second.keys()), ("projections", projected)):
            if after.uri(name) in uris:
                found.append(f"{name} was deleted, and is still in the {what}")
    return found


def _layout(evidence: Evidence) -> Iterator[str]:
    strange = sorted(path for path in evidence.objects if not _LAYOUT.fullmatch(path))
    if strange:
        yield f"objects that the layout does not know: {few_of(strange)}"
    for path, table in evidence.tables.items():
        match = _LAYOUT.fullmatch(path)
        if match and match["rows"] and int(match["rows"]) != table.num_rows:
            yield f"{path} has {table.num_rows} rows, not those of its name"


def _printed(evidence: Evidence) -> Iterator[str]:
    printed, kept = dict(evidence.printed or {}), dict(evidence.manifest or {})
    for passing in ("seconds", "counts"):  # a run that found everything there says so, and writes nothing
        printed.pop(passing, None)
        kept.pop(passing, None)
    for key in sorted(printed.keys() | kept.keys()):
        if printed.get(key) != kept.get(key):
            yield f"the manifest printed and the manifest kept differ in {key}"


def _recorded(evidence: Evidence) -> Iterator[str]:
    states = {record.get("state") for record in evidence.records.values()}
    if not states or states - {"completed", "unchanged"}:
        yield f"the records of the runs say {sorted(map(str, states)) or 'nothing'}, where each came to its end"
        return
    newest = evidence.records[max(evidence.records)]
    if (newest["run"], newest["counts"]) != (evidence.run, (evidence.printed or {})["counts"]):
        yield f"the newest record is of run {newest['run']}, {newest['counts']}; the step printed another"


def _columns(evidence: Evidence) -> Iterator[str]:
    for name in ("features", "quarantine", "projections"):
        declared = [(column, _ARROW[kind]) for column, kind in evidence.columns[name]]
        for path, table in evidence.below(name).items():
            if [(field.name, field.type) for field in table.schema] != declared:
                yield f"{path} does not have the columns that the catalog declares for {name}"


def _photographs(evidence: Evidence) -> Iterator[str]:
    listed = {(evidence.uri(path), etag) for path, etag in evidence.photographs.items()}
    rows = [
        (uri, etag.strip('"'))
        for table in (*evidence.current("features"), *evidence.current("quarantine"))
        for uri, etag in zip(table["uri"].to_pylist(), table["etag"].to_pylist(), strict=True)
    ]
    if missing := sorted(uri for uri, etag in listed - set(rows)):
        yield f"{len(missing)} photographs have neither features nor a place in quarantine: {few_of(missing)}"
    if strange := sorted(uri for uri, etag in set(rows) - listed):
        yield f"{len(strange)} rows tell of photographs that are not there: {few_of(strange)}"
    if len(rows) != len(set(rows)):
        yield f"{len(rows) - len(set(rows))} photographs are there twice"
    for table in (*evidence.current("features"), *evidence.current("quarantine")):
        for uri, label in zip(table["uri"].to_pylist(), table["label"].to_pylist(), strict=True):
            if unicodedata.normalize("NFC", uri.split("/")[-2]) != label:
                yield f"{uri} has the label {label}"
                return


def _counts(evidence: Evidence) -> Iterator[str]:
    manifest = evidence.manifest or {}
    featured = sum(table.num_rows for table in evidence.current("features"))
    quarantined = sum(table.num_rows for table in evidence.current("quarantine"))
    folders = {path.split("/")[-2] if "/" in path else "" for path in evidence.photographs}
    labels = {unicodedata.normalize("NFC", folder) for folder in folders}
    wanted = {
        "counts.images": (manifest["counts"]["images"], len(evidence.photographs)),
        "counts.features": (manifest["counts"]["features"], featured),
        "counts.quarantined": (manifest["counts"]["quarantined"], quarantined),
        "images.bytes": (manifest["images"]["bytes"], sum(evidence.sizes.values())),
        "images.labels": (manifest["images"]["labels"], len(labels)),
        "pca.images": (manifest["pca"]["images"], featured),
    }
    for name, (claimed, counted) in wanted.items():
        if claimed != counted:
            yield f"the manifest claims {name} = {claimed:,}; counted on S3: {counted:,}"
