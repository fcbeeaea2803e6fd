"""Rows of the job, run by spark-submit as `fruits featurize` runs it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.measure import Measured, run
from bench.row import Row
from bench.settings import WORK, Settings, fresh_folder
from ops.local.spark_submit import Submission, environment

_BATCH: Final = re.compile(r"-(\d+)\.parquet$")


def job_litert(settings: Settings) -> Row:
    """Run the job with its default engine into an empty output."""
    settings.freeze()
    output = fresh_folder("job-litert")
    measured = submit_job("job-litert", str(settings.images), output)
    return row_of("job-litert", "the job, engine litert", measured, output)


def job_again(settings: Settings) -> Row:
    """Run the job once more on the same images and output."""
    if "job-litert" not in settings.done:
        job_litert(settings)
    measured = submit_job("job-again", str(settings.images), WORK / "job-litert")
    return row_of("job-again", "the job again, nothing new", measured, WORK / "job-litert")


def job_keras(settings: Settings) -> Row:
    """Run the job with the reference engine into an empty output."""
    output = fresh_folder("job-keras")
    measured = submit_job("job-keras", str(settings.images), output, "--engine", "keras")
    return row_of("job-keras", "the job, engine keras", measured, output)


def submit_job(
    row: str,
    images: str,
    output: Path,
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    master: str = "local[*]",
    configuration: Sequence[tuple[str, str]] = (),
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
    master, configuration
        Of Spark: where it runs, and more settings.
    """
    given = ["--images", images, "--output", str(output), *arguments]
    submission = Submission(given, master=master, configuration=configuration)
    return run(submission.command(), row=row, environment={**environment(), **(variables or {})})


def row_of(row: str, name: str, measured: Measured, output: Path) -> Row:
    """Return a run of the job as a row: wall time of the whole spark-submit, stages from the manifest."""
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
            "slots": manifest["slots"],
            "steady_rate": steady_rate(output) if computed else None,
            "components": manifest["pca"]["components"],
            "stages": stages,
            "manifest_memory": manifest["memory"],
        },
    )


def steady_rate(output: Path) -> float | None:
    """Return photographs a second from the first committed batch to the last: without what starts before."""
    batches = sorted(
        (path.stat().st_mtime, int(found[1]))
        for path in output.glob("features/model=*/*.parquet")
        if (found := _BATCH.search(path.name))
    )
    if len(batches) < 2 or batches[-1][0] == batches[0][0]:
        return None
    return sum(count for _, count in batches[1:]) / (batches[-1][0] - batches[0][0])
