"""The scenes of the demonstration, each in French and in English, from one table."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from job.notebook.words import Language, typeset_french
from ops.errors import FruitsError
from ops.project import ROOT

TABLE: Final = Path(__file__).with_name("scenes.toml")
RECORDINGS: Final = ROOT / "docs" / "recordings"


class NoScene(FruitsError):
    """The table of scenes is damaged, or there is no such scene."""


class Paired(BaseModel):
    """A text in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fr: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def text(self, language: Language) -> str:
        """Return the text in one of the languages."""
        return typeset_french(self.fr) if language == "fr" else self.en


class Scene(BaseModel):
    """A scene.

    Attributes
    ----------
    name
        In both languages, and of its recording.
    title, says
        Its heading, and what is said before its commands are typed.
    commands
        As they are typed in the folder of the project; ``{language}`` stands for ``fr`` or ``en``.
    codes
        With which they may end.
    seconds
        How long all of them may take together.
    needs
        Scenes whose commands have to have ended well.
    settled
        Whether the commands show the same each time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern="^[a-z]+$")
    title: Paired
    says: Paired
    commands: tuple[str, ...] = Field(min_length=1)
    codes: tuple[int, ...] = (0,)
    seconds: float = Field(gt=0)
    needs: tuple[str, ...] = ()
    settled: bool = False

    def typed(self, language: Language) -> tuple[str, ...]:
        """Return the commands as they are typed in a language."""
        return tuple(command.replace("{language}", language) for command in self.commands)

    def recording(self, language: Language, folder: Path = RECORDINGS) -> Path:
        """Return the file of its recording: one for both languages, unless the commands tell them apart."""
        ending = "" if self.typed("fr") == self.typed("en") else f".{language}"
        return folder / f"{self.name}{ending}.cast"


def read_scenes(path: Path = TABLE) -> tuple[Scene, ...]:
    """Read the scenes.

    Raises
    ------
    NoScene
        If one lacks a language, needs a scene that does not come before it, or is otherwise none.
    """
    try:
        rows: Sequence[Mapping[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["scenes"]
        scenes = tuple(Scene.model_validate(row) for row in rows)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise NoScene(f"{path.name}: {where}: {first['msg']}; see the head of that file for what is accepted") from None
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise NoScene(f"{path.name}: not a table of scenes ({error})") from None
    before: set[str] = set()
    for scene in scenes:
        if scene.name in before:
            raise NoScene(f"{path.name}: two scenes are called {scene.name}; name each once")
        if missing := set(scene.needs) - before:
            raise NoScene(f"{path.name}: {scene.name} needs {', '.join(sorted(missing))}, which do not come before it")
        before.add(scene.name)
    return scenes
