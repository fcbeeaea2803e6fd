import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops import cli
from ops.local import spark_submit

run = CliRunner().invoke

MANIFEST: dict[str, Any] = {
    "run": "abc",
    "images": {"count": 12, "bytes": 2_000_000, "labels": 3, "rendered": True},
    "model": {"name": "MobileNetV2", "weights": "torchvision IMAGENET1K_V1", "engine": "litert"},
    "counts": {"images": 12, "features": 10, "quarantined": 2, "computed": 12, "reused": 0, "reasons": {"empty": 2}},
    "pca": {"components": 4, "explained": 0.956},
    "seconds": {"featurize": 2.0, "total": 9.5},
    "slots": 2,
}


def script(path: Path, *lines: str, code: int = 0) -> list[str]:
    """Stand for spark-submit: say what it says, and end as it ends."""
    path.write_text(
        "import sys\n" + "".join(f"print({line!r}, flush=True)\n" for line in lines) + f"sys.exit({code})\n"
    )
    return ["python3", str(path)]


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def say(*lines: str, code: int = 0) -> None:
        command = script(tmp_path / "spark-submit.py", *lines, code=code)
        monkeypatch.setattr(spark_submit.Submission, "command", lambda self: command)

    return say


def test_the_version_is_that_of_the_package() -> None:
    said = run(cli.app, ["--version"])
    assert said.exit_code == 0
    assert said.stdout.startswith(f"fruits {version('fruits')}, Python 3.11.")


@pytest.mark.slow
def test_a_sample_is_rendered_and_said_to_be_rendered(tmp_path: Path) -> None:
    done = run(cli.app, ["images", "sample", str(tmp_path / "sample"), "--per-label", "5"])

    assert done.exit_code == 0
    assert "60 rendered pictures of 12 fruits" in done.output
    assert len(list((tmp_path / "sample").rglob("*.jpg"))) == 60


def test_a_sample_is_never_rendered_over_somebodys_files(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"mine")

    done = run(cli.app, ["images", "sample", str(tmp_path)])

    assert done.exit_code == 1
    assert "holiday.jpg" in done.stderr
    assert (tmp_path / "holiday.jpg").read_bytes() == b"mine"


def test_the_summary_tells_what_was_found_and_where_the_report_is(says: Any) -> None:
    says("26/11/22 WARN noise", json.dumps(MANIFEST))

    done = run(cli.app, ["featurize", "--images", "x", "--output", "results"])

    assert done.exit_code == 0, done.output
    for fact in (
        "12 rendered pictures of 3 labels",
        "2 (2 empty)",
        "4 hold 95.60%",
        "6 images/s",
        "results/reports/abc",
    ):
        assert fact in done.stdout


def test_the_jobs_own_error_and_its_code_are_the_last_word(says: Any) -> None:
    says("26/11/22 INFO noise", "error: no folder x; give --images a folder", "26/11/22 INFO more noise", code=2)

    done = run(cli.app, ["featurize", "--images", "x"])

    assert done.exit_code == 2
    assert done.stderr.strip() == "error: no folder x; give --images a folder"


def test_a_crash_shows_the_end_of_its_log(says: Any) -> None:
    says("Traceback (most recent call last):", "ZeroDivisionError: division by zero", code=1)

    done = run(cli.app, ["featurize", "--images", "x"])

    assert done.exit_code == 1
    assert "ZeroDivisionError: division by zero" in done.stderr


def test_progress_is_read_from_the_log(says: Any) -> None:
    says("2026-11-22 15:55:20,080 INFO featurized 512 of 2048 photographs", json.dumps(MANIFEST))
    seen: list[tuple[int, int]] = []
    logged: list[str] = []

    spark_submit.submit(
        spark_submit.Submission([]), progress=lambda done, total: seen.append((done, total)), log=logged.append
    )

    assert seen == [(512, 2048)]
    assert logged == []


def test_the_report_of_an_output_without_runs_says_how_to_make_one(tmp_path: Path) -> None:
    done = run(cli.app, ["report", str(tmp_path)])

    assert done.exit_code == 1
    assert "fruits featurize" in done.stderr


def test_the_newest_report_is_the_one_that_opens(tmp_path: Path) -> None:
    for name in ("old", "new"):
        folder = tmp_path / "reports" / name
        folder.mkdir(parents=True)
        (folder / "report.html").write_text(name)

    done = run(cli.app, ["report", str(tmp_path), "--no-browser"])

    assert done.exit_code == 0
    assert done.stdout.strip().endswith("new/report.html")
