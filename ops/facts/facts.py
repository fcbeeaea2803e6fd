"""All facts: those that are computed from the code, and those that were measured."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from infra.settings import DeploymentSettings
from infra.templates import Deployment
from ops.facts.constants import constant_facts
from ops.facts.documents import document_facts
from ops.facts.fact import Fact, Facts
from ops.facts.from_templates import template_facts
from ops.facts.origin import newest_commit
from ops.facts.prices import price_facts
from ops.pricing.price_book import PriceBook

_CODE: Final[Mapping[str, tuple[str, ...]]] = {
    "fruits price": ("ops/pricing", "infra", "cdk.json"),
    "cdk synth": ("infra", "cdk.json"),
    "make planted": ("docs/rehearsal.md",),
    "read docs/unverified": ("docs/unverified-on-aws.md", "ops/beliefs"),
    "read docs/decisions": ("docs/decisions",),
    "read job": ("job/bounds.py", "job/storage/reading.py"),
}
"""Beginnings of commands, and the code that they run."""


def computed_facts(settings: DeploymentSettings, deployment: Deployment) -> dict[str, Fact]:
    """Compute what the code says now; nothing here takes longer than to read the templates.

    Parameters
    ----------
    settings, deployment
        Of cdk.json's default environment, and its templates.
    """
    return (
        constant_facts(settings)
        | template_facts(deployment)
        | price_facts(settings, deployment, PriceBook.load())
        | document_facts()
    )


def with_origins(computed: Facts, known: Facts) -> dict[str, Fact]:
    """Name the commit of each computed fact; one that says what it said keeps the commit that it had."""
    origins = {begin: newest_commit(paths) for begin, paths in _CODE.items()}

    def named(name: str, fact: Fact) -> Fact:
        former = known.get(name)
        if former and former.same_as(fact):
            return former
        commit, date = next(origin for begin, origin in origins.items() if fact.command.startswith(begin))
        return replace(fact, commit=commit, date=date)

    return {name: named(name, fact) for name, fact in computed.items()}


def differences(written: Facts, computed: Facts, measured: Facts) -> list[str]:
    """Return which facts are written down otherwise than the code or the measurements have them."""
    now = {**computed, **measured}
    texts = []
    for name in sorted({*written, *now}):
        old, new = written.get(name), now.get(name)
        if old is None or new is None or not (old.same_as(new) if name in computed else old == new):
            texts.append(f"{name}: {_shown(old)} is written down, and {_shown(new)} is true now")
    return texts


def _shown(fact: Fact | None) -> str:
    return "nothing" if fact is None else f"{fact.value} {fact.unit}"
