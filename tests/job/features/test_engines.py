"""The two engines, and an independent reckoning of the network that neither of them knows."""

import multiprocessing
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from job.features.backbone import Backbone
from job.features.decode import decode
from job.features.engines import Engine, engine_of
from job.features.torch_checkpoint import read_checkpoint
from job.features.weights import checkpoint, load_backbone
from tests.job.conftest import Finished
from tests.job.runs import Results, Run
from tests.pictures import jpeg

pytestmark = pytest.mark.tensorflow

# Sandler et al. 2018, table 2, as torchvision numbers its blocks: expansion, channels, stride.
BLOCKS = [
    *((1, 16, 1), (6, 24, 2), (6, 24, 1), (6, 32, 2), (6, 32, 1), (6, 32, 1)),
    *((6, 64, 2), (6, 64, 1), (6, 64, 1), (6, 64, 1), (6, 96, 1), (6, 96, 1), (6, 96, 1)),
    *((6, 160, 2), (6, 160, 1), (6, 160, 1), (6, 320, 1)),
]


class Reckoner:
    """MobileNetV2 as torchvision defines it, from its own checkpoint, in NumPy and float64.

    Channels come first, as in PyTorch, and batch normalisation is a layer of its own: no step is shared with the job.
    """

    def __init__(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.state = {name: array.astype(np.float64) for name, array in state.items()}

    def features(self, photograph: NDArray[np.uint8]) -> NDArray[np.float64]:
        mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
        values = ((photograph / 255 - mean) / deviation).transpose(2, 0, 1)
        values = self.layer(values, "features.0.0", "features.0.1", stride=2)
        for number, (expansion, channels, stride) in enumerate(BLOCKS, start=1):
            block = f"features.{number}.conv"
            incoming, outcome, step = values.shape[0], values, 0
            if expansion > 1:
                outcome, step = self.layer(outcome, f"{block}.0.0", f"{block}.0.1"), 1
            outcome = self.layer(outcome, f"{block}.{step}.0", f"{block}.{step}.1", stride=stride)
            outcome = self.layer(outcome, f"{block}.{step + 1}", f"{block}.{step + 2}", relu=False)
            assert outcome.shape[0] == channels
            values = values + outcome if stride == 1 and incoming == channels else outcome
        return np.asarray(self.layer(values, "features.18.0", "features.18.1").mean(axis=(1, 2)))

    def layer(
        self, values: NDArray[np.float64], convolution: str, norm: str, *, stride: int = 1, relu: bool = True
    ) -> NDArray[np.float64]:
        kernel = self.state[f"{convolution}.weight"]
        if kernel.shape[2:] == (1, 1):
            summed = np.einsum("oi,ihw->ohw", kernel[:, :, 0, 0], values, optimize=True)
        else:
            padded = np.pad(values, ((0, 0), (1, 1), (1, 1)))
            windows = sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::stride, ::stride]
            depthwise = kernel.shape[1] == 1
            summed = (
                np.einsum("chwyx,cyx->chw", windows, kernel[:, 0])
                if depthwise
                else np.einsum("ihwyx,oiyx->ohw", windows, kernel, optimize=True)
            )
        gamma, beta, mean, variance = (
            self.state[f"{norm}.{name}"][:, np.newaxis, np.newaxis]
            for name in ("weight", "bias", "running_mean", "running_var")
        )
        normed = (summed - mean) / np.sqrt(variance + 1e-5) * gamma + beta
        return np.clip(normed, 0, 6) if relu else np.asarray(normed)


@pytest.fixture(scope="module")
def litert(frozen_backbone: Backbone) -> Engine:
    return engine_of(frozen_backbone)


class KerasElsewhere:
    """The reference engine in a process of its own: TensorFlow takes its number of threads before its first use only.

    Another test may have used it in this one.
    """

    batch = 32

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self._pool.submit(keras_features, pixels).result()


def keras_features(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return engine_of(load_backbone("keras", "torchvision")).features(pixels)


@pytest.fixture(scope="module")
def keras() -> Iterator[Engine]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield KerasElsewhere(pool)


def pixels_of(contents: list[bytes]) -> NDArray[np.uint8]:
    return np.stack([decode(content).pixels for content in contents])


def cosines(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    wide, wider = one.astype(np.float64), other.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1) * np.linalg.norm(wider, axis=1)
    return np.asarray(np.sum(wide * wider, axis=1) / lengths)


def assert_agree(one: Engine, other: Engine, pixels: NDArray[np.uint8]) -> None:
    features, others = one.features(pixels), other.features(pixels)
    assert features.shape == others.shape == (len(pixels), 1280)
    assert cosines(features, others).min() >= 0.99999
    assert np.abs(features - others).max() < 1e-3


def test_both_engines_give_the_same_features_of_generated_photographs(litert: Engine, keras: Engine) -> None:
    assert_agree(litert, keras, pixels_of([jpeg(seed) for seed in range(12)]))


def test_both_engines_give_the_same_features_of_real_photographs(
    litert: Engine, keras: Engine, real_photographs: list[Path]
) -> None:
    assert_agree(litert, keras, pixels_of([path.read_bytes() for path in real_photographs]))


@pytest.mark.parametrize("name", ["litert", "keras"])
def test_the_features_are_torchvisions(name: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(name)
    pixels = pixels_of([jpeg(seed) for seed in range(3)])
    reckoner = Reckoner(read_checkpoint(checkpoint("torchvision")))
    expected = np.stack([reckoner.features(photograph) for photograph in pixels])
    assert expected.max() > 1
    np.testing.assert_allclose(engine.features(pixels), expected, atol=1e-4)


@pytest.mark.parametrize("name", ["litert", "keras"])
def test_a_photographs_features_do_not_depend_on_its_neighbours(name: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(name)
    pixels = pixels_of([jpeg(seed) for seed in range(5)])
    together, alone = engine.features(pixels), np.concatenate([engine.features(pixels[[n]]) for n in range(5)])
    np.testing.assert_allclose(together, alone, atol=2e-5)


def test_the_litert_engine_gives_the_same_bits_every_time(litert: Engine, frozen_backbone: Backbone) -> None:
    from job.features.engines import LiteRtEngine

    assert isinstance(frozen_backbone.payload, bytes)
    pixels = pixels_of([jpeg(seed) for seed in range(5)])
    assert (litert.features(pixels) == LiteRtEngine(frozen_backbone.payload).features(pixels[::-1])[::-1]).all()


def test_a_process_builds_one_engine_for_a_backbone(frozen_backbone: Backbone, litert: Engine) -> None:
    assert engine_of(frozen_backbone) is litert


def test_the_job_gives_the_same_features_with_the_reference_engine(
    finished: Finished, tmp_path: Path, run: Run
) -> None:
    keras = run(finished.photographs, tmp_path / "results", "--engine", "keras")
    assert keras.counts["computed"] == keras.counts["features"] == finished.outcome.counts["features"]
    assert keras.manifest["model"]["engine"] == "keras"
    assert keras.manifest["model"]["identity"] != finished.outcome.manifest["model"]["identity"]
    tables = (Results(tmp_path / "results").table("features"), finished.results.table("features"))
    assert cosines(*(np.stack(table["feature"].to_numpy()) for table in tables)).min() >= 0.99999
