"""``fruits facts``: the figures that documents may state, written down or compared with what is true now."""

from pathlib import Path
from typing import Annotated

import typer

from ops.aws.bare_synthesis import bare_templates, default_settings
from ops.console import complain, out, status
from ops.errors import ExitCode
from ops.facts.fact import FACTS, FactsError, read_facts, write_facts
from ops.facts.facts import computed_facts, differences, measured_facts, with_origins


def facts(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a figure is not true now.")] = False,
    file: Annotated[Path, typer.Option(help="The file of facts.")] = FACTS,
) -> None:
    """Write down each figure that the documents may state: value, unit, command, commit, date, machine."""
    with status("Templates"):
        settings = default_settings()
        computed = computed_facts(settings, bare_templates(settings))
    measured = measured_facts()
    if not check:
        known = read_facts(file) if file.exists() else {}
        write_facts(with_origins(computed, known) | measured, file)
        out.print(f"{len(computed)} figures computed, {len(measured)} measured ones kept: {file}")
        return
    problems = differences(read_facts(file), computed, measured)
    for problem in problems:
        complain(problem)
    if problems:
        raise FactsError("the facts are not true now; run: fruits facts", exit_code=ExitCode.FAILED)
