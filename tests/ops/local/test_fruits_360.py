import subprocess
import sys
from pathlib import Path

import pytest

from ops.local.fruits_360 import FetchFailed, copy_subset


@pytest.fixture
def downloaded(tmp_path: Path) -> Path:
    root = tmp_path / "cache" / "fruits-360_100x100" / "fruits-360"
    for split, count in (("Training", 10), ("Test", 4)):
        for label in ("Apple Red 1", "Plum"):
            folder = root / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                (folder / f"{number}_100.jpg").write_bytes(b"jpeg")
    return tmp_path / "cache"


def test_all_is_copied_unless_told(downloaded: Path, tmp_path: Path) -> None:
    summary = copy_subset(downloaded, tmp_path / "photos")

    assert (summary.photographs, summary.labels) == (28, 2)
    assert len(list((tmp_path / "photos" / "Training" / "Plum").iterdir())) == 10


def test_a_subset_has_the_labels_and_counts_that_were_asked_for(downloaded: Path, tmp_path: Path) -> None:
    summary = copy_subset(downloaded, tmp_path / "photos", labels=["Plum"], per_label=5)

    assert (summary.photographs, summary.labels) == (5 + 4, 1)
    assert sorted(path.name for path in (tmp_path / "photos" / "Training").iterdir()) == ["Plum"]
    names = sorted(path.name for path in (tmp_path / "photos" / "Training" / "Plum").iterdir())
    assert names == ["0_100.jpg", "2_100.jpg", "4_100.jpg", "6_100.jpg", "8_100.jpg"]


def test_an_unknown_label_is_refused_with_some_that_exist(downloaded: Path, tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match=r"no label .Pluto..*Apple Red 1, Plum"):
        copy_subset(downloaded, tmp_path / "photos", labels=["Pluto"])


def test_a_folder_that_is_no_fruits_360_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match="no folder Training"):
        copy_subset(tmp_path, tmp_path / "photos")


def test_without_network_the_command_says_what_to_do_instead(tmp_path: Path) -> None:
    proxies = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "HOME": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-m", "ops.cli", "images", "fetch", str(tmp_path / "photos")],
        env={**proxies, "KAGGLEHUB_CACHE": str(tmp_path), "COLUMNS": "400"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 1
    assert "cannot download moltean/fruits" in done.stderr
    assert "fruits images sample" in done.stderr
    assert "Traceback" not in done.stderr
