"""``fruits facts``: the figures that documents may state, written down or compared with what is true now."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ops.aws.bare_synthesis import bare_templates, default_settings
from ops.console import complain, out, status
from ops.facts.benchmark import benchmark_facts
from ops.facts.fact import FACTS, Facts, FactsError, read_facts, write_facts
from ops.facts.facts import computed_facts, differences, with_origins
from ops.facts.figures import free_figures, read_documents
from ops.facts.measured import Measured, enter, read_measured
from ops.facts.origin import newest_commit
from ops.facts.rehearsal import rehearsal_facts
from ops.facts.tiers import tier_facts
from ops.project import ROOT


def facts(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if a figure is not true now, or a document's is free.")
    ] = False,
    bench: Annotated[
        Path | None, typer.Option(help="First enter the figures of a benchmark: its results.json.")
    ] = None,
    rehearsal: Annotated[
        Path | None, typer.Option(help="First enter the figures of a rehearsal here: its rehearsal.json.")
    ] = None,
    tests: Annotated[
        Path | None, typer.Option(help="First enter the times of the tests here: build/tests/all.xml or unit.xml.")
    ] = None,
    file: Annotated[Path, typer.Option(help="The file of facts.")] = FACTS,
) -> None:
    """Write down each figure that the documents may state: value, unit, command, commit, date, machine."""
    if bench:
        origin = newest_commit(["bench", "job"])
        found = benchmark_facts(bench, read_measured().facts, origin)
        _enter(bench, found, f"Measured by these modules, commit {origin.commit}.", origin.date)
    if rehearsal:
        _enter(rehearsal, rehearsal_facts(rehearsal))
    if tests:
        _enter(tests, tier_facts(tests, newest_commit(["."])))
    with status("Templates"):
        settings = default_settings()
        computed = computed_facts(settings, bare_templates(settings))
    measured = read_measured()
    if check:
        _compare(read_facts(file), computed, measured)
        return
    write_facts({**with_origins(computed, _former(file)), **measured.facts}, file)
    out.print(f"{len(computed)} figures computed, {len(measured.facts)} measured ones kept: {file}", soft_wrap=True)


def _former(file: Path) -> Facts:
    """Read what was written down; from a file that a merge has left with conflicts nothing."""
    try:
        return read_facts(file)
    except FactsError:
        return {}


def _enter(source: Path, found: Facts, why: str | None = None, date: str = "") -> None:
    enter(found, why=why, date=date)
    out.print(f"{len(found)} figures of {source} entered", soft_wrap=True)


def _compare(written: Facts, computed: Facts, measured: Measured) -> None:
    problems = [*differences(written, computed, measured.facts), *measured.outdated(), *_free(written)]
    for problem in problems:
        complain(problem)
    if problems:
        raise FactsError(f"{len(problems)} figures are not true now, or held by nothing; mend them, then: fruits facts")


def _free(written: Facts) -> Iterator[str]:
    for document in read_documents():
        yield from free_figures(document, (ROOT / document.name).read_text(encoding="utf-8"), written)
