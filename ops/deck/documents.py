"""Write the documents that stand in both languages: `python -m ops.deck.documents`, or ``--check`` them.

Each `docs/<name>.md.j2` gives `docs/<name>.fr.md` and `docs/<name>.en.md`, whose figures are facts.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from job.notebook.words import LANGUAGES, Language
from ops.console import complain
from ops.deck.facts import Figures, source_line
from ops.deck.pairs import render_pairs
from ops.errors import ExitCode, FruitsError
from ops.facts.fact import Fact, Facts, read_facts
from ops.project import ROOT

FOLDER: Final = ROOT / "docs"
_ENDING: Final = ".md.j2"


def document(name: str, source: str, facts: Facts, language: Language) -> str:
    """Write a document in one language; its last line names the commands behind its figures.

    Parameters
    ----------
    name
        Of the template's file.
    source
        The template.
    facts
        Its figures.
    language
        Which text of each pair.
    """
    used: dict[str, Fact] = {}
    figures = Figures(facts, language, use=used.__setitem__)
    words: dict[str, Callable[..., str]] = {"fact": figures.fact, "duration": figures.duration, "ratio": figures.ratio}
    text = render_pairs(name, source, language, words).strip()
    line = source_line(used, language)
    return f"{text}\n\n---\n\n{line}\n" if line else f"{text}\n"


def documents(facts: Facts, folder: Path = FOLDER) -> dict[Path, str]:
    """Write all documents of a folder, and give what each file is to hold."""
    return {
        template.with_name(f"{template.name.removesuffix(_ENDING)}.{language}.md"): document(
            template.name, template.read_text(encoding="utf-8"), facts, language
        )
        for template in sorted(folder.glob(f"*{_ENDING}"))
        for language in LANGUAGES
    }


def main() -> int:
    """Write the documents, or with ``--check`` say which are not what their templates give."""
    try:
        made = documents(read_facts())
    except FruitsError as error:
        complain(str(error))
        return ExitCode.FAILED
    if "--check" not in sys.argv[1:]:
        for path, text in made.items():
            path.write_text(text, encoding="utf-8")
        return ExitCode.OK
    old = [path.name for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if old:
        complain(f"docs/{', '.join(old)}: not what the template gives with the facts of now; run: make fix")
    return ExitCode.FAILED if old else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
