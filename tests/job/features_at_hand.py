"""Features that are committed without a photograph being looked at: for stores of many batches, labels and days."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from job.storage.layout import FEATURES
from job.storage.store import ResultStore
from job.storage.tables import FEATURES_SCHEMA


def commit_features(
    store: ResultStore, identity: str, photographs: pa.Table, features: "NDArray[np.floating] | NDArray[np.integer]"
) -> str:
    """Commit a batch of features, and give its path.

    Parameters
    ----------
    store
        The results.
    identity
        Of the backbone that the features pass for being of.
    photographs
        A listing, with addresses.
    features
        (n, d), on the grid of `job.components.moments`; whole numbers are.
    """
    columns = photographs.select(["uri", "label", "bytes", "etag"]).to_pydict()
    columns |= {"width": [1] * len(features), "height": [1] * len(features)}
    table = pa.table({**columns, "feature": list(features.astype(np.float32))}, FEATURES_SCHEMA)
    return store.put_batch(FEATURES.partition(identity), table)
