"""The command line: what it gives, and what it refuses in one line."""

from pathlib import Path

import pytest

from job import __version__
from job.arguments import parse_arguments
from job.bounds import DEFAULT_BATCH_SIZE, DEFAULT_VARIANCE
from job.components.splits import SplitRule
from job.errors import JobError

NEEDED = ["--images", "s3://fruits/photos", "--output", "s3://fruits/results"]


def refusal(*arguments: str, needed: list[str] = NEEDED) -> str:
    with pytest.raises(JobError) as refused:
        parse_arguments([*needed, *arguments])
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_two_arguments_are_enough() -> None:
    arguments = parse_arguments(NEEDED)
    assert (arguments.images.uri, arguments.output.uri) == ("s3://fruits/photos", "s3://fruits/results")
    assert (arguments.variance, arguments.components) == (DEFAULT_VARIANCE, None)
    assert (arguments.engine, arguments.weights, arguments.weights_sha256) == ("litert", "torchvision", None)
    assert (arguments.batch_size, arguments.splits) == (DEFAULT_BATCH_SIZE, SplitRule("Training", "Test", 0.2))
    assert (arguments.csv, arguments.run_label) == (False, "")


def test_every_argument_is_taken() -> None:
    given = parse_arguments(
        [
            *NEEDED,
            *("--components", "50", "--engine", "keras", "--weights", "s3://fruits/w.pth", "--weights-sha256", "ab"),
            *("--batch-size", "8", "--train-folder", "fit", "--test-folder", "score", "--test-share", "0.5"),
            *("--csv", "--run-label", "nightly"),
        ]
    )
    assert (given.variance, given.components) == (None, 50)
    assert (given.engine, given.weights, given.weights_sha256) == ("keras", "s3://fruits/w.pth", "ab")
    assert (given.batch_size, given.splits) == (8, SplitRule("fit", "score", 0.5))
    assert (given.csv, given.run_label) == (True, "nightly")


@pytest.mark.parametrize("share", ["1", "1.0", "0.5", "1e-9"])
def test_a_share_of_the_variance_is_taken(share: str) -> None:
    assert parse_arguments([*NEEDED, "--variance", share]).variance == float(share)


@pytest.mark.parametrize("share", ["0", "-0.1", "1.01", "95", "nan", "inf"])
def test_a_variance_that_is_no_share_is_refused(share: str) -> None:
    assert "give a number above 0 and up to 1, such as 0.95" in refusal("--variance", share)


@pytest.mark.parametrize("share", ["-0.1", "1.1", "nan"])
def test_a_test_share_that_is_no_share_is_refused(share: str) -> None:
    assert f"--test-share {float(share)} is out of range" in refusal("--test-share", share)


@pytest.mark.parametrize(("name", "most"), [("--components", 1280), ("--batch-size", 512)])
def test_a_count_out_of_range_is_refused(name: str, most: int) -> None:
    for value in (-3, 0, most + 1):
        assert refusal(name, str(value)) == f"{name} {value} is out of range; give 1 to {most}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--variance", "much"], "invalid float value: 'much'"),
        (["--components", "1.5"], "invalid int value: '1.5'"),
        (["--engine", "torch"], r"invalid choice: 'torch' (choose from 'litert', 'keras')"),
        (["--variance", "0.9", "--components", "3"], "not allowed with argument"),
        (["--colour", "red"], "unrecognized arguments: --colour red"),
        (["--comp", "3"], "unrecognized arguments: --comp 3"),
        (["--weights"], "expected one argument"),
    ],
)
def test_an_argument_that_cannot_be_read_is_refused(arguments: list[str], said: str) -> None:
    message = refusal(*arguments)
    assert said in message
    assert "--help lists the arguments" in message


@pytest.mark.parametrize("missing", ["--images", "--output"])
def test_a_missing_argument_is_refused(missing: str) -> None:
    place = NEEDED.index(missing)
    message = refusal(needed=NEEDED[:place] + NEEDED[place + 2 :])
    assert f"the following arguments are required: {missing}" in message


@pytest.mark.parametrize(
    ("images", "output"),
    [
        ("/photos", "/photos"),
        ("/photos", "/photos/results"),
        ("/photos", "file:///photos/results"),
        ("/photos", "/photos/../photos/results"),
        ("s3://fruits", "s3a://fruits/results"),
        ("s3://fruits/photos", "s3://fruits/photos/"),
    ],
)
def test_an_output_among_the_photographs_is_refused(images: str, output: str) -> None:
    message = refusal(needed=["--images", images, "--output", output])
    assert "results would be read as photographs; move it" in message


@pytest.mark.parametrize(
    ("images", "output"),
    [("/photos", "/photos-results"), ("/data/photos", "/data"), ("s3://fruits/a", "s3://fruits/ab")],
)
def test_an_output_beside_the_photographs_is_taken(images: str, output: str) -> None:
    assert parse_arguments(["--images", images, "--output", output]).output.uri.endswith(output)


def test_a_uri_of_another_scheme_is_refused() -> None:
    assert "accepted are a folder" in refusal(needed=["--images", "hdfs://x/y", "--output", "/results"])


def test_an_output_that_links_to_the_photographs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    message = refusal(needed=["--images", str(tmp_path / "photos"), "--output", str(tmp_path / "link" / "results")])
    assert "results would be read as photographs" in message


@pytest.mark.parametrize(("argument", "said"), [("--help", "<root>/…/<label>/<file>"), ("--version", __version__)])
def test_help_and_version_are_told_without_the_needed_arguments(
    argument: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        parse_arguments([argument])
    assert left.value.code == 0
    assert said in capsys.readouterr().out
