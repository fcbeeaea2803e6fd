"""The whole job, from photographs to report, by spark-submit as users start it."""

import io
import json
import re
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from pyspark.ml import PipelineModel
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession

from job.storage.tables import FEATURES_SCHEMA, PROJECTIONS_SCHEMA
from tests.job.conftest import PER_LABEL, Finished
from tests.job.runs import Results, Run, submit
from tests.pictures import LABELS

PHOTOGRAPHS = PER_LABEL * len(LABELS)


def test_every_photograph_gets_features(finished: Finished) -> None:
    assert finished.outcome.counts == {
        "images": PHOTOGRAPHS,
        "features": PHOTOGRAPHS,
        "quarantined": 0,
        "computed": PHOTOGRAPHS,
        "reused": 0,
        "reasons": {},
    }


def test_features_say_which_photograph_they_are_of(finished: Finished) -> None:
    table = finished.results.table("features")
    assert table.schema.equals(FEATURES_SCHEMA)
    rows = table.drop_columns(["feature", "etag"]).to_pylist()
    files = sorted(finished.photographs.rglob("*.jpg"))
    assert rows == [
        {"uri": f"file://{file}", "label": file.parent.name, "bytes": file.stat().st_size, "width": 100, "height": 100}
        for file in files
    ]
    features = np.stack(table["feature"].to_numpy())
    assert features.shape == (PHOTOGRAPHS, 1280)
    assert 0 <= features.min() < features.max() <= 6
    assert len(np.unique(features, axis=0)) == PHOTOGRAPHS


def test_results_are_laid_out_as_documented(finished: Finished) -> None:
    manifest = finished.outcome.manifest
    run, model = manifest["run"], manifest["model"]["identity"]
    files = set(finished.results.files())
    folders = {name.rpartition("/")[0] for name in files}
    assert {f"features/model={model}", f"projections/pca={run}", f"pca/{run}"} <= folders
    assert {name for name in files if name.startswith("reports/")} == {
        f"reports/{run}/{name}" for name in ("manifest.json", "report.html", "images.parquet", "contents.json")
    }
    assert {name.partition("/")[0] for name in files} == {
        *("features", "index", "layout.json", "pca", "projections", "reports")
    }
    (record,) = (finished.results.folder / "runs").glob("*.json")
    assert json.loads(record.read_bytes())["state"] == "completed"


def test_every_photograph_is_on_the_map_of_the_report(finished: Finished) -> None:
    report = finished.results.files()[f"reports/{finished.outcome.manifest['run']}/report.html"].decode()
    (data,) = re.findall(r'<script type="application/json" id="page-data">(.*?)</script>', report)
    names = sorted(file.name for file in finished.photographs.rglob("*.jpg"))
    assert sorted(json.loads(data)["gallery"]["files"]) == names


def test_features_are_committed_in_batches_of_the_asked_size(finished: Finished) -> None:
    sizes = [table.num_rows for table in map(_parquet, finished.results.files("features").values())]
    assert sum(sizes) == PHOTOGRAPHS
    assert max(sizes) == 8
    assert len(sizes) >= PHOTOGRAPHS / 8


def _parquet(content: bytes) -> pa.Table:
    return pa.parquet.read_table(pa.BufferReader(content))


def test_the_manifest_is_printed_and_kept(finished: Finished) -> None:
    manifest = finished.outcome.manifest
    assert json.loads(finished.results.files()[f"reports/{manifest['run']}/manifest.json"]) == manifest


def test_the_manifest_says_what_was_read_with_what(finished: Finished) -> None:
    manifest = finished.outcome.manifest
    assert manifest["images"] == {
        "root": f"file://{finished.photographs}",
        "count": PHOTOGRAPHS,
        "bytes": sum(file.stat().st_size for file in finished.photographs.rglob("*.jpg")),
        "labels": len(LABELS),
        "rendered": False,
        "ignored": 0,
        "left_out": [],
        "notes": [],
    }
    assert manifest["model"]["weights"] == "torchvision IMAGENET1K_V1"
    assert manifest["splits"] == {
        "train": PHOTOGRAPHS * 3 // 4,
        "test": PHOTOGRAPHS // 4,
        "validation": 0,
        "by_hash": 0,
        "by": "folder",
    }
    assert manifest["slots"] == 1  # 60 photographs are one task
    assert 1 <= manifest["memory"]["workers"] <= 2
    assert manifest["memory"]["worker_bytes"] > 50_000_000
    assert manifest["versions"]["spark"].startswith("3.5.")
    stages = {name: seconds for name, seconds in manifest["seconds"].items() if name != "total"}
    assert sum(stages.values()) <= manifest["seconds"]["total"] + 0.1


def test_the_components_hold_the_asked_share_of_the_variance(finished: Finished) -> None:
    pca, arrays = finished.outcome.manifest["pca"], finished.results.arrays(finished.outcome)
    kept = pca["components"]
    assert pca["requested"] == {"variance": 0.95}
    assert arrays["components"].shape == (kept, 1280)
    assert arrays["explained"][:kept].sum() == pytest.approx(pca["explained"], abs=1e-12)
    assert arrays["explained"][: kept - 1].sum() < 0.95 <= pca["explained"]


def test_every_photograph_is_projected_with_its_label_and_split(finished: Finished) -> None:
    projections, features = finished.results.table("projections"), finished.results.table("features")
    assert projections.schema.equals(PROJECTIONS_SCHEMA)
    assert projections["uri"].equals(features["uri"])
    assert projections["label"].equals(features["label"])
    folders = ["train" if "/Training/" in uri else "test" for uri in projections["uri"].to_pylist()]
    assert projections["split"].to_pylist() == folders


def test_the_plain_arrays_reproduce_the_projections(finished: Finished) -> None:
    arrays = finished.results.arrays(finished.outcome)
    features = np.stack(finished.results.table("features")["feature"].to_numpy())
    projections = np.stack(finished.results.table("projections")["projection"].to_numpy())
    np.testing.assert_allclose(projections, (features - arrays["mean"]) @ arrays["components"].T, atol=1e-5)


def test_the_saved_pipeline_model_reproduces_the_projections(finished: Finished, spark: SparkSession) -> None:
    identity = finished.outcome.manifest["pca"]["identity"]
    # As the job names it: Hadoop's paths are not percent-encoded, other than URIs of Python's pathlib.
    model = PipelineModel.load(f"file://{finished.results.folder}/pca/{identity}/model")
    rows = finished.results.table("features").select(["uri", "feature"]).to_pylist()
    frame = spark.createDataFrame([(row["uri"], Vectors.dense(row["feature"])) for row in rows], ["uri", "feature"])
    projected = model.transform(frame).orderBy("uri").collect()
    expected = finished.results.table("projections")
    assert [row.uri for row in projected] == expected["uri"].to_pylist()
    scores = np.array([row.projection.toArray() for row in projected])
    np.testing.assert_allclose(scores, np.stack(expected["projection"].to_numpy()), atol=1e-5)


def test_the_saved_model_has_the_components_and_their_variance(finished: Finished, spark: SparkSession) -> None:
    assert spark.getActiveSession() is not None
    identity = finished.outcome.manifest["pca"]["identity"]
    model = PipelineModel.load(f"file://{finished.results.folder}/pca/{identity}/model")
    arrays = np.load(io.BytesIO(finished.results.files()[f"pca/{identity}/arrays.npz"]))
    centre, pca = cast(list[Any], model.stages)
    assert (pca.pc.toArray() == arrays["components"].T).all()
    assert (pca.explainedVariance.toArray() == arrays["explained"][: len(arrays["components"])]).all()
    assert (centre.mean.toArray() == arrays["mean"]).all()


def test_the_report_opens_without_any_other_file(finished: Finished) -> None:
    report = finished.results.files()[f"reports/{finished.outcome.manifest['run']}/report.html"].decode()
    assert report.lower().startswith("<!doctype html>")
    links = re.findall(
        r"""\s(?:src|srcset|href|action|poster|data)\s*=\s*["']?([^"'\s>]+)|\burl\(["']?([^"')]+)""", report
    )
    assert links
    assert [link for link in map("".join, links) if not link.startswith(("data:", "#"))] == []
    assert "@import" not in report
    assert "default-src 'none'" in report
    assert report.count("data:image/") >= 1
    assert all(label in report for label in LABELS)


def test_a_second_run_computes_nothing_and_changes_nothing(finished: Finished) -> None:
    before = finished.results.files()
    again = submit(finished.photographs, finished.results.folder, "--batch-size", "8")
    assert again.counts == finished.outcome.counts | {"computed": 0, "reused": PHOTOGRAPHS}
    assert again.manifest["run"] == finished.outcome.manifest["run"]
    assert "featurize" not in again.manifest["seconds"]
    assert finished.results.files() == before


def test_another_process_gives_the_same_bytes(finished: Finished, run: Run) -> None:
    other = Results(finished.results.folder.with_name("other results"))
    outcome = run(finished.photographs, other.folder, "--batch-size", "8")
    assert outcome.manifest["run"] == finished.outcome.manifest["run"]
    arrays = f"pca/{outcome.manifest['run']}/arrays.npz"
    assert other.files()[arrays] == finished.results.files()[arrays]
    for kind in ("features", "projections"):
        assert other.files(kind) == finished.results.files(kind)
