"""A trial: the job on some of the photographs, whose results are apart from those of all."""

import difflib
import hashlib
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from job.errors import JobError
from job.storage.layout import trial_folder

_NAMED: Final = 10
"""Labels that are there, named where one is asked for that is not."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Which photographs a trial takes.

    Parameters
    ----------
    limit
        At most so many photographs; None for all.
    labels
        Photographs of these labels, sorted; of all if there are none.
    """

    limit: int | None
    labels: tuple[str, ...]

    @classmethod
    def of(cls, limit: int | None, labels: Sequence[str]) -> "Trial | None":
        """Make it of the arguments; None where neither is given, which asks for the whole run.

        Parameters
        ----------
        limit
            At most so many photographs.
        labels
            Labels, each text one or several of them between commas.

        Raises
        ------
        JobError
            For labels without a name.
        """
        named = {unicodedata.normalize("NFC", part.strip()) for text in labels for part in text.split(",")}
        if "" in named:
            raise JobError(
                f"--label {','.join(labels)}: an empty label; give names of folders, such as --label Kiwi,Fig"
            )
        return cls(limit=limit, labels=tuple(sorted(named))) if limit or named else None

    @property
    def options(self) -> tuple[str, ...]:
        """The arguments that ask for it."""
        limit = ("--limit", str(self.limit)) if self.limit else ()
        return (*limit, *(("--label", ",".join(self.labels)) if self.labels else ()))

    @property
    def results(self) -> str:
        """Path of its results, below those of the whole run; the same trial has the same."""
        asked = json.dumps([self.limit, *self.labels])
        return trial_folder(hashlib.sha256(asked.encode()).hexdigest()[:16])

    def facts(self) -> dict[str, Any]:
        """Return it as JSON-able facts, for manifest and record."""
        return {"limit": self.limit, "labels": list(self.labels), "results": self.results}

    def describe(self, photographs: int, of: int) -> str:
        """Return a sentence on what part of the photographs it took.

        Parameters
        ----------
        photographs
            How many it took.
        of
            How many there are.
        """
        labels = f", of the labels {', '.join(self.labels)}" if self.labels else ""
        return (
            f"A trial with {photographs:,} of {of:,} photographs{labels}; its results are apart from those of the"
            " whole run."
        )

    def choose(self, photographs: pa.Table) -> pa.Table:
        """Choose photographs: of each label as many as of the others, as far as there are so many.

        A label's photographs follow one another by a hash of their paths, so the same ones are chosen each time, and a
        larger limit adds to a smaller one.

        Parameters
        ----------
        photographs
            Columns `path` and `label` among others, sorted by path; so are those returned.

        Raises
        ------
        JobError
            For a label that no photograph has.
        """
        if self.labels:
            _require_labels(self.labels, pc.unique(photographs["label"]).to_pylist())
            photographs = photographs.filter(pc.is_in(photographs["label"], pa.array(self.labels)))
        if self.limit is None or self.limit >= photographs.num_rows:
            return photographs
        return photographs.take(pa.array(np.sort(_in_turn(photographs)[: self.limit])))


def _require_labels(wanted: Sequence[str], there: Sequence[str]) -> None:
    for label in wanted:
        if label not in there:
            near = difflib.get_close_matches(label, there, n=1)
            shown = ", ".join(sorted(there)[:_NAMED]) + (f" and {len(there) - _NAMED} more" if there[_NAMED:] else "")
            meant = f"did you mean {near[0]!r}?" if near else f"there are: {shown}"
            raise JobError(f"--label {label}: no photograph has this label (the folder that it lies in); {meant}")


def _in_turn(photographs: pa.Table) -> NDArray[np.int64]:
    """Return the numbers of the rows: the first of each label, the second of each, and so on."""
    codes = pc.dictionary_encode(photographs["label"].combine_chunks()).indices.to_numpy()
    paths = photographs["path"].to_pylist()
    hashes = np.array([int.from_bytes(hashlib.blake2b(path.encode(), digest_size=8).digest()) for path in paths], "u8")
    order = np.lexsort((hashes, codes))
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    return np.lexsort((hashes, ranks))
