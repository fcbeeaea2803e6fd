"""The documents make a site that opens from the disk: every link leads somewhere, and nothing comes from elsewhere."""

import re
from pathlib import Path

import pytest

from ops.project import ROOT
from ops.site import build
from ops.site.pages import api_pages, deck_page, navigation

ELSEWHERE = re.compile(r"""<(?:script|img|link|iframe)[^>]*(?:src|href)=["']?(?:https?:)?//""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the documents as they are."""
    folder = tmp_path_factory.mktemp("site")
    assert build.make(folder / "source", folder / "site") == ""
    return folder / "site"


@pytest.mark.slow
def test_every_document_has_its_page(site: Path) -> None:
    documents = {file.relative_to(ROOT).with_suffix(".html") for file in (ROOT / "docs").glob("*.md")}
    renamed = {Path("docs/README.html"): Path("docs/index.html")}
    assert all((site / renamed.get(page, page)).is_file() for page in documents)
    assert "Two commands, no account" in (site / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_no_page_takes_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(list((ROOT / "docs" / "decisions").glob("*.md")))
    assert [(page.name, found) for page in pages for found in ELSEWHERE.findall(page.read_text(encoding="utf-8"))] == []


@pytest.mark.slow
def test_functions_of_the_job_are_described(site: Path) -> None:
    page = (site / "api" / "job.components.html").read_text(encoding="utf-8")
    assert 'id="job.components.pca"' in page
    assert "Parameters:" in page


@pytest.mark.slow
def test_a_link_that_leads_nowhere_fails_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in build.SHOWN:
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "SECURITY.md").unlink()
    (tmp_path / "SECURITY.md").write_text("[nowhere](docs/nowhere.md)\n", encoding="utf-8")
    monkeypatch.setattr(build, "DOCUMENTS", tmp_path)
    assert "docs/nowhere.md" in build.make(tmp_path / "source", tmp_path / "site")


def test_of_the_presentation_the_site_has_what_people_open_alone(tmp_path: Path) -> None:
    deck = tmp_path / "deck"
    deck.mkdir()
    for name in ("fruits.en.html", "fruits.en.bare.html", "fruits.en.md", "fruits.en.pdf", "flow.en.png"):
        (deck / name).touch()
    build.lay_out(tmp_path / "source", deck)
    assert {file.name for file in (tmp_path / "source" / "deck").iterdir()} == {"fruits.en.html", "fruits.en.pdf"}
    assert "bare" not in deck_page(deck)


def test_each_folder_of_code_has_a_page_with_its_modules(tmp_path: Path) -> None:
    for name in ("__init__.py", "main.py", "storage/__init__.py", "storage/store.py"):
        file = tmp_path / "job" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    pages = api_pages(tmp_path / "job")
    assert pages == {
        "api/job.md": "# job\n\n::: job\n\n::: job.main\n",
        "api/job.storage.md": "# job.storage\n\n::: job.storage\n\n::: job.storage.store\n",
    }


def test_the_presentation_is_listed_once_it_was_made(tmp_path: Path) -> None:
    assert "make deck" in deck_page(tmp_path)
    (tmp_path / "fruits.fr.pdf").touch()
    assert "[fruits.fr.pdf](deck/fruits.fr.pdf)" in deck_page(tmp_path)


def test_the_recorded_demonstration_is_linked_once_it_was_made(tmp_path: Path) -> None:
    assert "recordings/index.html" not in deck_page(tmp_path, tmp_path)
    (tmp_path / "index.html").touch()
    assert "[Recorded](recordings/index.html)" in deck_page(tmp_path, tmp_path)


def test_decisions_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("0102-b.md", "0001-a.md", "README.md"):
        (tmp_path / name).touch()
    ((_, pages),) = navigation([{"Change it": ["CONTRIBUTING.md"]}], tmp_path)[0].items()
    assert pages[1]["Decisions"] == [f"docs/decisions/{name}" for name in ("README.md", "0001-a.md", "0102-b.md")]
