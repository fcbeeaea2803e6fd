"""Ray Data with the job's own decoder and engine, run by the Python of `build/ray-venv`.

`python ray_script.py --images … --output … --model FILE --way actors|tasks|paths --cores N` writes path, label and
feature of each photograph as Parquet and prints the seconds as JSON.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import ray
import ray.data

from job.errors import Rejected
from job.features.backbone import FEATURES
from job.features.decode import decode
from job.features.engines import LiteRtEngine

BLOCKS_A_CORE = 16
"""Blocks small enough that all cores end together, large enough that their overhead does not show."""

_engines: dict[str, LiteRtEngine] = {}


def featurize(batch: dict[str, Any], model: str) -> dict[str, Any]:
    """Turn paths and contents (or paths alone, which are read here) into paths, labels and features."""
    engine = _engines.get(model)
    if engine is None:
        engine = _engines[model] = LiteRtEngine(Path(model).read_bytes())
    contents = batch["bytes"] if "bytes" in batch else (Path(path).read_bytes() for path in batch["path"])
    paths, features = [], []
    for path, content in zip(batch["path"], contents, strict=True):
        try:
            features.append(engine.features(decode(content).pixels[np.newaxis])[0])
        except Rejected:
            continue
        paths.append(path)
    labels = [Path(path).parent.name for path in paths]
    return {"path": paths, "label": labels, "feature": np.reshape(features, (-1, FEATURES)).astype(np.float32)}


class Featurizer:
    """`featurize` as an actor, whose engine is built with it."""

    def __init__(self, model: str) -> None:
        self.model = model
        _engines[model] = LiteRtEngine(Path(model).read_bytes())

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Featurize a batch."""
        return featurize(batch, self.model)


def dataset(arguments: argparse.Namespace) -> Any:
    """Return the lazy dataset of features, in one of the ways that Ray's documentation has for this.

    ``tasks``: reading, featurizing and writing fused into stateless tasks; the engine stays in the worker process.
    ``actors``: a pool with one actor a core, as Ray recommends for models, fed by reading tasks.
    ``paths``: actors that are given paths and read the files themselves, so no content goes through the object store.
    """
    blocks = BLOCKS_A_CORE * arguments.cores
    if arguments.way == "paths":
        paths = [str(path) for path in sorted(Path(arguments.images).rglob("*")) if path.is_file()]
        photographs = ray.data.from_items([{"path": path} for path in paths], override_num_blocks=blocks)
    else:
        photographs = ray.data.read_binary_files(arguments.images, include_paths=True, override_num_blocks=blocks)
    if arguments.way == "tasks":
        return photographs.map_batches(featurize, fn_kwargs={"model": arguments.model}, batch_size=None)
    return photographs.map_batches(
        Featurizer,
        fn_constructor_kwargs={"model": arguments.model},
        compute=ray.data.ActorPoolStrategy(size=arguments.cores),
        num_cpus=1,
        batch_size=32,
    )


def main() -> None:
    """Run one way and print its seconds."""
    parser = argparse.ArgumentParser()
    for name in ("--images", "--output", "--model"):
        parser.add_argument(name, required=True)
    parser.add_argument("--way", choices=("actors", "tasks", "paths"), required=True)
    parser.add_argument("--cores", type=int, required=True)
    arguments = parser.parse_args()

    # Actors hold their logical CPU to the end: reading and writing need some of their own, or they would wait for that.
    logical = arguments.cores if arguments.way == "tasks" else 2 * arguments.cores
    ray.init(num_cpus=logical, include_dashboard=False, logging_level="warning", log_to_driver=False)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    started = time.monotonic()
    dataset(arguments).write_parquet(arguments.output)
    seconds = time.monotonic() - started
    ray.shutdown()
    images = sum(pq.read_metadata(path).num_rows for path in Path(arguments.output).glob("*.parquet"))
    print(json.dumps({"images": images, "featurize_seconds": round(seconds, 3), "version": ray.__version__}))


if __name__ == "__main__":
    main()
