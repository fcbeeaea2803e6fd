"""Run the job once on a few rendered pictures, so that every later run starts quickly: `python -m ops.warm_up`.

It freezes the default model into the user's cache, and has Java write Spark's classes into an archive (JEP 350).
A later run that cannot use the archive, for Spark or Java has changed, loads the classes as ever.
"""

import sys
import tempfile
from pathlib import Path

from ops.sample import render_sample
from ops.submit import CLASS_ARCHIVE, JAVA_OPTIONS, JobFailed, Submission, submit


def main() -> int:
    """Warm up, unless that was done."""
    if CLASS_ARCHIVE.exists():
        return 0
    print("Warming up Spark once, so that it starts quickly (half a minute)", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        images, partial = Path(folder) / "images", Path(folder) / "spark.jsa"
        render_sample(images, per_label=5, labels=["Lemon", "Orange"])
        java = ("spark.driver.extraJavaOptions", f"{JAVA_OPTIONS} -XX:ArchiveClassesAtExit={partial} -Xlog:cds=off")
        arguments = ["--images", str(images), "--output", str(Path(folder) / "out")]
        try:
            submit(
                Submission(arguments, configuration=[java]), progress=lambda _done, _all: None, log=lambda _line: None
            )
        except JobFailed as error:
            print(f"error: the job does not run on this machine: {error}", file=sys.stderr)
            return 1
        if partial.exists():
            CLASS_ARCHIVE.write_bytes(partial.read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
