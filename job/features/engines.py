"""The two engines that turn pixels into features, one instance per Python worker."""

import os
from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from job.features.backbone import FEATURES, Backbone
from job.features.decode import SIDE

GRID: Final = 2.0**-16
"""Features are rounded to multiples of this: finer than the engines agree (1.4e-5), and sums over them become exact."""


class Engine(Protocol):
    """Computes features on one thread."""

    batch: int
    """How many photographs at once are quickest."""

    def features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn (n, 224, 224, 3) pixels, RGB, into (n, 1280) features in [0, 6], multiples of `GRID`."""
        ...


class LiteRtEngine:
    """TensorFlow Lite with XNNPACK, one photograph at a time: the activations stay in the cache of the core."""

    batch = 1

    def __init__(self, model: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - only the workers of this engine need it

        self._interpreter = Interpreter(model_content=model, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Engine.features`."""
        rows = np.empty((len(pixels), FEATURES), np.float32)
        for row, photograph in zip(rows, pixels, strict=True):
            self._interpreter.set_tensor(self._input, photograph[np.newaxis])
            self._interpreter.invoke()
            row[:] = self._interpreter.get_tensor(self._output)[0]
        return to_grid(rows)


class KerasEngine:
    """TensorFlow itself, the reference: the network is rebuilt in the worker and takes the broadcast weights."""

    batch = 32

    def __init__(self, recipe: str, weights: list[NDArray[np.float32]]) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow as tf  # noqa: PLC0415 - not installed on nodes of the engine litert

        from job.features.mobilenet import build_network  # noqa: PLC0415

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        network = build_network(recipe)
        network.set_weights(weights)
        signature = [tf.TensorSpec((None, SIDE, SIDE, 3), tf.uint8)]
        self._function: Callable[[Any], Any] = tf.function(
            lambda pixels: network(pixels, training=False), input_signature=signature
        )

    def features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Engine.features`."""
        return to_grid(self._function(pixels).numpy())


def to_grid(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to the nearest multiple of `GRID`; features stay below 2**3, so float32 holds every such multiple."""
    rounded: NDArray[np.float32] = np.rint(features * np.float32(1 / GRID)) * np.float32(GRID)
    return rounded


_engines: dict[str, Engine] = {}


def engine_of(backbone: Backbone) -> Engine:
    """Return this process's engine for a backbone, built at the first call and kept for all tasks of the worker."""
    engine = _engines.get(backbone.identity)
    if engine is None:
        engine = (
            LiteRtEngine(backbone.payload)
            if isinstance(backbone.payload, bytes)
            else KerasEngine(backbone.recipe, backbone.payload)
        )
        _engines[backbone.identity] = engine
    return engine
