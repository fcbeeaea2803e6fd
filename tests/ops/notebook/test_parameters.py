"""Parameters of a notebook come from outside, in a cell behind its own."""

import json

import pytest

from ops.notebook.build import path_of
from ops.notebook.parameters import NoParameters, with_parameters


def test_they_come_behind_those_of_the_notebook_which_stays_as_it_was() -> None:
    notebook = json.loads(path_of("en").read_text(encoding="utf-8"))
    before = len(notebook["cells"])
    given = with_parameters(notebook, {"components": 3, "output": "s3://bucket/it's"})["cells"]
    (place,) = [number for number, cell in enumerate(given) if cell["metadata"].get("tags") == ["injected-parameters"]]

    assert given[place - 1]["metadata"]["tags"] == ["parameters"]
    assert given[place]["source"] == 'components = 3\noutput = "s3://bucket/it\'s"'
    assert len(notebook["cells"]) == before == len(given) - 1


def test_without_values_nothing_is_added() -> None:
    notebook: dict[str, list[object]] = {"cells": []}

    assert with_parameters(notebook, {}) is notebook


def test_a_notebook_without_a_cell_for_them_cannot_be_given_any() -> None:
    with pytest.raises(NoParameters, match="no cell tagged parameters, so it cannot be given components"):
        with_parameters({"cells": []}, {"components": 3})
