"""MobileNetV2 in Keras, built so that torchvision's weights give torchvision's features.

Imports TensorFlow: only the driver of a conversion and the workers of the reference engine load this module.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from job.errors import JobError
from job.features.decode import SIDE

# Sandler et al. 2018 (arXiv:1801.04381), table 2: expansion, channels, repeats, stride of the first.
INVERTED_RESIDUALS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
# torchvision.transforms of IMAGENET1K_V1: x/255 minus mean, over standard deviation, per channel.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
TORCH_EPSILON = 1e-5  # torch.nn.BatchNorm2d's default; Keras's own MobileNetV2 has 1e-3


# keras.applications.mobilenet_v2: the weights for a width of 1.0 and 224 pixels, without the top.
KERAS_FOLDER: Final = "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2"
KERAS_FILE: Final = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
KERAS_BYTES: Final = 9_406_464  # Keras publishes no checksum of this file; --weights-sha256 pins it


def build_network(recipe: str) -> keras.Model:
    """Build MobileNetV2 without its classifier and with random weights.

    Parameters
    ----------
    recipe
        ``"torchvision"``: one pixel of zeros around every 3x3 convolution, epsilon 1e-5, ImageNet mean and deviation.
        ``"keras"``: `keras.applications.MobileNetV2` with inputs scaled to [-1, 1]. The weights of one give wrong
        features in the other: the layers have the same shapes, but not the same arithmetic.

    Returns
    -------
    keras.Model
        From uint8 pixels (n, 224, 224, 3), RGB, to float32 features (n, 1280), each in [0, 6].
    """
    pixels = keras.Input((SIDE, SIDE, 3), dtype="uint8")
    scaled = layers.Rescaling(1 / 127.5, offset=-1.0)(pixels)
    if recipe == "keras":
        backbone = keras.applications.MobileNetV2(
            input_shape=(SIDE, SIDE, 3), include_top=False, weights=None, pooling="avg"
        )
        return keras.Model(pixels, backbone(scaled))
    features = _convolution(_normalised(pixels), 32, kernel=3, stride=2)
    for expansion, channels, repeats, first_stride in INVERTED_RESIDUALS:
        for repeat in range(repeats):
            features = _inverted_residual(features, expansion, channels, first_stride if repeat == 0 else 1)
    features = _convolution(features, 1280, kernel=1)
    return keras.Model(pixels, layers.GlobalAveragePooling2D()(features))


def _normalised(pixels: Any) -> Any:
    """Subtract ImageNet's mean and divide by its deviation, a row of the photograph at a time.

    The same arithmetic on an innermost axis of three channels takes XNNPACK longer: it works
    through the innermost axis in one go, and a row is 672 numbers.
    """
    mean, deviation = np.array(IMAGENET_MEAN), np.array(IMAGENET_DEVIATION)
    scale, offset = np.tile(1 / (255 * deviation), SIDE), np.tile(-mean / deviation, SIDE)
    rows = layers.Reshape((SIDE, SIDE * 3))(pixels)
    normalised = layers.Rescaling(scale=list(scale), offset=list(offset), name="normalise")(rows)
    return layers.Reshape((SIDE, SIDE, 3))(normalised)


def _inverted_residual(inputs: Any, expansion: int, channels: int, stride: int) -> Any:
    incoming = inputs.shape[-1]
    outputs = inputs if expansion == 1 else _convolution(inputs, incoming * expansion, kernel=1)
    outputs = _convolution(outputs, None, kernel=3, stride=stride)
    outputs = _convolution(outputs, channels, kernel=1, activate=False)
    return layers.Add()([inputs, outputs]) if stride == 1 and incoming == channels else outputs


def _convolution(inputs: Any, channels: int | None, *, kernel: int, stride: int = 1, activate: bool = True) -> Any:
    """Convolution (depthwise without channels), batch normalisation and, if activated, ReLU6."""
    padded = layers.ZeroPadding2D(1)(inputs) if kernel == 3 else inputs
    if channels is None:
        outputs = layers.DepthwiseConv2D(kernel, stride, padding="valid", use_bias=False)(padded)
    else:
        outputs = layers.Conv2D(channels, kernel, stride, padding="valid", use_bias=False)(padded)
    outputs = layers.BatchNormalization(epsilon=TORCH_EPSILON)(outputs)
    return layers.ReLU(6.0)(outputs) if activate else outputs


def torchvision_weights(state: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
    """Order and transpose a torchvision state dictionary as `build_network("torchvision")` takes it.

    PyTorch keeps a convolution as (out, in, height, width), Keras as (height, width, in, out), a depthwise one as
    (height, width, in, 1).

    Returns
    -------
    list of numpy.ndarray
        260 arrays, 2,257,984 parameters: for each of the 52 convolutions its kernel, then gamma, beta, mean, variance.
    """
    arrays: list[NDArray[np.float32]] = []
    for name, array in state.items():
        if name.startswith("classifier.") or name.endswith("num_batches_tracked"):
            continue
        if array.ndim == 4:
            depthwise = array.shape[1] == 1
            arrays.append(array.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0)))
        else:
            arrays.append(array)
    return arrays


def keras_weights(content: bytes) -> list[NDArray[np.float32]]:
    """Read Keras's weight file (HDF5, without the top) as `build_network("keras")` takes it.

    Raises
    ------
    JobError
        If the file does not fit MobileNetV2 without its top.
    """
    network = build_network("keras")
    with tempfile.NamedTemporaryFile(suffix=".h5") as file:
        file.write(content)
        file.flush()
        try:
            next(layer for layer in network.layers if isinstance(layer, keras.Model)).load_weights(file.name)
        except (ValueError, KeyError, OSError) as error:
            raise JobError(f"the .h5 file holds no weights of MobileNetV2 without its top ({error})") from error
    return list(network.get_weights())


def download_keras_weights() -> bytes:
    """Let Keras fetch its ImageNet weights, or take them from its cache.

    Raises
    ------
    JobError
        If they are not in the cache and cannot be reached.
    """
    try:
        path = Path(keras.utils.get_file(KERAS_FILE, f"{KERAS_FOLDER}/{KERAS_FILE}", cache_subdir="models"))
        content = path.read_bytes()
    except Exception as error:
        raise JobError(
            f"cannot download Keras's ImageNet weights ({error}); use --weights torchvision, which needs no network"
        ) from error
    if len(content) != KERAS_BYTES:
        raise JobError(f"{path} has {len(content):,} bytes, expected {KERAS_BYTES:,}; delete it and run again")
    return content


def freeze(recipe: str, weights: Sequence[NDArray[np.float32]]) -> bytes:
    """Convert the network with these weights to a frozen TensorFlow Lite flatbuffer for one photograph at a time.

    One photograph at a time is the fastest batch: the activations stay in the cache.
    """
    network = build_network(recipe)
    network.set_weights(list(weights))
    signature = [tf.TensorSpec((1, SIDE, SIDE, 3), tf.uint8)]
    function = tf.function(lambda pixels: network(pixels, training=False), input_signature=signature)
    frozen = convert_variables_to_constants_v2(function.get_concrete_function())
    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([frozen]).convert())
