"""Fetch Fruits-360 from Kaggle, or a subset of it by label and count."""

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.errors import FruitsError

DATASET: Final = "moltean/fruits"
_SPLITS: Final = ("Training", "Test")


class FetchFailed(FruitsError):
    """The photographs could not be fetched; the message says what to do."""


@dataclass(frozen=True)
class FetchSummary:
    """What was fetched: number of photographs, and of labels."""

    photographs: int
    labels: int


def fetch_fruits_360(folder: Path, *, labels: Collection[str] = (), per_label: int | None = None) -> FetchSummary:
    """Download the data set (kagglehub keeps it in its cache) and copy what is asked for.

    Parameters
    ----------
    folder
        Gets ``Training/<label>/…`` and ``Test/<label>/…``.
    labels
        Labels to copy; all by default.
    per_label
        Largest number of photographs of each label in each split, spread evenly over its names.

    Raises
    ------
    FetchFailed
        Without network, or for a label that the data set does not have.
    """
    import kagglehub  # noqa: PLC0415 - slow to import, and only this command needs it

    try:
        downloaded = Path(kagglehub.dataset_download(DATASET))
    except Exception as error:
        first_line = str(error).partition("\n")[0]
        raise FetchFailed(
            f"cannot download {DATASET} from Kaggle ({first_line}). Without network: fruits images sample FOLDER draws"
            " a sample; or unpack the data set yourself and give its folder to --images"
        ) from error
    return copy_subset(downloaded, folder, labels=labels, per_label=per_label)


def copy_subset(
    source: Path, folder: Path, *, labels: Collection[str] = (), per_label: int | None = None
) -> FetchSummary:
    """Copy the splits of the 100 x 100 pixel edition found below a downloaded data set.

    Raises
    ------
    FetchFailed
        If there is no such edition, or a label is not in it.
    """
    training = sorted(source.rglob("Training"), key=lambda path: ("100x100" not in str(path), str(path)))
    if not training:
        raise FetchFailed(f"no folder Training below {source}; expected Fruits-360 as Kaggle's {DATASET} has it")
    root = training[0].parent
    known = {path.name for split in _SPLITS for path in (root / split).glob("*") if path.is_dir()}
    unknown = sorted(set(labels) - known)
    if unknown:
        raise FetchFailed(f"no label {unknown[0]!r} in Fruits-360; it has, for example: {', '.join(sorted(known)[:8])}")
    copied = 0
    wanted = sorted(set(labels) or known)
    for split in _SPLITS:
        for label in wanted:
            photographs = sorted((root / split / label).glob("*.jpg"))
            chosen = _spread(photographs, len(photographs) if per_label is None else per_label)
            target = folder / split / label
            target.mkdir(parents=True, exist_ok=True)
            for photograph in chosen:
                shutil.copy2(photograph, target / photograph.name)
            copied += len(chosen)
    return FetchSummary(copied, len(wanted))


def _spread(photographs: list[Path], count: int) -> list[Path]:
    count = min(count, len(photographs))
    return [photographs[number * len(photographs) // count] for number in range(count)]
