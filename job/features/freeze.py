"""Freeze weights in a process of its own: `python -m job.features.freeze RECIPE TARGET`, weights on standard input."""

import os
import sys
from pathlib import Path

from job.errors import JobError
from job.features.mobilenet import freeze
from job.features.weights import arrays


def main() -> None:
    """Write the frozen model, whole or not at all."""
    recipe, target = sys.argv[1], Path(sys.argv[2])
    try:
        frozen = freeze(recipe, arrays(recipe, sys.stdin.buffer.read()))
    except JobError as error:
        sys.exit(str(error))
    partial = target.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(frozen)
    partial.replace(target)


if __name__ == "__main__":
    main()
