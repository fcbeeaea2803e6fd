"""Who may import whom: `job` ships alone, `infra` describes, `ops` acts, `rehearsal` tries all of it out.

CONTRIBUTING.md draws these layers.
"""

from collections.abc import Callable

import pytest

from tests.imports import OURS, circle, graph, imports_of_ours, is_within, plain, sources

PRODUCT = sources("bench", "infra", "job", "ops", "rehearsal")
COMMAND_LINE = {"ops.cli", "ops.images", "ops.__main__"}
"""Modules of `ops` that may import commands, also those of `rehearsal`."""

CONSTANTS_OF_THE_JOB = plain({name: source for name, source in PRODUCT.items() if name.startswith("job.")})
"""What `infra` may take from the job: modules that need the standard library alone, so that synth loads no Spark."""


ROOMS_OF_THE_JOB = ("job.storage", "job.features", "job.components", "job.report", "job.notebook")
"""The packages of the job, each of which may take from those before it."""

BASE_OF_THE_JOB = ("job.SINGLE_THREADED", "job.__version__", "job.bounds", "job.errors", "job.frames", "job.plain")
"""What each of its packages may take; the other modules of the job stand above all of them."""


FLOORS_OF_OPS = (
    *(
        "ops.errors",
        "ops.project",
        "ops.clock",
        "ops.failures",
        "ops.completion",
        "ops.encoding",
        "ops.console",
        "ops.loading",
        "ops.quantities",
        "ops.summary",
    ),
    *("ops.aws", "ops.beliefs", "ops.build", "ops.pricing", "ops.facts"),
)
"""What every command may take; each takes from those before it. `ops.pricing` and `ops.facts` have a command, too."""

COMMANDS_OF_OPS = (
    "ops.deck",
    "ops.site",
    "ops.diagrams",
    "ops.local",
    "ops.notebook",
    "ops.preflight",
    "ops.review",
    "ops.runs",
    "ops.teardown",
    "ops.upload",
    "ops.use",
    "ops.verify",
)
"""Folders of commands, which take nothing from one another."""


def _job(name: str) -> bool:
    return is_within(name, "job")


def _room(room: str) -> Callable[[str], bool]:
    below = (*BASE_OF_THE_JOB, *ROOMS_OF_THE_JOB[: ROOMS_OF_THE_JOB.index(room) + 1])
    return lambda name: any(is_within(name, module) for module in below)


def _infra(name: str) -> bool:
    return is_within(name, "infra") or any(is_within(name, module) for module in CONSTANTS_OF_THE_JOB)


def _embedded(name: str) -> bool:
    """Accept itself, and what keeps its process: what judges the product must not ask the product."""
    return is_within(name, "rehearsal.embedded") or is_within(name, "rehearsal.daemon")


def _ops(name: str) -> bool:
    return any(is_within(name, package) for package in ("infra", "job", "ops"))


def _floor(floor: str) -> Callable[[str], bool]:
    below = ("infra", "job", *FLOORS_OF_OPS[: FLOORS_OF_OPS.index(floor) + 1])
    return lambda name: any(is_within(name, package) for package in below) and not _is_command(name)


def _command(folder: str) -> Callable[[str], bool]:
    below = ("infra", "job", *FLOORS_OF_OPS, folder)
    return lambda name: any(is_within(name, package) for package in below) and not _is_command(name)


def _is_command(name: str) -> bool:
    """Return whether a name is in a module with the function of a command, which the command line alone may take."""
    parts = name.split(".")
    return parts[0] == "ops" and ("command" in parts or "commands" in parts)


def _rehearsal(name: str) -> bool:
    return _ops(name) or is_within(name, "rehearsal")


LAYERS: dict[str, Callable[[str], bool]] = {
    **{room: _room(room) for room in ROOMS_OF_THE_JOB},
    "rehearsal.daemon": lambda _: False,
    "job": _job,
    "infra": _infra,
    **{floor: _floor(floor) for floor in FLOORS_OF_OPS},
    **{folder: _command(folder) for folder in COMMANDS_OF_OPS},
    "ops": _ops,
    "rehearsal.embedded": _embedded,
    "rehearsal": _rehearsal,
}


def faults(module: str, source: str) -> list[str]:
    """Name what a module imports and its layer must not."""
    if module in COMMAND_LINE:
        return []
    layer = next((layer for layer in LAYERS if is_within(module, layer)), None)
    names = imports_of_ours(module, source)
    return sorted(name for name in names if layer and not LAYERS[layer](name))


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_what_lies_below_it(layer: str) -> None:
    modules = {module: source for module, source in PRODUCT.items() if is_within(module, layer)}
    assert modules
    assert {module: found for module, source in modules.items() if (found := faults(module, source))} == {}


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("job.storage.plan", "from infra.settings import DeploymentSettings"),
        ("job.storage.plan", "def late() -> None:\n    import ops.aws.account"),
        ("job.storage.plan", "from job.features.decode import SIDE"),
        ("job.features.decode", "from job.components import pca"),
        ("job.components.pca", "from job.report.plots import BINS"),
        ("job.report.plots", "from job.arguments import Arguments"),
        ("job.report.plots", "from job import pipeline"),
        ("infra.stacks", "from job.pipeline import run"),
        ("infra.stacks", "import job"),
        ("infra.stacks", "import ops"),
        ("ops.aws.account", "from rehearsal.embedded.aws import ACCOUNT"),
        ("ops.aws.account", "from tests import pictures"),
        ("ops.aws.account", "where = 'rehearsal.embedded.aws:ACCOUNT'"),
        ("ops.aws.place", "from ops.runs.history import past_runs"),
        ("ops.aws.place", "from ops.pricing.amount import Amount"),
        ("ops.console", "from ops.aws.account import Client"),
        ("ops.runs.history", "from ops.teardown.leaks.sweep import sweep"),
        ("ops.runs.history", "from ops.pricing.command import price"),
        ("ops.runs.history", "from ops.runs.commands.runs import runs"),
        ("ops.teardown.destroy.plan", "from ops.teardown.leaks import command"),
        ("rehearsal.node.life", "import bench"),
        ("rehearsal.embedded.types", "import ops.review.replacement"),
        ("rehearsal.embedded.types", "from infra.settings import DeploymentSettings"),
        ("rehearsal.embedded.types", "from job.storage import plan"),
        ("rehearsal.embedded.types", "from rehearsal import node"),
        ("rehearsal.embedded.types", "from rehearsal.scenario.checks import check_run"),
        ("rehearsal.embedded.types", "def late() -> None:\n    from ops.review.replacement import effect_of"),
    ],
)
def test_an_import_from_above_is_found(module: str, line: str) -> None:
    assert faults(module, line)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("job.storage.plan", "from job.storage import store"),
        ("job.report.plots", "from job.components.pca import fit"),
        ("job.storage.plan", "from job import SINGLE_THREADED"),
        ("job.pipeline", "from job.report.page import render"),
        ("infra.job_settings", "from job.plain import encoded"),
        ("ops.cli", "from rehearsal.rehearse import rehearse"),
        ("ops.cli", "rehearse = 'rehearsal.rehearse:rehearse'"),
        ("ops.runs.history", "from ops.aws.s3.folder import Folder"),
        ("ops.runs.cost", "from ops.pricing.amount import Amount"),
        ("ops.teardown.destroy.command", "from ops.teardown.leaks.sweep import sweep_place"),
        ("rehearsal.scenario.host", "from infra.settings import DeploymentSettings"),
        ("rehearsal.embedded.types", "import cfnlint"),
        ("rehearsal.embedded.types", "from rehearsal.embedded import vanilla"),
    ],
)
def test_an_import_from_below_is_none(module: str, line: str) -> None:
    assert faults(module, line) == []


def test_a_relative_import_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"rehearsal\.embedded\.types, line 1: a relative import"):
        faults("rehearsal.embedded.types", "from .. import node")


def test_no_modules_import_one_another_in_a_circle() -> None:
    assert circle(graph(PRODUCT)) == []


def test_a_circle_is_found_though_one_of_its_imports_is_late() -> None:
    modules = {"job.a": "from job.b import x", "job.b": "def late() -> None:\n    from job import a"}
    assert set(circle(graph(modules))) == {"job.a", "job.b"}


def test_no_module_has_more_than_250_lines() -> None:
    assert {name: lines for name, text in PRODUCT.items() if (lines := len(text.splitlines())) > 250} == {}


def test_every_package_has_a_layer_or_lies_above_all() -> None:
    assert {layer.split(".")[0] for layer in LAYERS} | {"bench", "tests"} == set(OURS)


def test_every_part_of_ops_is_a_floor_or_a_folder_of_commands() -> None:
    parts = {".".join(module.split(".")[:2]) for module in PRODUCT if is_within(module, "ops") and module != "ops"}
    assert parts - COMMAND_LINE == {*FLOORS_OF_OPS, *COMMANDS_OF_OPS}
