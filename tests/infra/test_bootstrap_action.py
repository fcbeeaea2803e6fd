"""The bootstrap action as nodes may run it: under another umask, without python3.11, without a region."""

import ensurepip
import hashlib
import json
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bootstrap_nodes import SCRIPT, Node, bootstrap_node

COMMANDS = ["bash", "cp", "date", "find", "grep", "id", "install", "ln", "mktemp", "rm", "sha256sum", "uname"]
MODULES = [
    "ai_edge_litert/interpreter",
    "botocore/session",
    "numpy",
    "obstore",
    "pandas",
    "PIL/Image",
    "pyarrow/parquet",
]
WHEEL = "stand_in-1.0-py3-none-any.whl"


def _node(folder: Path) -> Node:
    """Make a node whose PATH has what the script needs and nothing else, and pack its wheelhouse."""
    node = bootstrap_node(folder, {"PATH": str(folder / "bin")})
    node.command("dnf", "exit 1")
    for name in COMMANDS:
        (folder / "bin" / name).symlink_to(shutil.which(name) or pytest.skip(f"no {name} here"))
    (folder / "bin" / "python3.11").symlink_to(sys.executable)
    (folder / "wheels").mkdir()
    _pack_wheelhouse(folder)
    return node


def _install(node: Node, *further: Path, umask: int = 0o022) -> subprocess.CompletedProcess[str]:
    lock = node.folder / "wheels" / "requirements.txt"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    return node.install(node.folder / "wheelhouse.zip", digest, *further, umask=umask)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """A node that the script has run on under the narrowest umask, with no region but that of its argument."""
    node = _node(tmp_path_factory.mktemp("node"))
    done = _install(node, umask=0o077)
    assert done.returncode == 0, done.stderr
    return node


@pytest.fixture
def node_without_python(tmp_path: Path) -> Node:
    node = _node(tmp_path)
    (node.folder / "bin" / "python3.11").unlink()
    return node


def _pack_wheelhouse(folder: Path) -> None:
    """Pack the pip that comes with Python, and one wheel that holds empty modules of the names the script imports."""
    bundled = list((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
    if not bundled:
        pytest.skip("this Python comes without a wheel of pip")
    wheels = folder / "wheels"
    shutil.copy(bundled[0], wheels)
    info = "stand_in-1.0.dist-info"
    with zipfile.ZipFile(wheels / WHEEL, "w") as wheel:
        for module in MODULES:
            package, _, name = module.partition("/")
            wheel.writestr(f"{package}/__init__.py", "")
            if name:
                wheel.writestr(f"{package}/{name}.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: stand-in\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256((wheels / WHEEL).read_bytes()).hexdigest()
    (wheels / "requirements.txt").write_text(f"stand-in==1.0 --hash=sha256:{digest}\n", encoding="utf-8")
    with zipfile.ZipFile(folder / "wheelhouse.zip", "w") as archive:
        for file in wheels.iterdir():
            archive.write(file, file.name)


def _closed_to_others(folder: Path) -> Iterator[Path]:
    for path in (folder, *folder.rglob("*")):
        wanted = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0)
        if path.stat().st_mode & wanted != wanted:
            yield path


def test_whoever_runs_the_executors_can_read_the_environment_whatever_the_umask(installed: Node) -> None:
    assert (installed.environment / "lib" / "python3.11" / "site-packages" / "botocore").is_dir()
    assert not list(_closed_to_others(installed.environment))


def test_a_file_that_others_cannot_read_would_be_found(tmp_path: Path) -> None:
    closed = tmp_path / "environment" / "lock.sha256"
    closed.parent.mkdir(mode=0o755)
    closed.touch(mode=0o640)
    assert list(_closed_to_others(closed.parent)) == [closed]


def test_a_node_with_python_3_11_asks_for_no_other(installed: Node) -> None:
    assert not [call for call in installed.calls if call.startswith("dnf")]


def test_the_wheelhouse_is_copied_from_the_region_of_the_deployment_whatever_the_node_knows(installed: Node) -> None:
    copying = [call for call in installed.calls if call.startswith("aws s3 cp ")]
    assert len(copying) == 2
    assert [call for call in copying if not call.startswith("aws s3 cp --only-show-errors --region eu-west-3 ")] == []


def test_a_node_says_what_it_is_in_the_log_of_the_action(installed: Node) -> None:
    again = _install(installed)
    assert "is complete already" in again.stderr
    said = json.loads(again.stdout)
    assert said["python"]["running"].startswith("3.11.")
    assert said["yarn"] is None


def test_a_node_whose_probe_cannot_be_had_is_made_all_the_same(tmp_path: Path) -> None:
    node = _node(tmp_path)
    node.command("aws", '[[ $* != *probe.py* ]] || exit 1; exec cp "${@: -2:1}" "${@: -1}"')
    done = _install(node)
    assert done.returncode == 0, done.stderr
    assert "probe" not in done.stdout


def test_a_node_without_python_3_11_gets_it_from_amazon_linux(node_without_python: Node) -> None:
    node = node_without_python
    node.command("dnf", f"exec ln -s {sys.executable} {node.folder}/bin/python3.11")
    done = _install(node)
    assert done.returncode == 0, done.stderr
    assert "sudo dnf -y -q install python3.11" in node.calls
    assert (node.environment / "lock.sha256").exists()


def test_a_node_that_cannot_get_python_3_11_fails_and_says_so(node_without_python: Node) -> None:
    done = _install(node_without_python)
    assert done.returncode == 1
    assert "error: python3.11 is not on this node, and dnf cannot install it" in done.stderr


def _pack_package(archive: Path, *modules: str) -> Path:
    with zipfile.ZipFile(archive, "w") as packed:
        for module in modules:
            packed.writestr(module, "")
    return archive


def test_notebooks_on_a_node_import_the_package_of_the_job(tmp_path: Path) -> None:
    node = _node(tmp_path)
    modules = ("job/__init__.py", "job/features/__init__.py", "job/features/decode.py")
    done = _install(node, _pack_package(tmp_path / "job.zip", *modules), umask=0o077)
    assert done.returncode == 0, done.stderr
    python = node.environment / "bin" / "python"
    imported = subprocess.run(
        [python, "-P", "-c", "import job; print(job.__file__)"], env={}, capture_output=True, text=True, check=True
    )
    assert imported.stdout.startswith(str(node.environment))
    assert not list(_closed_to_others(node.environment))


def test_a_package_of_the_job_that_does_not_import_fails_the_node(tmp_path: Path) -> None:
    node = _node(tmp_path)
    done = _install(node, _pack_package(tmp_path / "job.zip", "job/__init__.py"))
    assert done.returncode == 1
    assert "error: cannot import job.features.decode" in done.stderr
    assert not (node.environment / "lock.sha256").exists()


def test_a_missing_argument_is_named() -> None:
    done = subprocess.run(["bash", SCRIPT, "a", "b", "c"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "expected WHEELHOUSE LOCK_SHA256 DIRECTORY REGION PROBE and perhaps JOB, got 3 arguments" in done.stderr
