"""Published pages open offline, are small, and name no folder of their maker."""

import html
import json
import re

import pytest

from job.notebook.words import LANGUAGES, Language
from ops.notebook.build import path_of
from ops.notebook.publishable import LARGEST, NotPublishable, require_publishable
from ops.project import ROOT

PAGE = '<html><style>p { color: red }</style><img src="data:image/png;base64,AA"><a href="https://example.org">a</a>'


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_committed_pages_are_publishable(language: Language) -> None:
    require_publishable((ROOT / "docs" / "notebook" / f"fruits.{language}.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_committed_pages_show_the_code_of_the_committed_notebooks(language: Language) -> None:
    notebook = json.loads(path_of(language).read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "notebook" / f"fruits.{language}.html").read_text(encoding="utf-8")
    shown = html.unescape(re.sub(r"<[^>]*>", "", page))
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]

    assert [cell for cell in code if cell not in shown] == [], "run: make notebook-docs IMAGES=folder"


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ("<script>f()</script>", "would load something"),
        ('<link rel="stylesheet" href="a.css">', "would load something"),
        ('<img src="a.png">', "would load something"),
        ("<img src=a.png>", "would load something"),
        ("<style>p { background: url(a.png) }</style>", "would load something"),
        ("<style>@import 'a.css'</style>", "would load something"),
        ("file:///home/someone/out", "names a folder of the machine"),
        ("x" * LARGEST, "at most 3,000,000"),
    ],
)
def test_a_page_that_loads_names_or_weighs_too_much_is_refused(addition: str, said: str) -> None:
    require_publishable(PAGE)
    with pytest.raises(NotPublishable, match=said):
        require_publishable(PAGE + addition)
