"""What the phases share: two environments, the commands that people use, the time that is left."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from infra.remembered import CONTEXT_VARIABLE, FILE_VARIABLE
from ops.aws.cdk import Cdk, CdkFailed
from ops.aws.deployment import Deployment, find_deployment
from ops.aws.place import Place
from ops.aws.synthesis import Synthesis, synthesise
from ops.clock import Clock
from ops.errors import FruitsError
from ops.project import ROOT
from ops.verify.findings import Answers

Environment = Literal["verifya", "verifyb"]
A: Final[Environment] = "verifya"
"""The environment of the transient cluster with Spot; cdk.json has its settings."""

B: Final[Environment] = "verifyb"
"""The environment of the interactive cluster."""

RESERVE_SECONDS: Final = 12 * 60.0
"""Kept for the cleanup: everything is destroyed, whatever else there was no time for."""

_LOG: Final = "commands.log"


class OutOfTime(FruitsError):
    """The hour is over but for what the cleanup needs."""


class CommandFailed(FruitsError):
    """A command has not ended as it should; the message has its last lines."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, standard output, and all that it printed."""

    code: int
    output: str
    text: str


@dataclass
class Workspace:
    """Two environments, and the means of the phases to act on them.

    Parameters
    ----------
    places
        The two environments.
    needed
        Those that are deployed.
    folder
        Gets the log of all commands, synthesised apps and the report.
    images
        Folder of photographs; rendered unless given.
    seconds
        How long all of it may take.
    embedded
        Whether the AWS is that of this machine.
    look_every
        Seconds between two looks.
    tell
        Called with what happens.
    clock
        What time it is.
    """

    places: dict[Environment, Place]
    needed: Sequence[Environment]
    folder: Path
    images: Path | None
    seconds: float
    embedded: bool
    look_every: float
    tell: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)
    answers: Answers = field(default_factory=Answers)
    _apps: dict[tuple[Environment, str], Synthesis] = field(default_factory=dict, init=False)
    _cleaning_up: bool = field(default=False, init=False)

    @cached_property
    def _began(self) -> float:
        return self.clock.seconds()

    def left(self) -> float:
        """Return how many seconds the phases before the cleanup have."""
        return self._began + self.seconds - RESERVE_SECONDS - self.clock.seconds()

    def begin_cleanup(self) -> None:
        """Let what follows take as long as it needs."""
        self._cleaning_up = True

    @property
    def cleanup_began(self) -> bool:
        """Whether there was something to destroy."""
        return self._cleaning_up

    def require_time(self) -> None:
        """End a phase for which there is no time.

        Raises
        ------
        OutOfTime
            If the hour is over.
        """
        if not self._cleaning_up and self.left() <= 0:
            raise OutOfTime("there is no time left; verify what is missing by itself: --resume")

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something holds.

        Raises
        ------
        OutOfTime
            If it does not, before the time is over.
        """
        while not holds():
            self.require_time()
            self.tell(what)
            self.clock.wait(self.look_every)

    def deployment(self, env: Environment) -> Deployment:
        """Return the stacks as they are now."""
        place = self.places[env]
        return find_deployment(place.client, env=env, region=place.settings.region)

    def fruits(self, *words: str, env: Environment, accept: Sequence[int] = (0,)) -> Ended:
        """Run a command as people do, with the settings of an environment.

        Raises
        ------
        CommandFailed
            If it ends with another exit code than those that are accepted.
        """
        given = self.places[env].given.complete.items()  # what lasts in this checkout is not read a second time
        options = [word for key, value in given for word in ("-c", f"{key}={value}")]
        ended = self._run([sys.executable, "-m", "ops.cli", *words, *options])
        if ended.code not in accept:
            last = " ".join(ended.text.splitlines()[-5:])
            raise CommandFailed(f"fruits {' '.join(words[:2])} ended with code {ended.code}: {last}")
        return ended

    def render(self) -> Path:
        """Return the folder of photographs, rendered unless some were given."""
        if self.images is None:
            self.images = self.folder / "images"
            ended = self._run([sys.executable, "-m", "ops.cli", "images", "sample", str(self.images)])
            if ended.code:
                raise CommandFailed(f"fruits images sample ended with code {ended.code}: {ended.text[-500:]}")
        return self.images

    def app(self, env: Environment, **changed: str) -> Synthesis:
        """Synthesise the stacks of an environment, with some settings changed; once for the same ones."""
        key = (env, " ".join(f"{name}={value}" for name, value in changed.items()))
        if key not in self._apps:
            self.tell(f"synthesising {' '.join(key)}")
            folder = self.folder / f"app-{len(self._apps)}"
            self._apps[key] = synthesise(folder, self.places[env].given.changed(**changed))
        return self._apps[key]

    def cdk(self, app: Synthesis, *stacks: str) -> None:
        """Deploy stacks of an app, by the CDK's command line.

        Raises
        ------
        CommandFailed
            If it fails.
        """

        def on_line(line: str) -> None:
            self.require_time()
            if line.strip():
                self.tell(line.strip()[:150])

        try:
            outcome = Cdk(app.folder, on_line=on_line).run(
                "deploy", *stacks, "--exclusively", "--require-approval", "never", "--concurrency", "4"
            )
        except CdkFailed as error:
            self._note(str(error))
            raise CommandFailed(str(error)[-1500:]) from None
        self._note(outcome.text)

    def _run(self, command: Sequence[str]) -> Ended:
        self.require_time()
        self._note(f"$ {' '.join(command[2:])}")
        variables = {key: value for key, value in os.environ.items() if key != CONTEXT_VARIABLE}
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=variables | {FILE_VARIABLE: "", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process:
            timer = threading.Timer(max(self.left(), 1), process.terminate)
            if not self._cleaning_up:
                timer.start()
            try:
                output, error = process.communicate()
            except BaseException:
                process.terminate()
                raise
            finally:
                timer.cancel()
        self._note(output + error)
        self.require_time()
        return Ended(process.returncode, output, output + error)

    def _note(self, text: str) -> None:
        with (self.folder / _LOG).open("a", encoding="utf-8") as log:
            log.write(f"{text.rstrip()}\n")


def with_env(place: Place, env: Environment) -> Place:
    """Return the same account with the settings of an environment of its own."""
    return replace(place, given=place.given.changed(env=env))
