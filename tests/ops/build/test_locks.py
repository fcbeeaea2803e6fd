from pathlib import Path

import pytest

from ops.build.locks import LOCKS, faults
from ops.project import ROOT

PINNED = "numpy==2.4.6 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via fruits\n"


@pytest.mark.parametrize("name", LOCKS)
def test_a_committed_lock_has_no_fault(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()

    assert "==" in text
    assert faults(name, text) == []


@pytest.mark.parametrize(
    ("addition", "fault"),
    [
        ("--index-url https://example.org/simple\n", "names an address"),
        ("requests==2.0 @ https://example.org/requests.whl\n", "names an address"),
        ("requests>=2\n", "not pinned"),
        ("requests==2.0\n", "not pinned"),
    ],
)
def test_an_address_or_an_open_requirement_is_a_fault(addition: str, fault: str) -> None:
    assert faults("x.txt", PINNED) == []
    assert fault in "".join(faults("x.txt", PINNED + addition))


def test_nodes_get_the_versions_that_the_laptop_has() -> None:
    def pins(name: str) -> set[str]:
        lines = Path(ROOT / "requirements" / name).read_text().splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line and not line.startswith((" ", "#"))}

    assert pins("nodes.txt") < pins("nodes-keras.txt") < pins("laptop.txt")
