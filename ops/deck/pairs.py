"""Templates in which each text stands in French and in English, side by side."""

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from job.notebook.words import Language, typeset_french
from ops.errors import FruitsError


class PairsError(FruitsError):
    """A template is none, or has a text in one language only."""


class Pairs(Extension):
    """``{% fr %}…{% en %}…{% end %}``: a text in both languages, of which the one asked for is rendered.

    One without the other is an error of syntax, so that nothing can exist in a single language.
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


def render_pairs(name: str, source: str, language: Language, words: Mapping[str, Callable[..., str]]) -> str:
    """Render a template in one language.

    Parameters
    ----------
    name
        Of its file.
    source
        The template.
    language
        Which text of each pair.
    words
        Functions that it may call.

    Raises
    ------
    PairsError
        If a text is there in one language only, or the template is otherwise none.
    """
    environment = Environment(extensions=[Pairs], undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    try:
        template = environment.from_string(source)
    except TemplateSyntaxError as error:
        raise PairsError(f"{name}, line {error.lineno}: {error.message}") from error
    return template.render(language=language, **words)
