"""The source of the slides: a template in pairs of texts, cut into slides with their notes and their facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from job.notebook.words import Language
from ops.deck.facts import Figures
from ops.deck.pairs import render_pairs
from ops.deck.parts import Medium, Parts
from ops.errors import FruitsError
from ops.facts.fact import Fact, Facts
from ops.project import ROOT

SOURCE: Final = ROOT / "docs" / "deck" / "deck.md.j2"
_SLIDE: Final = "\N{INFORMATION SEPARATOR TWO}"
_NOTES: Final = "\n???\n"


class DeckError(FruitsError):
    """The source is no presentation."""


@dataclass(frozen=True, kw_only=True)
class Slide:
    """A slide in one language.

    Parameters
    ----------
    name
        What it is called in both languages.
    look
        Classes of the theme.
    seconds
        How long it is spoken about.
    text, notes
        Markdown of the slide, and what the speaker says.
    facts
        Figures it shows or says, by name, in their order.
    """

    name: str
    look: str
    seconds: int
    text: str
    notes: str
    facts: Mapping[str, Fact]


@dataclass
class _Slides:
    """What a template says about its slides while it is rendered."""

    heads: list[tuple[str, str, int]] = field(default_factory=list)
    facts: list[dict[str, Fact]] = field(default_factory=list)

    def slide(self, name: str, look: str = "", seconds: int = 0) -> str:
        """Begin a slide."""
        if name in {head[0] for head in self.heads}:
            raise DeckError(f"two slides are called {name!r} in {SOURCE.name}; name each once")
        self.heads.append((name, look, seconds))
        self.facts.append({})
        return _SLIDE

    def use(self, name: str, fact: Fact) -> None:
        """Record that the slide at hand uses a figure."""
        if not self.facts:
            raise DeckError(f"{SOURCE.name} uses the fact {name!r} before its first slide")
        self.facts[-1][name] = fact


def render(source: str, facts: Facts, language: Language, medium: Medium) -> list[Slide]:
    """Render the slides of one language.

    Parameters
    ----------
    source
        The template.
    facts
        Its figures.
    language, medium
        Whose words, and for which program.

    Raises
    ------
    DeckError
        If a slide has no notes, or two have one name.
    PairsError
        If a text is there in one language only.
    UnknownFact
        If a figure is asked for that nothing gives.
    """
    slides = _Slides()
    parts = Parts(Figures(facts, language, use=slides.use), medium)
    text = render_pairs(SOURCE.name, source, language, {"slide": slides.slide, **parts.words()})
    _, *bodies = text.split(_SLIDE)
    return [_slide(head, body, used) for head, body, used in zip(slides.heads, bodies, slides.facts, strict=True)]


def _slide(head: tuple[str, str, int], body: str, facts: Mapping[str, Fact]) -> Slide:
    name, look, seconds = head
    text, mark, notes = body.partition(_NOTES)
    if not mark or not notes.strip():
        raise DeckError(f"the slide {name!r} has no notes; write them below a line ??? in both languages")
    return Slide(name=name, look=look, seconds=seconds, text=text.strip(), notes=notes.strip(), facts=facts)
