"""The backbone: what the driver broadcasts, so that every worker computes the same features."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from job.features.decode import PREPROCESSING

FEATURES: Final = 1280
"""Number of features of a photograph: the channels of MobileNetV2's last convolution, averaged over the picture."""


@dataclass(frozen=True)
class Backbone:
    """What the driver broadcasts: everything a worker needs to compute features.

    Parameters
    ----------
    engine
        ``"litert"`` or ``"keras"``.
    recipe
        Which arithmetic the weights were trained for, see `job.features.mobilenet.build_network`.
    weights
        Where the weights came from, for the manifest.
    sha256
        Of the file of weights.
    payload
        The frozen model (litert), or the 260 weight arrays of the network (keras).
    """

    engine: str
    recipe: str
    weights: str
    sha256: str
    payload: bytes | list[NDArray[np.float32]]

    @property
    def identity(self) -> str:
        """Name of the features this backbone computes: two photographs' features compare only under the same name."""
        content = self.payload if isinstance(self.payload, bytes) else self.sha256.encode()
        return hashlib.sha256(b"\0".join([content, self.engine.encode(), PREPROCESSING.encode()])).hexdigest()[:16]


def describe(backbone: Backbone) -> dict[str, Any]:
    """Return the manifest's account of the backbone."""
    names = {"torchvision": "torchvision IMAGENET1K_V1", "keras": "Keras ImageNet"}
    return {
        "name": "MobileNetV2",
        "weights": names.get(backbone.weights, backbone.weights),
        "sha256": backbone.sha256,
        "engine": backbone.engine,
        "identity": backbone.identity,
    }
