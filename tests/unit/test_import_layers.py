"""Who may import whom: `job` ships alone, `infra` describes, `ops` acts, `rehearsal` tries all of it out.

CONTRIBUTING.md draws these layers.
"""

from collections.abc import Callable

import pytest

from tests.imports import OURS, circle, graph, imports_of_ours, is_within, plain, sources

PRODUCT = sources("bench", "infra", "job", "ops", "rehearsal")
DOORS_OF_THE_REHEARSAL = {"ops.cli"}
"""Modules of `ops` that may import `rehearsal`: the command line, which offers its commands."""

CONSTANTS_OF_THE_JOB = plain({name: source for name, source in PRODUCT.items() if name.startswith("job.")})
"""What `infra` may take from the job: modules that need the standard library alone, so that synth loads no Spark."""


def _job(name: str) -> bool:
    return is_within(name, "job")


def _infra(name: str) -> bool:
    return is_within(name, "infra") or any(is_within(name, module) for module in CONSTANTS_OF_THE_JOB)


def _embedded(name: str) -> bool:
    """Accept itself alone: what judges the product must not ask the product."""
    return is_within(name, "rehearsal.embedded")


def _ops(name: str) -> bool:
    return any(is_within(name, package) for package in ("infra", "job", "ops"))


def _rehearsal(name: str) -> bool:
    return _ops(name) or is_within(name, "rehearsal")


LAYERS: dict[str, Callable[[str], bool]] = {
    "job": _job,
    "infra": _infra,
    "ops": _ops,
    "rehearsal.embedded": _embedded,
    "rehearsal": _rehearsal,
}


def faults(module: str, source: str) -> list[str]:
    """Name what a module imports and its layer must not."""
    if module in DOORS_OF_THE_REHEARSAL:
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
        ("infra.stacks", "from job.pipeline import run"),
        ("infra.stacks", "import job"),
        ("infra.stacks", "import ops"),
        ("ops.aws.account", "from rehearsal.embedded.aws import ACCOUNT"),
        ("ops.aws.account", "from tests import pictures"),
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
        ("infra.job_settings", "from job.plain import encoded"),
        ("ops.cli", "from rehearsal.rehearse import rehearse"),
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


def test_every_package_has_a_layer_or_lies_above_all() -> None:
    assert {layer.split(".")[0] for layer in LAYERS} | {"bench", "tests"} == set(OURS)
