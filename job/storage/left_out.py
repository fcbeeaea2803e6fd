"""What lies among photographs and is none: by its name alone, so that listing and uploading leave out the same.

Whatever may be a photograph stays in, and is quarantined with its reason if it is none.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

SAMPLE_MARKER: Final = "_sample.json"

_SCENES: Final = frozenset({"test-multiple_fruits", "papers", "meta"})
"""Beside the photographs of the releases of Fruits-360: pictures of several fruits, articles, descriptions."""

# A leading underscore alone hides nothing: cameras begin the names of Adobe RGB photographs with one (DCF 2.0, 3.2.3).
_OF_SYSTEMS: Final = re.compile(
    r"thumbs\.db|ehthumbs\w*\.db|desktop\.ini|icon\r|__macosx|\$recycle\.bin|system volume information|@eadir"
    r"|lost\+found|_success|_temporary|_spark_metadata|_metadata|_common_metadata|_delta_log|_(?:started|committed)_\d+"
    rf"|{re.escape(SAMPLE_MARKER)}",
    re.IGNORECASE,
)
_FIRST: Final = tuple("_@$tTeEdDiIlLsS")
"""What these names begin with; of most photographs no more than the first character is looked at."""

_TEXTS: Final = re.compile(
    r"txt|md|rst|csv|tsv|json|jsonl|ndjson|xml|html?|ya?ml|toml|ini|cfg|conf|log|db|sqlite|parquet|np[yz]|pkl|h5|mat"
    r"|pyc?|ipynb|js|css|sh|bat|exe|dll|docx?|xlsx?|pptx?|od[ts]|rtf|tex|bib|url|lnk|torrent|md5|sha1|sha256"
    r"|xmp|aae|thm|pp3|dop|mp3|wav|m4a"
)
_TEXTS_WITHOUT_ENDING: Final = re.compile("licen[sc]e|readme|copying|makefile|notice|changelog|authors|version")
ARCHIVES: Final = re.compile(r"zip|t?gz|bz2|xz|zst|tar|7z|rar")

MARKER_OF_FOLDER: Final = "markers of folders"
HIDDEN: Final = "hidden files"
OF_SYSTEM: Final = "files of systems and programs"
OF_RELEASE: Final = "scenes and texts of Fruits-360"
ARCHIVE: Final = "archives, to be unpacked"
TEXT: Final = "texts and data"


def left_out(path: str) -> str:
    """Return as what an object is left out, by its path below the root; empty for what is taken for a photograph."""
    *folders, name = path.split("/")
    if not name:
        return MARKER_OF_FOLDER
    for part in (*folders, name):
        if part.startswith(".") and part not in (".", ".."):  # these two are odd names on S3, and no folders
            return HIDDEN
        if (part.startswith(_FIRST) and _OF_SYSTEMS.fullmatch(part)) or part.endswith("_$folder$"):
            return OF_SYSTEM
    if any(part.casefold() in _SCENES for part in folders):
        return OF_RELEASE
    stem, _, ending = name.casefold().rpartition(".")
    if not stem:
        return TEXT if _TEXTS_WITHOUT_ENDING.fullmatch(ending) else ""
    return ARCHIVE if ARCHIVES.fullmatch(ending) else TEXT if _TEXTS.fullmatch(ending) else ""


@dataclass
class LeftOut:
    """How much was left out, and one example, by what it is."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, path: str) -> None:
        """Count one."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.examples[kind] = min(path, self.examples.get(kind, path))

    @property
    def total(self) -> int:
        """How many objects there were."""
        return sum(self.counts.values())

    def rows(self) -> list[dict[str, Any]]:
        """Return what was left out as JSON-able facts, most first."""
        kinds = sorted(self.counts, key=lambda kind: (-self.counts[kind], kind))
        return [{"kind": kind, "count": self.counts[kind], "example": self.examples[kind]} for kind in kinds]

    def __str__(self) -> str:
        return left_out_in_words(self.rows())


def left_out_in_words(rows: Iterable[dict[str, Any]]) -> str:
    """Return `LeftOut.rows` in words."""
    return "; ".join(f"{row['count']:,} {row['kind']}, such as {row['example']!r}" for row in rows)
