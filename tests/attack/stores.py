"""Attacks on what a run has left: objects damaged, lost, exchanged and added between two runs."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.attack import driver
from tests.attack.damages import DAMAGES
from tests.attack.trial import Score
from tests.pictures import jpeg, plant

ONE_IN: Final = 50
"""Photographs are tried in a millisecond, and runs in seconds: of 5,000 trials, 100 are made."""

_ARGUMENTS: Final = ("--batch-size", "4", "--components", "5", "--csv")
_PER_LABEL: Final = 8
_MOST_DAMAGES: Final = 3


def damaged_stores(chance: np.random.Generator, count: int, folder: Path) -> Score:
    """Damage the results between two runs; the next is as if nothing had happened, or names what is damaged.

    A damage that is named, and so left to people, is undone after its trial. Each second trial has another photograph.
    """
    score = Score()
    with driver.spark():
        store = _Store.of(folder)
        for number in range(max(1, count // ONE_IN)):
            store.attack(score, number, chance)
    return score


@dataclass
class _Store:
    """Results under attack, with what they are to be for the photographs of now.

    Parameters
    ----------
    photographs, results
        Folders.
    whole
        A copy of whole results.
    wanted
        Results of runs that nobody disturbed, by whether there is one photograph more.
    """

    photographs: Path
    results: Path
    whole: Path
    wanted: dict[bool, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> "_Store":
        store = cls(folder / "photographs", folder / "results", folder / "undisturbed-False")
        plant(store.photographs, _PER_LABEL)
        (store.photographs / "Training" / "Banana" / "torn.jpg").write_bytes(jpeg(77)[:900])
        for more in (True, False):
            undisturbed = folder / f"undisturbed-{more}"
            store._choose(more=more)
            store.wanted[more] = driver.results_of(undisturbed, driver.run(store.photographs, undisturbed, *_ARGUMENTS))
        store._restore()
        return store

    def attack(self, score: Score, number: int, chance: np.random.Generator) -> None:
        """Damage, run, compare, and run again: with nothing to do then."""
        more = bool(number % 2)
        done = [self._damage(chance) for _ in range(int(chance.integers(1, _MOST_DAMAGES + 1)))]
        name = f"{number}: {', '.join(done)}"
        self._choose(more=more)
        score.tried += 1
        ending = driver.run(self.photographs, self.results, *_ARGUMENTS)
        if ending.manifest is None:
            named = any(damage.rpartition(" ")[2] in ending.said for damage in done)
            score.note(f"{name}: {ending.traceback or ending.said}", lost=bool(ending.traceback) or not named)
            self._restore()
            return
        found = driver.results_of(self.results, ending)
        if other := [key for key, value in self.wanted[more].items() if found[key] != value]:
            score.note(f"{name}: other {', '.join(other)}", wrong=True)
            self._restore()
            return
        again = driver.run(self.photographs, self.results, *_ARGUMENTS)
        score.note(f"{name}: not mended by one run; {again.traceback or again.said}", lost=not again.computed_nothing)

    def _damage(self, chance: np.random.Generator) -> str:
        files = sorted(path for path in self.results.rglob("*") if path.is_file() and path.suffix != ".crc")
        file, name = files[int(chance.integers(len(files)))], list(DAMAGES)[int(chance.integers(len(DAMAGES)))]
        damaged = DAMAGES[name](file, self.results, chance)
        return f"{name} {damaged.relative_to(self.results).as_posix()}"

    def _choose(self, *, more: bool) -> None:
        file = self.photographs / "Test" / "Cherry" / "one more.jpg"
        if more:
            file.write_bytes(jpeg(99))
            os.utime(file, (1, 1))  # of one version each time
        else:
            file.unlink(missing_ok=True)

    def _restore(self) -> None:
        shutil.rmtree(self.results, ignore_errors=True)
        shutil.copytree(self.whole, self.results)
