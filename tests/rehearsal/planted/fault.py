"""A planted fault: a small change of the project that unit tests need not see, and what a rehearsal says of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

DEPLOYED = "Synthesise, bootstrap the account"
STORED = "Deploy the storage"
UPLOADED = "Upload photographs"
SET_UP = "Deploy network, guards, cluster"
RAN = "Run the job"
CHECKED = "Check the results on S3"
RAN_AGAIN = "Run again, compute nothing"
RAN_CHANGED = "Add 10, change 5, delete 3, run"
DESTROYED = "Empty the buckets, destroy"
NOTHING_LEFT = "Nothing is left"
RUNS = (RAN, CHECKED, RAN_AGAIN, RAN_CHANGED)
COMPARED = ("cdk diff shows no difference", "cdk diff shows another idle stop")
"""Stages of a rehearsal, by their names."""


class DoesNotApply(Exception):
    """The text that a fault is to replace is not there, once: the fault has to be planted anew."""


@dataclass(frozen=True)
class Edit:
    """One text of a file, replaced by another.

    Parameters
    ----------
    file
        Below the project's folder.
    old, new
        The text, which must be there exactly once, and what stands in its place.
    """

    file: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Change the file of a copy of the project.

        Raises
        ------
        DoesNotApply
            If the text is not there exactly once.
        """
        path = root / self.file
        path.write_text(self.applied(path.read_text(encoding="utf-8")), encoding="utf-8")

    def applied(self, text: str) -> str:
        """Return the changed text of the file."""
        if (found := text.count(self.old)) != 1:
            raise DoesNotApply(f"{self.file} has {found} times, not once: {self.old!r}; plant the fault anew")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    Parameters
    ----------
    name
        What is wrong, for people.
    edits
        How the project is changed.
    stage
        Which stage of the rehearsal ends red; empty if none does.
    says
        Words of its message that name the cause; for a fault that is not seen, why not.
    mode
        Of the deployment.
    values
        More settings, as after ``-c``.
    skipped
        Stages that this fault does not need.
    photographs
        Of each of six labels.
    stall_seconds
        How long the job may stand still.
    from_image
        Whether the disks of nodes may begin with what an earlier bootstrap action has made, and it then finds its work
        done. Without, it is slower, and fetches what it installs.
    newer_wheel
        Whether a wheel of the wheelhouse asks for a newer system than that of the nodes.
    train_folder
        Name of the folder with the photographs of one split.
    until
        For a fault that is not seen: the last stage that was tried; all of them unless given.
    """

    name: str
    edits: tuple[Edit, ...]
    stage: str
    says: str
    mode: Literal["transient", "interactive"] = "transient"
    values: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    photographs: int = 6
    stall_seconds: float = 300.0
    from_image: bool = True
    newer_wheel: bool = False
    train_folder: str = "Training"
    until: str = ""

    @property
    def seen(self) -> bool:
        """Whether a rehearsal can see it."""
        return bool(self.stage)

    @property
    def key(self) -> str:
        """Return it in folders and on command lines."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.name.lower())[:60].strip("-")


@dataclass(frozen=True)
class Verdict:
    """How a rehearsal with a fault ended.

    Parameters
    ----------
    stage
        That failed; empty if all passed, or if it did not end.
    reason
        Its message.
    action
        What it says to do next.
    """

    stage: str
    reason: str
    action: str = ""

    def is_of(self, fault: Fault) -> bool:
        """Return whether this is what is expected of a fault."""
        if not fault.seen:
            return self == PASSED
        return self.stage == fault.stage and fault.says in f"{self.reason} {self.action}"


PASSED = Verdict("", "passed")
"""All stages passed."""
