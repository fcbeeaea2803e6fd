"""Run the trials, `python -m tests.attack [--trials a,b] [--count N] [--seed S]`; 1 if something was found."""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from tests.attack import photographs, runs, stores
from tests.attack.trial import Trial

TRIALS: Final[Mapping[str, Trial]] = {
    "mutations": photographs.mutations,
    "metadata": photographs.metadata,
    "costly": photographs.costly,
    "stores": stores.damaged_stores,
    "kills": runs.kills,
    "s3": runs.s3_faults,
}

_COUNT: Final = (
    f"of each trial that is by chance (default 5000); one store in {stores.ONE_IN}, one run in {runs.ONE_IN}"
)


def main() -> int:
    """Run the asked trials one after the other, and print what each counted."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--trials", type=_names, default=list(TRIALS), help=f"default all: {', '.join(TRIALS)}")
    parser.add_argument("--count", type=int, default=5_000, help=_COUNT)
    parser.add_argument("--seed", type=int, default=360, help="of all chances (default 360)")
    arguments = parser.parse_args()
    clean = True
    for name in arguments.trials:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="fruits-attack-") as folder:
            score = TRIALS[name](np.random.default_rng(arguments.seed), arguments.count, Path(folder))
        clean = clean and score.is_clean
        counts = f"{score.tried:,} tried, {score.lost} lost, {score.wrong} wrong, {score.beyond} beyond the bounds"
        print(f"{name}: {counts}; seed {arguments.seed}, {time.monotonic() - started:.0f} s", flush=True)
        for example in score.examples:
            print(f"  {example}")
    return 0 if clean else 1


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in TRIALS]:
        raise argparse.ArgumentTypeError(f"no trial {', '.join(unknown)}; accepted are {', '.join(TRIALS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
