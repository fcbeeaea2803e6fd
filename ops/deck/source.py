"""The source of the slides: a template in which each text stands in French and in English, side by side."""

from dataclasses import dataclass, field
from typing import Any, Final

from jinja2 import Environment, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from job.notebook.words import Language, typeset_french
from ops.deck.facts import Fact, Facts
from ops.deck.parts import Medium, Parts
from ops.errors import FruitsError
from ops.project import ROOT

SOURCE: Final = ROOT / "docs" / "deck" / "deck.md.j2"
_SLIDE: Final = "\N{INFORMATION SEPARATOR TWO}"
_NOTES: Final = "\n???\n"


class DeckError(FruitsError):
    """The source is no presentation."""


class Pairs(Extension):
    """``{% fr %}…{% en %}…{% end %}``: a text in both languages, of which the one asked for is rendered.

    One without the other is an error of syntax, so that no slide can exist in a single language.
    """

    tags = {"fr"}  # noqa: RUF012 (as Jinja declares it)

    def parse(self, parser: Parser) -> nodes.Node:
        """Take both texts, and choose one when the template is rendered."""
        line = next(parser.stream).lineno
        french = parser.parse_statements(("name:en",), drop_needle=True)
        english = parser.parse_statements(("name:end",), drop_needle=True)
        block = nodes.CallBlock(self.call_method("_typeset"), [], [], french).set_lineno(line)
        asked = nodes.Compare(nodes.Name("language", "load"), [nodes.Operand("eq", nodes.Const("fr"))])
        return nodes.If(asked, [block], [], english).set_lineno(line)

    def _typeset(self, caller: Any) -> str:
        return typeset_french(caller())


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
        Figures it shows or says, each once, in their order.
    """

    name: str
    look: str
    seconds: int
    text: str
    notes: str
    facts: tuple[Fact, ...]


@dataclass
class _Course:
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

    def use(self, fact: Fact) -> None:
        """Note that the slide at hand uses a figure."""
        if not self.facts:
            raise DeckError(f"{SOURCE.name} uses the fact {fact.name!r} before its first slide")
        self.facts[-1][fact.name] = fact


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
        If a text is there in one language only, a slide has no notes, or two have one name.
    UnknownFact
        If a figure is asked for that nothing gives.
    """
    course = _Course()
    parts = Parts(facts, language, medium, use=course.use)
    environment = Environment(extensions=[Pairs], undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    try:
        template = environment.from_string(source)
    except TemplateSyntaxError as error:
        raise DeckError(f"{SOURCE.name}, line {error.lineno}: {error.message}") from error
    text = template.render(language=language, slide=course.slide, **parts.words())
    _, *bodies = text.split(_SLIDE)
    return [
        _slide(head, body, tuple(used.values()))
        for head, body, used in zip(course.heads, bodies, course.facts, strict=True)
    ]


def _slide(head: tuple[str, str, int], body: str, facts: tuple[Fact, ...]) -> Slide:
    name, look, seconds = head
    text, mark, notes = body.partition(_NOTES)
    if not mark or not notes.strip():
        raise DeckError(f"the slide {name!r} has no notes; write them below a line ??? in both languages")
    return Slide(name=name, look=look, seconds=seconds, text=text.strip(), notes=notes.strip(), facts=facts)
