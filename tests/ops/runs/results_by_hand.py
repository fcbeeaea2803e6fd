"""What a run leaves on S3 and EMR, put there by hand where only states matter."""

import gzip
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ops.aws.account import Client

RUN = "0123456789abcdef"


def manifest(run: str = RUN, label: str = "first", *, computed: int = 4) -> dict[str, Any]:
    """Return a manifest as the job writes it."""
    return {
        "run": run,
        "label": label,
        "images": {"count": 4, "bytes": 2_000_000, "labels": 2, "rendered": True},
        "model": {"name": "MobileNetV2", "weights": "torchvision IMAGENET1K_V1", "engine": "litert"},
        "counts": {
            "images": 4,
            "features": 3,
            "quarantined": 1,
            "computed": computed,
            "reused": 4 - computed,
            "reasons": {},
        },
        "pca": {"components": 2, "explained": 0.953},
        "seconds": {**({"featurize": 2.0} if computed else {}), "total": 75.0},
        "slots": 2,
    }


class Results:
    """The results of a deployment, written by a test in the job's place.

    Parameters
    ----------
    client
        Of the embedded AWS.
    bucket
        The data bucket.
    """

    def __init__(self, client: Client, bucket: str, folder: str = "results") -> None:
        self._client, self._s3, self._bucket, self._folder = client, client("s3"), bucket, folder

    def below(self, path: str) -> "Results":
        """Return the results of a trial, which are laid out alike."""
        return Results(self._client, self._bucket, f"{self._folder}/{path}")

    def put(self, path: str, content: bytes) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=f"{self._folder}/{path}", Body=content)

    def plan(self, photographs: int, run: str = RUN) -> None:
        content = io.BytesIO()
        pq.write_table(pa.table({"path": [f"{number}.jpg" for number in range(photographs)]}), content)
        self.put(f"reports/{run}/pending.parquet", content.getvalue())

    def commit(self, photographs: int, kind: str = "features") -> None:
        self.put(f"{kind}/model=m/{photographs:024x}-{photographs}.parquet", b"a batch")

    def forget_plan(self, run: str = RUN) -> None:
        self._s3.delete_object(Bucket=self._bucket, Key=f"{self._folder}/reports/{run}/pending.parquet")

    def complete(self, run: str = RUN, label: str = "first", *, computed: int = 4, **facts: Any) -> None:
        self.put(f"reports/{run}/report.html", b"<html>report</html>")
        self.put(f"reports/{run}/manifest.json", json.dumps(manifest(run, label, computed=computed) | facts).encode())

    def record(self, label: str, began: str, state: str = "completed", **facts: Any) -> None:
        """Put the record of a run; one that succeeded has what its manifest has."""
        outcome = manifest(label=label) if state in {"completed", "unchanged"} else {}
        content = {**outcome, "label": label, "began": began, "state": state, "version": "0.1.0", **facts}
        self.put(f"runs/{began.replace(':', '')}-{label}.json", json.dumps(content).encode())

    def project(self, photographs: int, run: str = RUN, *, label: str = "Kiwi") -> None:
        rows = [
            {"uri": f"s3://data/Kiwi/{n}.jpg", "label": label, "split": "train", "projection": [float(n), 0.5]}
            for n in range(photographs)
        ]
        content = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), content)
        self.put(f"projections/pca={run}/part-{photographs}.parquet", content.getvalue())

    def clear(self) -> None:
        for item in self._s3.list_objects_v2(Bucket=self._bucket, Prefix="results/").get("Contents", ()):
            self._s3.delete_object(Bucket=self._bucket, Key=item["Key"])


def put_log(client: Client, log_uri: str, path: str, text: str) -> None:
    """Put a log where EMR puts it, compressed."""
    bucket, _, prefix = log_uri.partition("://")[2].partition("/")
    client("s3").put_object(Bucket=bucket, Key=f"{prefix}{path}.gz", Body=gzip.compress(text.encode()))
