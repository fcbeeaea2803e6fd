"""The photographs of the report: those with a picture and their neighbours, and the many that are points of the map."""

import base64
import functools
import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from job.report.neighbours import (
    Neighbours,
    clear_case,
    cosine_neighbours,
    euclidean_neighbours,
    instructive_mistake,
)
from job.report.sprite import Sprite, build_sprite, label_pictures

MAP_COMPONENTS = 3
BAND = 60
"""Pictures at the head of the page, one a label."""

_PLACES = 32_767  # of a coordinate, to either side: int16


@dataclass(frozen=True)
class Neighbour:
    """A neighbour as the page shows it."""

    index: int
    label: str
    distance: str
    same: bool
    place: str


class Chosen(NamedTuple):
    """One photograph and its neighbours; the script of the page fills the same elements anew."""

    label: str
    split: str
    name: str
    place: str
    same: int
    neighbours: list[Neighbour]


class Agreement(NamedTuple):
    """How often the nearest, and all of the nearest, carry the same label: 0 to 1."""

    first: float
    all: float


@dataclass(frozen=True, eq=False)
class Gallery:
    """The n photographs of the map, of which the first g have a picture.

    Attributes
    ----------
    root : str
        URI of the photographs.
    labels : ndarray of str, shape (n,)
    splits, names : list of str
        A name is the uri without the root of the run.
    places : ndarray, shape (n, min(k, 3))
        First components.
    thumbnails : list of bytes
        Encoded; g of them.
    sprite : Sprite
    cosine, euclidean : Neighbours
        Among the first g, in all k components.
    """

    root: str
    labels: NDArray[np.str_]
    splits: list[str]
    names: list[str]
    places: NDArray[np.float64]
    thumbnails: list[bytes]
    sprite: Sprite
    cosine: Neighbours
    euclidean: Neighbours

    @classmethod
    def from_tables(cls, pictures: pa.Table, points: pa.Table, root: str) -> "Gallery":
        """Read the photographs with a picture, and all others.

        Parameters
        ----------
        pictures
            uri, label, split, thumbnail and projection of every row.
        points
            uri, label, split and place; those with a picture may be among them.
        root
            URI of the photographs.

        Raises
        ------
        ValueError
            When a thumbnail cannot be decoded, or projections differ in length.
        """
        projections = _matrix(pictures, "projection")
        uris = pictures["uri"].to_pylist()
        others = points.filter(pc.invert(pc.is_in(points["uri"], pa.array(uris, pa.string())))).sort_by("uri")
        thumbnails = pictures["thumbnail"].to_pylist()
        parts = [projections[:, :MAP_COMPONENTS], _matrix(others, "place")]
        places = [part for part in parts if len(part)] or parts[:1]  # without rows, a part has no width
        prefix = root.rstrip("/") + "/"
        return cls(
            root.rstrip("/"),
            np.array(pictures["label"].to_pylist() + others["label"].to_pylist(), dtype=np.str_),
            pictures["split"].to_pylist() + others["split"].to_pylist(),
            [uri.removeprefix(prefix) for uri in uris + others["uri"].to_pylist()],
            np.concatenate(places),
            thumbnails,
            build_sprite(thumbnails, uris),
            cosine_neighbours(projections),
            euclidean_neighbours(projections),
        )

    @property
    def size(self) -> int:
        """Photographs on the map."""
        return len(self.labels)

    @property
    def pictures(self) -> int:
        """Those with a picture."""
        return len(self.thumbnails)

    @functools.cached_property
    def known_labels(self) -> list[str]:
        """All labels on the map, sorted."""
        return [str(name) for name in np.unique(self.labels)]

    @functools.cached_property
    def _pictured(self) -> dict[str, int]:
        """The first photograph with a picture of every label that has one, sorted by label."""
        names, first = np.unique(self.labels[: self.pictures], return_index=True)
        return {str(name): int(index) for name, index in zip(names, first, strict=True)}

    @functools.cached_property
    def _rank(self) -> dict[str, int]:
        return {name: rank for rank, name in enumerate(self._pictured)}

    @property
    def label_pictures(self) -> list[str]:
        """One picture a label, in base64; CSS class ``of-0`` and so on."""
        return label_pictures([self.thumbnails[index] for index in self._pictured.values()])

    def picture_class(self, label: str) -> str:
        """Return the CSS class that shows a picture of `label`, or none when the sample has none."""
        rank = self._rank.get(label)
        return "none" if rank is None else f"of-{rank}"

    @property
    def band(self) -> list[str]:
        """Labels for the head of the page, evenly from all that have a picture."""
        names = list(self._pictured)
        chosen = np.linspace(0, len(names) - 1, min(BAND, len(names))).astype(int)
        return [names[index] for index in chosen]

    @functools.cached_property
    def examples(self) -> dict[str, int]:
        """Photographs that are worth a first look, by what they show; empty if there is nothing to compare."""
        if self.pictures < 2:
            return {}
        labels = self.labels[: self.pictures]
        cases = {
            "An instructive mistake": instructive_mistake(self.cosine, labels),
            "A clear case": clear_case(self.cosine, labels),
        }
        return {name: index for name, index in cases.items() if index is not None} or {"The first": 0}

    @property
    def start(self) -> int | None:
        """The photograph that is chosen when the page opens."""
        return next(iter(self.examples.values()), None)

    @functools.cached_property
    def _same(self) -> NDArray[np.bool_]:
        return self.cosine.same_label(self.labels[: self.pictures])

    @property
    def agreement(self) -> Agreement:
        """How often neighbours by cosine carry the same label."""
        return Agreement(float(self._same[:, 0].mean()), float(self._same.mean()))

    @property
    def chosen(self) -> Chosen:
        """The photograph at the start, with its neighbours by cosine."""
        start = self.start or 0
        near = zip(
            self.cosine.index[start].tolist(),
            self.cosine.distance[start].tolist(),
            self._same[start].tolist(),
            strict=True,
        )
        return Chosen(
            str(self.labels[start]),
            self.splits[start],
            self.names[start],
            self.sprite.place(start),
            int(self._same[start].sum()),
            [
                Neighbour(index, str(self.labels[index]), f"{distance:.3g}", same, self.sprite.place(index))
                for index, distance, same in near
            ],
        )

    def for_the_script(self) -> dict[str, Any] | None:
        """Return what the script of the page draws and finds, or None when there is nothing to compare."""
        if self.start is None:
            return None
        scale = float(np.abs(self.places).max()) or 1.0
        places = np.round(self.places / scale * _PLACES).astype("<i2")
        folders = [name.rpartition("/")[0] for name in self.names]
        known = sorted(set(folders))
        rank = {folder: number for number, folder in enumerate(known)}
        codes = np.searchsorted(np.array(self.known_labels, dtype=np.str_), self.labels).tolist()
        alike = itertools.groupby(zip((rank[folder] for folder in folders), codes, self.splits, strict=True))
        return {
            "root": self.root,
            "columns": self.sprite.columns,
            "rows": self.sprite.rows,
            "pictures": self.pictures,
            "labels": self.known_labels,
            "folders": known,
            "runs": [[*key, sum(1 for _ in group)] for key, group in alike],
            "files": [name.rpartition("/")[2] for name in self.names],
            "places": [base64.b64encode(column.tobytes()).decode("ascii") for column in places.T],
            "neighbours": {
                metric: {
                    "index": found.index.tolist(),
                    "distance": [[float(f"{value:.3g}") for value in row] for row in found.distance.tolist()],
                }
                for metric, found in (("cosine", self.cosine), ("euclidean", self.euclidean))
            },
            "start": self.start,
        }


def _matrix(table: pa.Table, column: str) -> NDArray[np.float64]:
    flat: NDArray[np.float64] = pc.list_flatten(table[column]).to_numpy().astype(np.float64)
    return flat.reshape(table.num_rows, -1) if table.num_rows else flat.reshape(0, 1)
