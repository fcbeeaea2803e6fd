"""Rows of the job, run by spark-submit as `fruits featurize` runs it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.measure import Measured, run
from bench.row import Row
from bench.settings import WORK, Settings, fresh_folder
from ops.submit import Submission, environment


def job_litert(settings: Settings) -> Row:
    """Run the job with its default engine into an empty output."""
    settings.freeze()
    measured = submit_job("job-litert", str(settings.images), fresh_folder("job-litert"))
    return row_of("job-litert", "the job, engine litert", measured)


def job_again(settings: Settings) -> Row:
    """Run the job once more on the same images and output."""
    if "job-litert" not in settings.done:
        job_litert(settings)
    measured = submit_job("job-again", str(settings.images), WORK / "job-litert")
    return row_of("job-again", "the job again, nothing new", measured)


def job_keras(settings: Settings) -> Row:
    """Run the job with the reference engine into an empty output."""
    measured = submit_job("job-keras", str(settings.images), fresh_folder("job-keras"), "--engine", "keras")
    return row_of("job-keras", "the job, engine keras", measured)


def submit_job(
    row: str, images: str, output: Path, *arguments: str, variables: Mapping[str, str] | None = None
) -> Measured:
    """Run the job and measure it.

    Parameters
    ----------
    row
        Names the log.
    images
        URI of the photographs.
    output
        Folder of the results.
    arguments
        More arguments of the job.
    variables
        More environment variables.
    """
    submission = Submission(["--images", images, "--output", str(output), *arguments])
    return run(submission.command(), row=row, environment={**environment(), **(variables or {})})


def row_of(row: str, name: str, measured: Measured) -> Row:
    """Give a run of the job as a row: wall time of the whole spark-submit, stages from the manifest."""
    manifest: dict[str, Any] = measured.answer
    counts, stages = manifest["counts"], manifest["seconds"]
    computed = counts["computed"] > 0
    return Row(
        row,
        name,
        images=counts["images"],
        seconds=measured.seconds,
        featurize_seconds=stages["featurize"] if computed else None,
        pca_seconds=stages["pca"] if computed else None,
        driver_peak_bytes=measured.peak("python", "job/main.py"),
        jvm_peak_bytes=measured.peak("java"),
        worker_peak_bytes=measured.peak("python", "pyspark.daemon"),
        details={
            "computed": counts["computed"],
            "quarantined": counts["quarantined"],
            "components": manifest["pca"]["components"],
            "stages": stages,
            "manifest_memory": manifest["memory"],
        },
    )
