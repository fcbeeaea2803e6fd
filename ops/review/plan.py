"""A plan: an app as it was reviewed, kept in a folder, so that this and nothing else is deployed.

Between a review and a deployment both sides may change: files of the app, and what is deployed. A plan knows the
digests of both as they were.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from ops.aws.account import Clients
from ops.errors import FruitsError, WrongUsage
from ops.review.consequences import Verdict
from ops.review.deployed import read_deployed
from ops.review.stacks import environment_of, read_assembly

_NAME: Final = "fruits-plan.json"


class PlanRefused(FruitsError):
    """A plan may not be deployed: it is none, or what it is about has changed."""


@dataclass(frozen=True)
class Plan:
    """What was reviewed.

    Parameters
    ----------
    reviewed
        When, in ISO 8601.
    verdict
        What the review came to.
    only
        Stacks that were reviewed, as the CDK calls them; all if there are none.
    files
        SHA-256 of each file of the app, by its path.
    deployed
        SHA-256 of the template of each stack that was deployed, by its region and name.
    """

    reviewed: str
    verdict: Verdict
    only: tuple[str, ...]
    files: Mapping[str, str]
    deployed: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the plan in a folder.

        Raises
        ------
        PlanRefused
            If there is none.
        """
        try:
            content = json.loads((folder / _NAME).read_text(encoding="utf-8"))
            return cls(**{**content, "verdict": Verdict(content["verdict"]), "only": tuple(content["only"])})
        except (OSError, ValueError, KeyError, TypeError):
            raise PlanRefused(
                f"{folder}: not a plan, which has a {_NAME}; make one: fruits review --out {folder}"
            ) from None

    def write(self, folder: Path) -> None:
        """Write the plan beside its app."""
        (folder / _NAME).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    def require_unchanged(self, folder: Path, accounts: Clients) -> None:
        """Refuse what nobody has reviewed.

        Parameters
        ----------
        folder
            The app.
        accounts
            Clients by region.

        Raises
        ------
        PlanRefused
            If a file of the app is another than it was, or a deployed stack is.
        """
        if changed := _differing(self.files, file_digests(folder)):
            raise PlanRefused(f"{folder}: changed since its review: {changed}; {_again(folder)}")
        if changed := _differing(self.deployed, deployed_digests(folder, accounts)):
            raise PlanRefused(
                f"deployed by others since the review of {self.reviewed}: {changed}; what {folder} would do now nobody"
                f" has seen; {_again(folder)}"
            )


def make_plan(folder: Path, *, verdict: Verdict, only: Sequence[str], deployed: Mapping[str, str]) -> Plan:
    """Make the plan of an app that has been reviewed.

    Parameters
    ----------
    folder
        The app.
    verdict
        What the review came to.
    only
        Stacks that were reviewed; all unless some are named.
    deployed
        `deployed_digests` before the review: what changed during it has not been seen.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Plan(now, verdict, tuple(only), file_digests(folder), deployed)


def prepare_folder(folder: Path) -> None:
    """Empty the folder of an older plan, or see that there is nothing in the way.

    Raises
    ------
    WrongUsage
        If it holds something else.
    """
    if folder.is_dir() and (folder / _NAME).is_file():
        shutil.rmtree(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongUsage(f"--out {folder}: holds something that is no plan; name a new folder, or an older plan")


def file_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of an app, by its path in the folder."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file != folder / _NAME)
    digests = {}
    for file in files:
        with file.open("rb") as content:
            digests[file.relative_to(folder).as_posix()] = hashlib.file_digest(content, "sha256").hexdigest()
    return digests


def deployed_digests(folder: Path, accounts: Clients) -> dict[str, str]:
    """Return the SHA-256 of the template of each stack that is deployed where an app would be.

    Raises
    ------
    FruitsError
        If the app is not this project's, or AWS does not tell what is deployed.
    """
    app = read_assembly(folder)
    regions = sorted({stack.region for stack in app})
    return {
        f"{stack.region} {stack.name}": hashlib.sha256(json.dumps(stack.template, sort_keys=True).encode()).hexdigest()
        for stack in read_deployed(accounts, env=environment_of(app), regions=regions)
    }


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def _again(folder: Path) -> str:
    return f"review again: fruits review --out {folder}"
