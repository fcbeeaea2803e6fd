"""The notebook's source and what is built from it: two languages over one code, short cells, nothing to edit."""

import json
from typing import Any

import pytest

from job.notebook.words import LANGUAGES, Language
from ops.notebook import build
from ops.notebook.source import MOST_LINES, SOURCE, SourceError, cells, in_language

PROSE = '# %% [markdown] lang="fr"\n# Un\n\n# %% [markdown] lang="en"\n# One\n\n'
PARAMETERS = '# %% tags=["parameters"]\nlanguage = "en"\n\n'
WHOLE = f"{PROSE}{PARAMETERS}{PROSE}# %%\nprint(1)\n# %matplot plt\n"


def built(language: Language) -> Any:
    return json.loads(build.notebook(SOURCE.read_text(encoding="utf-8"), language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_committed_notebook_is_what_the_source_gives(language: Language) -> None:
    committed = build.path_of(language).read_text(encoding="utf-8")

    assert committed == build.notebook(SOURCE.read_text(encoding="utf-8"), language)


def test_both_languages_have_the_same_code_but_for_the_name_of_the_language() -> None:
    french, english = (
        [
            (cell["cell_type"], cell["source"] if cell["cell_type"] == "code" else [])
            for cell in built(language)["cells"]
        ]
        for language in LANGUAGES
    )
    differing = [(one[1], other[1]) for one, other in zip(french, english, strict=True) if one != other]

    assert [(set(one) - set(other), set(other) - set(one)) for one, other in differing] == [
        ({'language = "fr"\n'}, {'language = "en"\n'})
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notebook_has_no_outputs_and_every_cell_of_code_is_short_and_introduced(language: Language) -> None:
    notebook = built(language)
    kinds = [cell["cell_type"] for cell in notebook["cells"]]
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]

    assert notebook["metadata"]["kernelspec"]["name"] == "pysparkkernel"
    assert len(code) > 30
    assert all(kinds[number - 1] == "markdown" for number, kind in enumerate(kinds) if kind == "code")
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert max(len(cell["source"]) for cell in code) <= MOST_LINES


def test_magics_are_lines_of_the_notebook_and_comments_of_the_source() -> None:
    shown = in_language(cells(WHOLE), "en")

    assert shown[-1].text == "print(1)\n%matplot plt"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (f"{WHOLE}\n{PROSE}# %%\n" + "x = 1\n" * (MOST_LINES + 1), f"has {MOST_LINES + 1} lines"),
        (f"{WHOLE}\n# %%\nprint(2)\n", "has no prose before it"),
        (f'{WHOLE}\n# %% [markdown] lang="en"\n# Two\n', "comes in French"),
        (f'{WHOLE}\n# %% [markdown] lang="fr"\n# Deux\n\n# %%\nprint(2)\n', "comes in French"),
        (f'{WHOLE}\n# %% [markdown] lang="fr"\n# Deux\n\n# %% [markdown] lang="fr"\n# Trois\n', "comes in French"),
        (f'{WHOLE}\n# %% [markdown] lang="fr"\n# Deux\n', "comes in French"),
        (f"{WHOLE}\n{PROSE}# %%\n\n", "is empty"),
        (f"{WHOLE}\n# %% [raw]\n# x\n", "is no cell"),
        (f"{PROSE}# %%\nprint(1)\n", "the cell tagged parameters"),
    ],
)
def test_what_is_no_notebook_in_two_languages_is_refused(source: str, said: str) -> None:
    assert cells(WHOLE)
    with pytest.raises(SourceError, match=said):
        cells(source)


def test_a_notebook_that_is_not_what_the_source_gives_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "fruits.py"
    source.write_text(WHOLE, encoding="utf-8")
    monkeypatch.setattr(build, "SOURCE", source)
    monkeypatch.setattr("sys.argv", ["build"])
    assert build.main() == 0
    monkeypatch.setattr("sys.argv", ["build", "--check"])
    assert build.main() == 0

    (tmp_path / "fruits.fr.ipynb").write_text("{}", encoding="utf-8")

    assert build.main() == 1
    assert "fruits.fr.ipynb: not what notebooks/fruits.py gives; run: make fix" in capsys.readouterr().err
