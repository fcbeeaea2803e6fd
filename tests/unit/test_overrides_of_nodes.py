"""Nothing that a node of the rehearsal has, and a real one lacks, is needed by what is deployed."""

import re
from pathlib import Path

import pytest

from rehearsal.node.overrides import OVERRIDES, table

ROOT = Path(__file__).parents[2]
DEPLOYED = [path for pattern in ("job/**/*.py", "assets/**/*.sh", "infra/job_step.py") for path in ROOT.glob(pattern)]
VARIABLES = sorted({item.name for item in OVERRIDES if item.place in ("environment", "spark-env")})
PAGE = ROOT / "docs" / "rehearsal.md"


@pytest.mark.parametrize("name", VARIABLES)
def test_no_deployed_file_reads_a_variable_that_only_the_rehearsal_sets(name: str) -> None:
    readers = [path.name for path in DEPLOYED if re.search(rf"\b{name}\b", path.read_text(encoding="utf-8"))]
    assert readers == []


def test_the_search_would_find_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "reader.py"
    path.write_text(f"os.environ['{VARIABLES[0]}']", encoding="utf-8")
    assert re.search(rf"\b{VARIABLES[0]}\b", path.read_text(encoding="utf-8"))
    assert len(DEPLOYED) > 30


def test_no_override_is_an_endpoint_of_aws_or_a_region() -> None:
    names = " ".join(item.name for item in OVERRIDES)
    assert not re.search(r"AWS_ENDPOINT_URL|AWS_REGION|AWS_DEFAULT_REGION|AWS_CA_BUNDLE|ACCESS_KEY", names)


def test_in_namespaces_no_override_is_a_variable_of_programs() -> None:
    assert {item.only for item in OVERRIDES if item.place == "environment"} == {"shared"}


def test_the_page_has_the_table_as_it_is() -> None:
    assert "\n".join(table()) in PAGE.read_text(encoding="utf-8")
