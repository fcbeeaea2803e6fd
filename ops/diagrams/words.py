"""The words of the diagrams in both languages, from one table."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from job.notebook.words import Language, Words
from ops.diagrams.drawing import DiagramError

TABLE: Final = Path(__file__).with_name("words.toml")


class Labels:
    """Looks up what is written in a language, with numbers as that language writes them.

    Parameters
    ----------
    language
        The language.
    path
        The table: by key the words in each language.
    """

    def __init__(self, language: Language, path: Path = TABLE) -> None:
        self.language = language
        self._words = Words(language)
        self._table: Mapping[str, Mapping[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))

    def __call__(self, key: str, **values: Any) -> str:
        """Return the words for a key, with values put into them.

        Raises
        ------
        DiagramError
            If it has not got words in both languages.
        """
        pair = self._table.get(key, {})
        if set(pair) != {"fr", "en"}:
            raise DiagramError(f"{key} has no words in both languages: add fr and en to ops/diagrams/words.toml")
        return self._words.text(fr=pair["fr"], en=pair["en"], **values)
