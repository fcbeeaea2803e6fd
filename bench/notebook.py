"""Row of the notebook's pattern: what the students' notebooks of this exercise have in common, run by spark-submit."""

from bench.measure import run
from bench.row import Row
from bench.settings import Settings, fresh_folder
from bench.spark import plain_submit
from ops.local.spark_submit import environment


def notebook(settings: Settings) -> Row:
    """Run `bench/notebook_script.py` into an empty output."""
    arguments = ["--images", str(settings.images), "--output", str(fresh_folder("notebook"))]
    command = plain_submit("notebook_script.py", [*arguments, "--components", str(settings.components)])
    measured = run(command, row="notebook", environment=environment())
    answer = measured.answer
    return Row(
        "notebook",
        f"the notebook's pattern, k={settings.components}, {answer['weights']} weights",
        images=answer["images"],
        seconds=measured.seconds,
        featurize_seconds=answer["featurize_seconds"],
        pca_seconds=answer["pca_seconds"],
        driver_peak_bytes=measured.peak("python", "notebook_script.py"),
        jvm_peak_bytes=measured.peak("java"),
        worker_peak_bytes=measured.peak("python", "pyspark.daemon"),
        details=answer,
    )
