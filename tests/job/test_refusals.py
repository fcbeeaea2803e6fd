"""What the user can mend: one line, exit code 2, nothing written."""

from pathlib import Path
from typing import Any

import pytest

from tests.job.runs import Outcome, Results, Run, submit
from tests.pictures import jpeg, plant

pytestmark = pytest.mark.spark


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    plant(tmp_path / "photos", 2)
    return tmp_path / "photos"


def assert_refused(outcome: Outcome, said: str) -> None:
    assert outcome.code == 2
    (line,) = outcome.error.splitlines()
    assert line.startswith("error: ")
    assert said in line


def fill(folder: Path, contents: list[bytes]) -> Path:
    for number, content in enumerate(contents):
        path = folder / "Apple" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_an_empty_root_is_refused(tmp_path: Path, results: Results, run: Run) -> None:
    (tmp_path / "empty").mkdir()
    assert_refused(run(tmp_path / "empty", results.folder), "no photograph under")
    assert not results.folder.exists()


def test_a_missing_root_is_refused(tmp_path: Path, results: Results, run: Run) -> None:
    assert_refused(run(tmp_path / "nowhere", results.folder), "no folder")
    assert not results.folder.exists()


def test_a_root_with_hidden_files_only_is_refused(tmp_path: Path, results: Results, run: Run) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / ".DS_Store").write_bytes(b"x")
    assert_refused(run(tmp_path / "hidden", results.folder), "(1 hidden files, such as '.DS_Store')")
    assert not results.folder.exists()


def test_a_missing_bucket_is_refused(results: Results, run: Run, s3: Any) -> None:
    assert_refused(run("s3://there-is-none/photos", results.folder), "cannot list s3://there-is-none/photos")
    assert not results.folder.exists()


def test_a_file_in_place_of_the_output_is_refused(photographs: Path, results: Results, run: Run) -> None:
    results.folder.write_bytes(b"theirs")
    assert_refused(run(photographs, results.folder), "cannot open the output")
    assert results.folder.read_bytes() == b"theirs"


def test_an_output_that_cannot_be_made_is_refused(photographs: Path, run: Run) -> None:
    assert_refused(run(photographs, "/proc/results"), "cannot open the output file:///proc/results")


def test_an_output_that_cannot_be_written_is_refused(photographs: Path, results: Results, run: Run) -> None:
    results.folder.mkdir()
    (results.folder / "reports").write_bytes(b"theirs")  # in the way of the folder of that name
    assert_refused(run(photographs, results.folder), "cannot write")
    files = results.files()
    assert files["reports"] == b"theirs"
    assert set(files) <= {"reports", "layout.json"}


def test_an_output_bucket_that_is_missing_is_refused(photographs: Path, run: Run, s3: Any) -> None:
    assert_refused(run(photographs, "s3://there-is-none/results"), "s3://there-is-none/results")


def test_unknown_weights_are_refused(photographs: Path, results: Results, run: Run) -> None:
    assert_refused(run(photographs, results.folder, "--weights", "imagenet"), "cannot read the weights 'imagenet'")
    assert not results.folder.exists()


def test_weights_with_a_wrong_checksum_are_refused(
    photographs: Path, results: Results, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "fruits.tflite").write_bytes(b"\0\0\0\0TFL3 and so on")
    arguments = ("--weights", str(tmp_path / "fruits.tflite"), "--weights-sha256", "0" * 64)
    assert_refused(run(photographs, results.folder, *arguments), "have sha256")
    assert not results.folder.exists()


def test_bad_arguments_are_refused(photographs: Path, results: Results, run: Run) -> None:
    assert_refused(run(photographs, results.folder, "--variance", "95"), "--variance 95.0 is out of range")
    assert_refused(run(photographs, results.folder, "--colour", "red"), "unrecognized arguments")
    assert_refused(run(photographs, photographs / "results"), "results would be read as photographs")
    assert not results.folder.exists()
    assert not (photographs / "results").exists()


def test_one_photograph_is_too_few(results: Results, run: Run, tmp_path: Path) -> None:
    outcome = run(fill(tmp_path / "one", [jpeg(1)]), results.folder)
    assert_refused(outcome, "at least 2 usable photographs, found 1")
    assert not results.files("projections")


def test_photographs_that_are_all_alike_are_refused(results: Results, run: Run, tmp_path: Path) -> None:
    outcome = run(fill(tmp_path / "alike", [jpeg(1)] * 5), results.folder)
    assert_refused(outcome, "all 5 photographs have the same features")


def test_photographs_of_which_none_can_be_used_are_refused_with_the_reasons(
    results: Results, run: Run, tmp_path: Path
) -> None:
    outcome = run(fill(tmp_path / "bad", [b"", b"text", b""]), results.folder)
    assert_refused(outcome, "all 3 are in quarantine: {'empty': 2, 'not-an-image': 1}")
    assert results.rows("quarantine") == 3


def test_more_components_than_there_can_be_are_refused_and_their_features_kept(
    photographs: Path, results: Results, run: Run
) -> None:
    outcome = run(photographs, results.folder, "--components", "6")
    assert_refused(outcome, "--components 6 is out of range: 6 photographs of 1280 features give 1 to 5")
    assert run(photographs, results.folder, "--components", "5").counts["computed"] == 0


def test_spark_submit_passes_the_line_and_the_exit_code_on(photographs: Path, results: Results) -> None:
    outcome = submit(photographs, results.folder, "--weights", "imagenet")
    assert outcome.code == 2
    (line,) = (line for line in outcome.error.splitlines() if line.startswith("error: "))
    assert "cannot read the weights 'imagenet'" in line
    assert "Traceback" not in outcome.error
    assert "Exception" not in outcome.error
    assert not results.folder.exists()
