"""Hook of MkDocs: the pages about the code of the job, the presentation if it was made, and the order of all pages."""

from pathlib import Path
from typing import Any, Final

from ops.project import ROOT

DECK: Final = ROOT / "build" / "deck"
RECORDINGS: Final = ROOT / "build" / "recordings"
_API: Final = "api"

Navigation = list[dict[str, Any]]


def api_pages(package: Path = ROOT / "job") -> dict[str, str]:
    """Return a page for each folder of the job, with what each of its modules offers; by its address in the site."""
    pages: dict[str, str] = {}
    for folder in sorted({file.parent for file in package.rglob("*.py")}):
        name = ".".join(folder.relative_to(package.parent).parts)
        modules = [
            name,
            *(f"{name}.{file.stem}" for file in sorted(folder.glob("*.py")) if file.stem != "__init__"),
        ]
        pages[f"{_API}/{name}.md"] = "\n\n".join([f"# {name}", *(f"::: {module}" for module in modules)]) + "\n"
    return pages


def deck_files(folder: Path = DECK) -> list[Path]:
    """Return the files of the presentation that people open, without those that it is made from; none if not made."""
    found = [file for file in folder.glob("*") if file.suffix in (".html", ".pdf", ".pptx")]
    return sorted(file for file in found if ".bare" not in file.suffixes)


def deck_page(folder: Path = DECK, recordings: Path = RECORDINGS) -> str:
    """Return the page of the presentation: its files and its recorded demonstration, or how to make them."""
    listed = "\n".join(f"- [{file.name}](deck/{file.name})" for file in deck_files(folder))
    recorded = (recordings / "index.html").is_file()
    demonstration = "[Recorded](recordings/index.html)" if recorded else "Not made yet: `make docs`"
    return (
        f"# The presentation\n\n{listed or 'Not made yet: `make deck`, then `make docs` again.'}\n\n"
        f"## The demonstration\n\n{demonstration}; live: [`fruits present`](docs/presenting.md).\n"
    )


def navigation(sections: Navigation, decisions: Path = ROOT / "docs" / "decisions") -> Navigation:
    """Return sections of which the last has the decisions and the code of the job, too."""
    records = [f"docs/decisions/{file.name}" for file in sorted(decisions.glob("[0-9]*.md"))]
    ((title, pages),) = sections[-1].items()
    decided = {"Decisions": ["docs/decisions/README.md", *records]}
    return [*sections[:-1], {title: [*pages, decided, {"The job's code": sorted(api_pages())}]}]


def on_config(config: Any) -> Any:
    """Complete the order of the pages."""
    config.nav = navigation(config.nav)
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are no files."""
    from mkdocs.structure.files import File  # noqa: PLC0415 (only in .venv-docs)

    for address, text in {**api_pages(), "presentation.md": deck_page()}.items():
        files.append(File.generated(config, address, content=text))
    return files
