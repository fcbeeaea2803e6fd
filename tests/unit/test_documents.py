"""The documents: what they name exists."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.imports import PROJECT
from tests.makefile import run_make

GUIDE = PROJECT / "CONTRIBUTING.md"
INDEX = PROJECT / "docs" / "README.md"
PAGES = sorted(
    page
    for page in (*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md"))
    if "node_modules" not in page.parts  # packages that draw the slides
)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")


@cache
def _anchors(page: Path) -> frozenset[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def dead_links(page: Path) -> list[str]:
    """Return the links of a page to files or headings that are not there."""
    dead = []
    for path, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            dead.append(f"{path}#{anchor}" if anchor else path)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Apples\n[a](page.md) [b](#apples) [c](#pears) [d](none.md)", encoding="utf-8")
    assert dead_links(page) == ["#pears", "none.md"]


def test_the_index_of_the_documents_names_every_page() -> None:
    named = {(INDEX.parent / path).resolve() for path, _ in _LINK.findall(INDEX.read_text(encoding="utf-8"))}
    pages = {page for page in INDEX.parent.glob("*.md") if page != INDEX}
    assert {page.name for page in pages - named} == set()


def test_files_and_folders_that_the_guide_names_exist() -> None:
    named = re.findall(r"`((?:[\w.]+/)+[\w.]*)`", GUIDE.read_text(encoding="utf-8"))
    inside = [path for path in named if not path.startswith("infra/*")]
    assert len(inside) > 20
    # Below the folder that their row is about.
    parts = {"unit/", "embedded/", "node/", "livy/", "scenario/", "present/"}
    assert [path for path in inside if path not in parts and not (PROJECT / path).exists()] == []


def test_targets_that_the_guide_names_exist() -> None:
    named = set(re.findall(r"`make ([a-z]+)", GUIDE.read_text(encoding="utf-8")))
    listed = run_make("help").stdout
    assert {"unit", "test", "check", "fix"} <= named <= set(re.findall(r"^  make ([a-z]+)", listed, flags=re.MULTILINE))
