"""The course of a demonstration: each scene live if it can be, by its recording if not."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.present.audience import Audience
from rehearsal.present.backstage import Backstage
from rehearsal.present.cast import Cast, NoRecording, Output, read_cast
from rehearsal.present.scenes import RECORDINGS, Paired, Scene
from rehearsal.present.terminal import Write

UNHURRIED = 6.0
"""Patience where nobody waits: a build server has other work."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """How a scene went.

    Parameters
    ----------
    scene
        Which.
    outputs
        What was written live, with the typed lines; whole only if nothing failed.
    why
        Why it was not played live to its end; None if it was.
    seconds
        How long its commands took.
    """

    scene: Scene
    outputs: tuple[Output, ...]
    why: Paired | None
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Show:
    """Plays scenes.

    Parameters
    ----------
    audience
        Sees them.
    backstage
        Runs their commands; None where only recordings are played.
    recordings
        Folder of the recordings.
    patience
        By how much commands may take longer than their scene gives them, where no audience waits.
    clock
        Gives the seconds since any moment.
    tell
        Told the name of each scene that begins.
    """

    audience: Audience
    backstage: Backstage | None
    recordings: Path = RECORDINGS
    patience: float = 1.0
    clock: Callable[[], float] = time.monotonic
    tell: Callable[[str], None] = lambda _name: None

    def play(self, scenes: Sequence[Scene], chosen: Collection[str]) -> Iterator[Played]:
        """Play scenes in their order.

        Parameters
        ----------
        scenes
            All of them.
        chosen
            Names of those that are shown; others that they need are run unseen.

        Yields
        ------
        Played
            How each of those shown went, as soon as it is over.
        """
        went: dict[str, Paired | None] = {}
        unseen = needed(scenes, chosen) - set(chosen)
        for number, scene in enumerate(scenes, start=1):
            if scene.name in chosen:
                self.tell(scene.name)
                self.audience.open(scene, number=number, of=len(scenes))
                played = self._play(scene, went)
                went[scene.name] = played.why
                yield played
            elif scene.name in unseen:
                went[scene.name] = self._run_unseen(scene, went)

    def _run_unseen(self, scene: Scene, went: Mapping[str, Paired | None]) -> Paired | None:
        why = _obstacle(scene, went)
        if why or self.backstage is None:
            return why
        self.tell(scene.name)
        self.audience.tell(scene)
        return self._run(scene, self.backstage, write=lambda _text: None, before=lambda _command: None)

    def _play(self, scene: Scene, went: Mapping[str, Paired | None]) -> Played:
        outputs: list[Output] = []
        began = self.clock()

        def keep(text: str) -> None:
            outputs.append((self.clock() - began, text))

        def write(text: str) -> None:
            keep(text)
            self.audience.write(text)

        why = _obstacle(scene, went)
        if self.backstage is None:
            why = Paired(fr="il n'y a pas d'AWS embarqué", en="there is no embedded AWS")
        elif not why:
            typing = self.audience.type
            why = self._run(scene, self.backstage, write=write, before=lambda command: typing(command, also=keep))
        if why:
            self._play_recording(scene, why)
        return Played(scene=scene, outputs=tuple(outputs), why=why, seconds=self.clock() - began)

    def _run(self, scene: Scene, backstage: Backstage, *, write: Write, before: Write) -> Paired | None:
        """Run the commands of a scene; say why it failed, if it did."""
        left = scene.seconds * self.patience
        for command in scene.typed(self.audience.language):
            before(command)
            began = self.clock()
            try:
                ran = backstage.run(command, seconds=left, write=write)
            except OSError as error:
                program = f"{command.split()[0]} ({error.strerror})"
                return Paired(fr=f"impossible de lancer {program}", en=f"cannot start {program}")
            left -= self.clock() - began
            if ran.late:
                most = f"{scene.seconds * self.patience:.0f} s"
                return Paired(fr=f"pas fini en {most}", en=f"not done within {most}")
            if ran.code not in scene.codes:
                return Paired(fr=f"terminé avec le code {ran.code}", en=f"ended with code {ran.code}")
        return None

    def _play_recording(self, scene: Scene, why: Paired) -> None:
        try:
            cast: Cast = read_cast(scene.recording(self.audience.language, self.recordings))
        except NoRecording as error:
            self.audience.miss(why=why, missing=str(error))
        else:
            self.audience.play(cast, why=why)


def needed(scenes: Sequence[Scene], chosen: Collection[str]) -> set[str]:
    """Name the scenes that some need, those that these need included."""
    found: set[str] = set()
    for scene in reversed(scenes):
        if scene.name in chosen or scene.name in found:
            found |= {*scene.needs}
    return found


def _obstacle(scene: Scene, went: Mapping[str, Paired | None]) -> Paired | None:
    """Return which scene that this one needs did not end well; None if all did."""
    for name in scene.needs:
        if went.get(name):
            return Paired(fr=f"la scène {name}, nécessaire ici, a échoué", en=f"the scene {name}, needed here, failed")
    return None
