"""Checks of the numbers in a run's evidence, each computed again with NumPy alone."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from rehearsal.scenario.evidence import Evidence, matrix

FEATURES: Final = 1_280
_SINGLE: Final = 1e-4
"""Projections are kept in single precision."""
_DOUBLE: Final = 1e-9


def check_features(evidence: Evidence) -> Iterator[str]:
    """Find what is wrong with the features themselves."""
    features = matrix(evidence.current("features"), "feature")
    if features.shape[1:] != (FEATURES,):
        yield f"features have the shape {features.shape}, not {FEATURES} columns"
    elif not np.isfinite(features).all():
        yield "some features are not finite"
    elif len(np.unique(features, axis=0)) < len(features) // 2:
        yield "most photographs have the features of another one"


def check_projections(evidence: Evidence) -> Iterator[str]:
    """Find where projections are not those of the features on the saved components."""
    folders = {path.split("/")[1] for path in evidence.below("projections")}
    if folders != {f"pca={evidence.run}"}:
        yield f"projections are those of {', '.join(sorted(folders)) or 'no run'}, not of run {evidence.run}"
        return
    features = evidence.features()
    tables = list(evidence.below("projections").values())
    uris = [uri for table in tables for uri in table["uri"].to_pylist()]
    if sorted(uris) != sorted(features):
        yield f"{len(uris)} photographs are projected, {len(features)} have features"
        return
    wanted = (np.array([features[uri] for uri in uris]) - evidence.arrays["mean"]) @ evidence.arrays["components"].T
    if not np.allclose(matrix(tables, "projection"), wanted, rtol=_SINGLE, atol=_SINGLE):
        yield "projections are not those of the features on the saved components"
    splits = {split for table in tables for split in table["split"].to_pylist()}
    if not splits <= {"train", "test", "validation"}:
        yield f"projections know the splits {sorted(splits)}"


def check_components(evidence: Evidence) -> Iterator[str]:
    """Find what is wrong with the saved components, all computed again from the features."""
    arrays, pca = evidence.arrays, (evidence.manifest or {})["pca"]
    features = matrix(evidence.current("features"), "feature")
    kept = len(arrays["components"])
    total = features.var(axis=0, ddof=1).sum()
    if not total:
        yield "features do not vary, and have no components"
        return
    if not np.allclose(arrays["mean"], features.mean(axis=0), atol=_DOUBLE):
        yield "the mean saved with the components is not that of the features"
    if not np.allclose(arrays["components"] @ arrays["components"].T, np.eye(kept), atol=_DOUBLE):
        yield "components are not orthonormal"
    scores = (features - arrays["mean"]) @ arrays["components"].T
    shares = scores.var(axis=0, ddof=1) / total
    if not np.allclose(shares, arrays["explained"][:kept], atol=_DOUBLE):
        yield "the shares of variance saved with the components are not theirs"
    if pca["components"] != kept or not np.isclose(pca["explained"], shares.sum(), atol=_DOUBLE):
        claimed = f"{pca['components']} components with {pca['explained']:.4f} of the variance"
        yield f"the manifest claims {claimed}; found: {kept} with {shares.sum():.4f}"
    asked = pca["requested"].get("variance")
    if asked is not None and not shares[:-1].sum() < asked <= shares.sum() + 1e-9:
        yield f"{kept} components hold {shares.sum():.4f} of the variance; asked for were the fewest that hold {asked}"


def check_pipeline_model(evidence: Evidence) -> Iterator[str]:
    """Find where Spark's own model is missing, or another one than the arrays."""
    stages = evidence.below(f"pca/{evidence.run}/model/stages")
    found = [table for path, table in stages.items() if "fruits_pca" in path]
    if f"pca/{evidence.run}/model/metadata/part-00000" not in evidence.objects or len(found) != 1:
        yield "there is no pipeline model of Spark"
        return
    saved = found[0]["pc"][0].as_py()
    values = np.reshape(saved["values"], (saved["numCols"], saved["numRows"]))
    if not np.array_equal(values, evidence.arrays["components"]):
        yield "the components in Spark's pipeline model are not those of the arrays"
