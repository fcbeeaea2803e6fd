"""The notebook as it is, by EMR's gateway and sparkmagic to a session of Spark with the rights of the deployed role.

Livy alone is a stand-in. It takes minutes, so `make notebook-rehearsed` runs it, and `make test` does not: what is
between a notebook and Spark is tried in test_notebook_sessions.py, too, and the notebook itself in tests/ops/notebook.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from ops.notebook.build import path_of
from tests.ops.commands import fruits_with
from tests.ops.notebook.notebooks import Executed, execute
from tests.rehearsal.nodes import Deployed, deploying

GATEWAY = {"KERNEL_USERNAME": "emr-notebook"}
"""Whom EMR Studio acts for; the gateway refuses root."""

STUDIO = ("-c", "mode=interactive", "-c", "notebook=true")


def _run(deployed: Deployed, folder: Path, *words: str) -> Result:
    fruits = fruits_with(deployed.cluster.place.aws)
    return fruits("notebook", "run", *STUDIO, "--look-every", "0.5", "--output", str(folder), *words)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Deploy with a Studio, and the nodes' packages for notebooks."""
    with deploying(tmp_path_factory.mktemp("deployed"), "notebook=true") as done:
        yield done


@pytest.fixture(scope="module")
def executed(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Executed:
    """The whole notebook, by the command, with as many components as the deployed step."""
    folder = tmp_path_factory.mktemp("notebook")
    ended = _run(deployed, folder, "--parameter", "components=2")
    fetched = folder / "fruits.en.ipynb"
    assert fetched.exists(), ended.output
    return Executed(ended.exit_code, ended.stderr, json.loads(fetched.read_text(encoding="utf-8")))


def test_it_runs_from_its_first_cell_to_its_last_and_shows_every_figure(executed: Executed) -> None:
    assert executed.code == 0, executed.error
    assert "the session is closed" in executed.text
    pictures = executed.outputs("image/png")
    assert len(pictures) == sum("%matplot" in "".join(cell["source"]) for cell in executed.notebook["cells"])
    assert min(map(len, pictures)) > 5_000


def test_its_figures_are_those_of_the_deployed_step_on_the_same_photographs(
    deployed: Deployed, executed: Executed
) -> None:
    assert executed.code == 0, executed.error
    lines = [" ".join(line.split()) for line in executed.text.splitlines()]
    step_id = deployed.submit_job()
    assert deployed.cluster.wait_for_step(step_id)["State"] == "COMPLETED"
    manifest = json.loads(deployed.cluster.log(f"steps/{step_id}/stdout.gz").splitlines()[-1])

    assert f"run {manifest['run']}" in lines
    for name in ("images", "features", "quarantined"):
        assert f"{name} {manifest['counts'][name]}" in lines
    assert any(line.startswith("kept: 2 components") for line in lines)
    assert manifest["counts"]["computed"] == 0  # the notebook has left it nothing to do


def test_without_a_right_its_cell_fails_and_so_does_the_notebook(deployed: Deployed, tmp_path: Path) -> None:
    notebook = json.loads(path_of("en").read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    listing = next(number for number, source in enumerate(sources) if "list_photographs(request.images)" in source)
    notebook["cells"] = notebook["cells"][: listing + 1]
    (tmp_path / "listing.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    port = (deployed.cluster.machine / "gateway.port").read_text(encoding="ascii")
    iam, role = deployed.client("iam"), deployed.role
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    granted: Any = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    left = [statement for statement in granted["Statement"] if "s3:ListBucket" not in statement["Action"]]
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps({**granted, "Statement": left}))
    try:
        ended = execute(tmp_path / "listing.ipynb", tmp_path, GATEWAY, "--gateway", f"http://127.0.0.1:{port}")
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(granted))

    assert ended.code == 1
    assert f"cell {listing + 1} of the notebook failed" in ended.error
    assert "AccessDenied" in ended.error
