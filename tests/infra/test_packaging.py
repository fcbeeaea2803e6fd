import zipfile
from pathlib import Path

import pytest

from infra.errors import DeploymentError
from infra.packaging import locate_assets, pack_job, require_pinned

HASH = f"--hash=sha256:{'0' * 64}"


def _lock(folder: Path, text: str) -> Path:
    file = folder / "requirements.txt"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_job_archive_holds_modules_and_page_templates_alone(tmp_path: Path) -> None:
    package = tmp_path / "job"
    (package / "report").mkdir(parents=True)
    for name in (
        "__init__.py",
        "main.py",
        "report/page.html",
        "report/page.js",
        "report/page.py",
        "notes.txt",
        "report/page.pyc",
    ):
        (package / name).write_text(name, encoding="utf-8")
    archive = pack_job(package, tmp_path / "job.zip")
    assert zipfile.ZipFile(archive).namelist() == [
        "job/__init__.py",
        "job/main.py",
        "job/report/page.html",
        "job/report/page.js",
        "job/report/page.py",
    ]


def test_the_same_sources_give_the_same_archive_whatever_their_dates(tmp_path: Path) -> None:
    archives = []
    for name, order in (("one", ["a.py", "b.py"]), ("two", ["b.py", "a.py"])):
        package = tmp_path / name / "job"
        package.mkdir(parents=True)
        for module in order:
            (package / module).write_text(module, encoding="utf-8")
            (package / module).chmod(0o600 if name == "one" else 0o755)
        archives.append(pack_job(package, tmp_path / f"{name}.zip").read_bytes())
    assert archives[0] == archives[1]


def test_an_archive_that_is_right_already_is_not_written_again(tmp_path: Path) -> None:
    package = tmp_path / "job"
    package.mkdir()
    (package / "main.py").write_text("1", encoding="utf-8")
    before = pack_job(package, tmp_path / "job.zip").stat().st_mtime_ns
    assert pack_job(package, tmp_path / "job.zip").stat().st_mtime_ns == before
    (package / "main.py").write_text("2", encoding="utf-8")
    assert zipfile.ZipFile(pack_job(package, tmp_path / "job.zip")).read("job/main.py") == b"2"


@pytest.mark.parametrize(
    "requirement",
    [
        "numpy",
        "numpy>=2 " + HASH,
        "numpy~=2.1 " + HASH,
        "numpy==2.* " + HASH,
        "numpy==2.1.0",
        "numpy @ https://example.org/numpy.whl " + HASH,
        "git+https://example.org/numpy.git",
        "-r other.txt",
        "--index-url https://example.org/simple",
    ],
)
def test_a_requirement_that_is_not_pinned_is_refused_by_name(requirement: str, tmp_path: Path) -> None:
    lock = _lock(tmp_path, f"# locked\npillow==12.0.0 \\\n    {HASH}\n{requirement}\n")
    with pytest.raises(DeploymentError, match=r"requirements\.txt: \S+ is not pinned .*; run: make lock assets$"):
        require_pinned(lock)


def test_a_lock_as_uv_writes_it_is_accepted(tmp_path: Path) -> None:
    require_pinned(
        _lock(
            tmp_path,
            f"# made by uv\nnumpy==2.1.0 ; python_full_version < '3.12' \\\n    {HASH} \\\n    {HASH}\n    # via\n"
            f"    #   -c requirements/laptop.txt\nfoo[bar]==1.0 {HASH}\n\n",
        )
    )


def test_the_lock_of_the_nodes_is_pinned() -> None:
    require_pinned(Path(__file__).parents[2] / "requirements" / "nodes.txt")


@pytest.mark.parametrize(
    "product",
    [
        "build/wheelhouse/litert-x86_64/requirements.txt",
        "build/model/mobilenet_v2.tflite",
        "assets/bootstrap/install.sh",
        "assets/bootstrap/probe.py",
    ],
)
def test_a_missing_product_of_the_build_is_named_with_the_command_that_makes_it(
    product: str, project: Path, tmp_path: Path
) -> None:
    for source in project.rglob("*"):
        if source.is_file() and str(source.relative_to(project)) != product:
            target = tmp_path / source.relative_to(project)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    with pytest.raises(DeploymentError, match=r"; run: make assets$") as refusal:
        locate_assets(tmp_path, wheels="litert", architecture="x86_64")
    assert product.rpartition("/")[0] in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_each_engine_gets_the_weights_that_it_can_read(project: Path) -> None:
    assert locate_assets(project, wheels="litert", architecture="arm64").weights.suffix == ".tflite"
    assert locate_assets(project, wheels="keras", architecture="arm64").weights.suffix == ".pth"


def test_wheelhouses_of_two_architectures_never_share_a_name(project: Path) -> None:
    names = {
        locate_assets(project, wheels="litert", architecture=architecture).wheelhouse_hash
        for architecture in ("x86_64", "arm64")
    }
    assert len(names) == 2


def test_a_wheelhouse_is_named_by_its_lock(project: Path) -> None:
    assets = locate_assets(project, wheels="litert", architecture="x86_64")
    before = assets.wheelhouse_hash
    lock = assets.wheelhouse / "requirements.txt"
    kept = lock.read_text(encoding="utf-8")
    try:
        lock.write_text(kept.replace("litert==1.0", "litert==1.1"), encoding="utf-8")
        assert assets.wheelhouse_hash != before
    finally:
        lock.write_text(kept, encoding="utf-8")
    assert assets.wheelhouse_hash == before
