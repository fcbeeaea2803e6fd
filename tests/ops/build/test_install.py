"""The counter of the longest wait: what pip fetches and installs."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from ops.build.install import Counter, install, wanted


class Terminal(io.StringIO):
    """A terminal that keeps what it is shown."""

    def isatty(self) -> bool:
        return True


def _wheel(folder: Path, name: str) -> str:
    """Write the smallest wheel, and return its requirement with its hash."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in files.items():
            archive.writestr(entry, content)
    return f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def test_a_lock_counts_what_this_machine_needs() -> None:
    lock = (
        "a==1 \\\n    --hash=sha256:00\n    # via b\n"
        "b[x]==2 ; python_full_version < '3' \\\n    --hash=sha256:00\nc-d==1 ; sys_platform != 'none'\n"
    )
    assert wanted(lock) == 2


def test_locked_packages_are_counted_and_held_to_their_hashes(tmp_path: Path) -> None:
    lock, target, shown = tmp_path / "lock.txt", tmp_path / "target", io.StringIO()
    lock.write_text("".join(_wheel(tmp_path, f"fig{number}") for number in range(4)))
    arguments = ["--no-index", "--find-links", str(tmp_path), "--target", str(target), "--require-hashes"]
    assert install([*arguments, "-r", str(lock)], Counter(wanted(lock.read_text()), target, shown)) == 0
    assert "  fetched 4 of 4 packages\n" in shown.getvalue()
    assert (target / "fig3.py").exists()


def test_a_package_of_another_hash_fails_with_what_pip_says(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"{_wheel(tmp_path, 'fig').partition('sha256:')[0]}sha256:{'0' * 64}\n")
    arguments = ["--no-index", "--find-links", str(tmp_path), "--target", str(tmp_path / "target"), "--require-hashes"]
    assert install([*arguments, "-r", str(lock)], Counter(1, tmp_path, io.StringIO())) != 0
    assert "DO NOT MATCH THE HASHES" in capfd.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        "  Downloading tensor_flow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl (620.8 MB)\n",
        "  Using cached tensor_flow-2.21.0-py3-none-any.whl\n",
        "Processing /wheels/tensor_flow-2.21.0-py3-none-any.whl (from -r lock.txt (line 1))\n",
        "Requirement already satisfied: tensor-flow==2.21.0 in /somewhere\n",
    ],
)
def test_a_terminal_shows_one_line_that_changes(line: str, tmp_path: Path) -> None:
    terminal = Terminal()
    counter = Counter(100, tmp_path, terminal)
    for _ in range(2):
        counter.read(line)
    counter.read("  Downloading tensor_flow-2.21.0-py3-none-any.whl.metadata (4 kB)\n")
    assert terminal.getvalue().splitlines()[-1].startswith("\x1b[K  fetched 1 of 100 packages: tensor")


def test_what_is_installed_is_counted_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "old-1.dist-info").mkdir()
    terminal = Terminal()
    counter = Counter(3, tmp_path, terminal)
    counter.look()
    (tmp_path / "new-1.dist-info").mkdir()
    counter.look()
    assert "installed 1 of 3 packages" in terminal.getvalue()
    assert "installed 2" not in terminal.getvalue()
