"""The arguments of the job: the same on a laptop, in the rehearsal and on EMR."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from job import __version__
from job.bounds import (
    DEFAULT_BATCH_SIZE,
    DEFAULT_ENGINE,
    DEFAULT_TEST_FOLDER,
    DEFAULT_TEST_SHARE,
    DEFAULT_TRAIN_FOLDER,
    DEFAULT_VARIANCE,
    LARGEST_BATCH_SIZE,
    MOST_COMPONENTS,
)
from job.components.request import Request
from job.components.splits import SplitRule
from job.errors import JobError
from job.plain import received
from job.storage.locations import Location
from job.storage.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Arguments(Request):
    """A checked set of arguments; see `parse_arguments` for what each means."""

    output: Location
    engine: str
    weights: str
    weights_sha256: str | None
    batch_size: int
    run_label: str

    @property
    def results(self) -> Location:
        """Where the results go: those of a trial are apart."""
        return self.output.child(self.trial.results) if self.trial else self.output


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise JobError(f"{message}; --help lists the arguments")


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Read and check the command line, in which other letters than ASCII's are as `job.plain` sends them or as typed.

    Raises
    ------
    JobError
        Naming the argument, its value and what is accepted.
    """
    parser = _Parser(
        prog="main.py",
        description="Photographs of fruits to MobileNetV2 features to principal components.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--images", required=True, metavar="URI", help="root of the photographs: <root>/…/<label>/<file>")
    add(
        "--output",
        required=True,
        metavar="URI",
        help="where features, quarantine, pca, projections and reports go",
    )
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument("--variance", type=float, metavar="SHARE", help=f"keep this share (default {DEFAULT_VARIANCE})")
    kept.add_argument("--components", type=int, metavar="N", help="or keep so many components")
    add(
        "--engine",
        choices=("litert", "keras"),
        default=DEFAULT_ENGINE,
        help="litert: fast; keras: the reference, needs TensorFlow",
    )
    add(
        "--weights",
        default="torchvision",
        metavar="SOURCE",
        help="torchvision, keras, or the URI of a .tflite, .pth or .h5",
    )
    add("--weights-sha256", metavar="HEX", help="what the file of weights must have")
    add(
        "--batch-size",
        type=int,
        default=DEFAULT_BATCH_SIZE,
        metavar="N",
        help="at most so many photographs to a commit",
    )
    add(
        "--train-folder",
        default=DEFAULT_TRAIN_FOLDER,
        metavar="NAME",
        help="photographs below such a folder fit the probe",
    )
    add("--test-folder", default=DEFAULT_TEST_FOLDER, metavar="NAME", help="photographs below such a folder score it")
    add(
        "--test-share",
        type=float,
        default=DEFAULT_TEST_SHARE,
        metavar="SHARE",
        help="of the others, by a hash of their path",
    )
    add("--csv", action="store_true", help="export the projections as CSV, too")
    add("--limit", type=int, metavar="N", help="a trial: at most N photographs, evenly of all labels")
    add("--label", action="append", default=[], metavar="A,B", help="a trial: photographs of these labels alone")
    add("--run-label", default="", metavar="TEXT", help="a name for the log; has no effect on the results")
    add("--version", action="version", version=__version__)
    given = parser.parse_args(received(argv))

    images, output = Location.parse(given.images), Location.parse(given.output)
    if images.contains(output):
        raise JobError(
            f"--output {output.uri} lies in --images {images.uri}: results would be read as photographs; move it"
        )
    if given.variance is not None and not 0 < given.variance <= 1:
        raise JobError(f"--variance {given.variance} is out of range; give a number above 0 and up to 1, such as 0.95")
    for name, value, most in (
        ("components", given.components, MOST_COMPONENTS),
        ("batch-size", given.batch_size, LARGEST_BATCH_SIZE),
    ):
        if value is not None and not 1 <= value <= most:
            raise JobError(f"--{name} {value} is out of range; give 1 to {most}")
    if given.limit is not None and given.limit < 1:
        raise JobError(f"--limit {given.limit} is out of range; give 1 photograph or more")
    if not 0 <= given.test_share <= 1:
        raise JobError(f"--test-share {given.test_share} is out of range; give a number from 0 to 1")
    variance = DEFAULT_VARIANCE if given.components is None and given.variance is None else given.variance
    return Arguments(
        images=images,
        output=output,
        variance=variance,
        components=given.components,
        engine=given.engine,
        weights=given.weights,
        weights_sha256=given.weights_sha256,
        batch_size=given.batch_size,
        splits=SplitRule(given.train_folder, given.test_folder, given.test_share),
        csv=given.csv,
        trial=Trial.of(given.limit, given.label),
        run_label=given.run_label,
    )
