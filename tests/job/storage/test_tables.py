"""What is computed of the columns of the tables."""

import pyarrow as pa
import pytest

from job.storage.tables import without_formulas


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(start: str) -> None:
    table = pa.table({"uri": ["s3://b/1"], "label": [f"{start}HYPERLINK(1)"], "bytes": [-1]})
    assert without_formulas(table).to_pylist() == [{"uri": "s3://b/1", "label": f"'{start}HYPERLINK(1)", "bytes": -1}]


@pytest.mark.parametrize("text", ["", "Apple", "1 = 1", "'=1", "\u00e9"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    table = pa.table({"label": pa.array([text, None])})
    assert without_formulas(table).equals(table)
