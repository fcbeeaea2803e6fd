"""Names of objects: what they tell of a batch, and which are those of results.

As `job.storage.layout`, it needs the standard library alone.
"""

import re
from typing import Final

_BATCH: Final = re.compile(r"[0-9a-f]{32}-[1-9][0-9]*\.parquet")
_UUID: Final = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-c\d+")
_OLDER_BATCH: Final = re.compile(r"[0-9a-f]{24}-[0-9]+\.parquet")
_RESULT: Final = re.compile(
    rf"projections/pca=\w+/{_BATCH.pattern}|exports/pca=\w+/{_BATCH.pattern.replace('parquet', 'csv')}"
    r"|pca/\w+/arrays\.npz|pca/\w+/model/([^/.][^/]*/)*[^/.][^/]*"
    r"|reports/\w+/(manifest\.json|report\.html|images\.parquet)"
)


def batch_name(digest: str, photographs: int) -> str:
    """Name a batch by what is in it and by how many photographs these are.

    Examples
    --------
    >>> batch_name("8c5f", 512)
    '8c5f-512.parquet'
    """
    return f"{digest}-{photographs}.parquet"


def without_uuid(path: str) -> str:
    """Return the path of a file of Spark's without what differs each time it is written.

    Examples
    --------
    >>> without_uuid("data/part-00000-65324ec2-6e26-4a0c-8545-4defcc5c5e05-c000.snappy.parquet")
    'data/part-00000.snappy.parquet'
    """
    return _UUID.sub("", path)


def is_batch(name: str) -> bool:
    """Return whether an object has the name of a batch; anything else in its folder is not ours.

    Examples
    --------
    >>> is_batch(batch_name("0123456789abcdef" * 2, 512)), is_batch("_SUCCESS"), is_batch(".DS_Store")
    (True, False, False)
    """
    return bool(_BATCH.fullmatch(name))


def is_older_batch(name: str) -> bool:
    """Return whether an object has the name that batches had in layout 1, which does not show damage."""
    return bool(_OLDER_BATCH.fullmatch(name))


def is_result(path: str) -> bool:
    """Return whether a path is that of an object that a run leaves as a part of its results.

    Examples
    --------
    >>> is_result("pca/0123456789abcdef/arrays.npz"), is_result("pca/0123456789abcdef/model/.DS_Store")
    (True, False)
    """
    return bool(_RESULT.fullmatch(path))


def photographs_in(path: str) -> int:
    """Return how many photographs a batch holds, by its name.

    Examples
    --------
    >>> photographs_in("features/model=0123456789abcdef/8c5f-512.parquet")
    512
    """
    return int(path.removesuffix(".parquet").rpartition("-")[2])


def stem(path: str) -> str:
    """Return the name of an object without its folders and its suffix; a batch's projections have the batch's.

    Examples
    --------
    >>> stem("features/model=0123456789abcdef/8c5f-512.parquet")
    '8c5f-512'
    """
    return path.rpartition("/")[2].rpartition(".")[0]
