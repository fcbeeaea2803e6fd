"""What the people in the room see and hear of a demonstration: headings, sentences, typing, recordings."""

import os
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from job.notebook.words import Language, typeset_french
from rehearsal.present.cast import Cast
from rehearsal.present.scenes import Paired, Scene
from rehearsal.present.terminal import Write

PROMPT: Final = "\x1b[1;32m$\x1b[0m "
_SECONDS_A_KEY: Final = 0.035
_SECONDS_BEFORE_ENTER: Final = 0.4

_WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "key": {
        "fr": "une touche pour continuer, Ctrl-C pour arrêter",
        "en": "any key goes on, Ctrl-C stops",
    },
    "unseen": {"fr": "En coulisses : {title}", "en": "Behind the scenes: {title}"},
    "why": {"fr": "En direct, cela n'a pas abouti : {why}.", "en": "Live, it did not work out: {why}."},
    "recording": {"fr": "ENREGISTREMENT", "en": "RECORDING"},
    "end": {"fr": "fin de l'enregistrement", "en": "end of the recording"},
    "none": {"fr": "Et il n'y a pas d'enregistrement : {why}.", "en": "And there is no recording: {why}."},
}

Pause = Callable[[float], None]
"""Lets seconds pass."""

take_time: Pause = time.sleep


def take_none(_seconds: float) -> None:
    """Let no time pass: for build servers."""


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Shows a demonstration on a console.

    Parameters
    ----------
    console
        The terminal of who presents.
    language
        Whose sentences.
    waits
        Whether a key is waited for before each scene.
    pause
        Lets time pass between keys and between outputs of recordings: `take_time` for people.
    """

    console: Console
    language: Language
    waits: bool
    pause: Pause

    def open(self, scene: Scene, *, number: int, of: int) -> None:
        """Show heading and sentence of a scene, and wait for a key."""
        self.console.print()
        heading = Text(f"{number}/{of}  {scene.title.text(self.language)}", "bold")
        self.console.print(Rule(heading, align="left", style="green"))
        self.console.print(Text(scene.says.text(self.language), "italic"))
        if self.waits:
            self.console.print(Text(self._say("key"), "dim"))
            wait_for_key()
        self.console.print()

    def tell(self, scene: Scene) -> None:
        """Say that a scene is not shown, and that its commands run because others need them."""
        self.console.print(Text(self._say("unseen", title=scene.title.text(self.language)), "dim"))

    def write(self, text: str) -> None:
        """Show what a command writes, as it is."""
        self.console.file.write(text)
        self.console.file.flush()

    def type(self, command: str, *, also: Write) -> None:
        """Type a command line, key by key."""
        for piece, seconds in keys(command):
            self.write(piece)
            also(piece)
            self.pause(seconds)

    def play(self, cast: Cast, *, why: Paired) -> None:
        """Play a recording, and say before and after it that it is one."""
        self.write("\x1b[0m\x1b[?25h\n")
        self.console.print(Text(self._say("why", why=why.text(self.language)), "yellow"))
        label = Text(f" {self._say('recording')} ", "bold white on red")
        self.console.print(Rule(label, align="left", style="red"))
        before = 0.0
        for at, text in cast.outputs:
            self.pause(at - before)
            before = at
            self.write(text)
        self.console.print(Rule(Text(self._say("end"), "red"), align="left", style="red"))

    def miss(self, *, why: Paired, missing: str) -> None:
        """Say that a scene failed, and that there is no recording of it."""
        text = f"{self._say('why', why=why.text(self.language))}\n{self._say('none', why=missing)}"
        self.console.print(Panel(Text(text), style="red"))

    def _say(self, name: str, **values: str) -> str:
        text = _WORDS[name][self.language].format(**values)
        return typeset_french(text) if self.language == "fr" else text


def keys(command: str) -> Iterator[tuple[str, float]]:
    """Yield the pieces in which a command line is typed, and the seconds after each."""
    yield PROMPT, _SECONDS_BEFORE_ENTER
    for key in command:
        yield key, _SECONDS_A_KEY
    yield "", _SECONDS_BEFORE_ENTER
    yield "\r\n", 0.0


def wait_for_key() -> None:
    """Wait until somebody presses a key; Ctrl-C interrupts, as everywhere."""
    with _key_by_key(sys.stdin.fileno()) as terminal:
        if os.read(terminal, 1) == b"":
            raise KeyboardInterrupt  # the terminal is gone


@contextmanager
def _key_by_key(terminal: int) -> Iterator[int]:
    former = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        termios.tcflush(terminal, termios.TCIFLUSH)  # what was typed while a scene ran is no answer
        yield terminal
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, former)
