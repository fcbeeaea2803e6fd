"""The bootstrap action and the nodes' lock, for real: what installs here is what the job then runs on."""

import hashlib
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from ops.build.products import make_model
from ops.build.wheelhouse import Wheelhouse, this_machine
from ops.local import spark_submit
from ops.local.sample import render_sample
from ops.project import ROOT
from tests.bootstrap_nodes import Node, bootstrap_node

pytestmark = pytest.mark.spark


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return bootstrap_node(tmp_path, {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"})


def packed(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as content:
        for file in sorted(folder.iterdir()):
            content.write(file, file.name)
    return archive


@pytest.fixture(scope="session")
def wheelhouse() -> Wheelhouse:
    wheels = Wheelhouse.below(ROOT / "build", "litert", this_machine())
    if not wheels.is_complete():
        wheels.build()
    return wheels


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_wheelhouse_holds_a_wheel_for_every_line_of_the_lock_and_is_not_built_twice(wheelhouse: Wheelhouse) -> None:
    pinned = [
        line for line in wheelhouse.lock.read_text().splitlines() if "==" in line and not line.startswith((" ", "#"))
    ]

    assert len(list(wheelhouse.folder.glob("*.whl"))) == len(pinned)
    assert wheelhouse.is_complete()


def test_a_changed_lock_asks_for_a_new_wheelhouse(wheelhouse: Wheelhouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.build.wheelhouse.LOCKS", {"litert": "nodes-keras.txt"})

    assert not wheelhouse.is_complete()


def test_the_job_runs_on_what_the_bootstrap_action_installed(
    wheelhouse: Wheelhouse, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_sha256 = sha256(wheelhouse.folder / "requirements.txt")
    archive = packed(wheelhouse.folder, node.folder / "wheelhouse.zip")

    first = node.install(archive, lock_sha256)
    assert first.returncode == 0, first.stderr
    archive.unlink()
    again = node.install(archive, lock_sha256)
    assert again.returncode == 0
    assert "complete already" in again.stderr

    python = str(node.environment / "bin" / "python")
    environment = {**spark_submit.environment(), "PYSPARK_PYTHON": python, "PYSPARK_DRIVER_PYTHON": python}
    monkeypatch.setattr(spark_submit, "environment", lambda: environment)
    model = make_model(ROOT / "build" / "model", "litert")
    render_sample(node.folder / "images", per_label=5, labels=["Lemon", "Orange"])
    arguments = ["--images", str(node.folder / "images"), "--output", str(node.folder / "out"), "--weights", str(model)]
    manifest = spark_submit.submit(
        spark_submit.Submission(arguments), progress=lambda done, total: None, log=lambda line: None
    )
    assert manifest["counts"]["features"] == manifest["counts"]["images"] > 0


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / "requirements.txt").write_text("six==1.17.0 --hash=sha256:" + "0" * 64 + "\n")
    return folder


def test_a_lock_with_another_checksum_is_refused(node: Node, small: Path) -> None:
    done = node.install(packed(small, node.folder / "w.zip"), "0" * 64)

    assert done.returncode == 1
    assert "error: requirements.txt does not have sha256 000" in done.stderr
    assert not node.environment.exists()


def test_a_wheel_with_another_checksum_is_refused(wheelhouse: Wheelhouse, node: Node, small: Path) -> None:
    for wheel in (*wheelhouse.folder.glob("six-*.whl"), *wheelhouse.folder.glob("pip-*.whl")):
        shutil.copy(wheel, small)

    done = node.install(packed(small, node.folder / "w.zip"), sha256(small / "requirements.txt"))

    assert done.returncode == 1
    assert "error: the wheels do not install: a hash is wrong" in done.stderr
    assert not (node.environment / "lock.sha256").exists()


def test_a_wheelhouse_that_cannot_be_copied_fails_after_five_attempts(node: Node) -> None:
    done = node.install(node.folder / "nowhere.zip", "0" * 64)

    assert done.returncode == 1
    assert done.stderr.count("trying again") == 4
    assert "error: cannot copy" in done.stderr


def test_packages_that_do_not_import_fail_the_node(wheelhouse: Wheelhouse, node: Node, small: Path) -> None:
    for wheel in (*wheelhouse.folder.glob("six-*.whl"), *wheelhouse.folder.glob("pip-*.whl")):
        shutil.copy(wheel, small)
    digest = sha256(next(small.glob("six-*.whl")))
    (small / "requirements.txt").write_text(f"six==1.17.0 --hash=sha256:{digest}\n")

    done = node.install(packed(small, node.folder / "w.zip"), sha256(small / "requirements.txt"))

    assert done.returncode == 1
    assert "error: cannot import ai_edge_litert.interpreter" in done.stderr
