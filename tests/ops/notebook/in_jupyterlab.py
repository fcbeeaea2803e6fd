"""The notebook in a real JupyterLab in a real Chromium, by the keyboard alone; `make notebook-browser` runs it.

Not part of `make test`: the browser is 200 MB that nothing else there needs.
"""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops.deck.programs import PACKAGES, browser, with_libraries
from ops.local.sample import render_sample
from ops.project import ROOT
from tests.rehearsal.clusters import SPARK_PATIENCE_SECONDS, wait_for

LANGUAGES = ("en", "fr")
LAST_WORDS = {"en": "the session is closed", "fr": "la session est fermée"}
_LAB = ROOT / ".venv-notebook" / "bin" / "jupyter-lab"


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that runs, and where."""

    url: str

    def run_all(self, language: str) -> dict[str, Any]:
        """Open a notebook, run it, and return its kernel and its cells; the picture of the page is kept."""
        chromium = browser("unpack")
        script = Path(__file__).with_name("jupyterlab.mjs")
        picture = ROOT / "build" / f"jupyterlab.{language}.png"
        done = subprocess.run(
            [
                "node",
                script,
                PACKAGES,
                chromium["program"],
                self.url.format(notebook=f"fruits.{language}.ipynb"),
                picture,
            ],
            env={**os.environ, **with_libraries(chromium)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        seen: dict[str, Any] = json.loads(done.stdout)
        return seen


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Start JupyterLab as `make notebook` does, on copies of the notebooks, so that theirs keep no outputs."""
    folder = tmp_path_factory.mktemp("lab")
    render_sample(folder / "pictures", per_label=5)
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, folder)
    token = secrets.token_hex(8)
    environment = {
        "FRUITS_IMAGES": str(folder / "pictures"),
        "FRUITS_OUTPUT": str(folder / "results"),
        "JUPYTER_PATH": str(ROOT / "ops" / "local" / "jupyter"),
        "JUPYTER_CONFIG_PATH": str(ROOT / "ops" / "local" / "jupyter" / "config"),
        "JUPYTER_CONFIG_DIR": str(folder / "configuration"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "PATH": f"{_LAB.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    options = ["--ServerApp.port=0", "--ServerApp.ip=127.0.0.1", "--no-browser", "--allow-root"]
    options += [
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.expose_app_in_browser=True",
    ]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([_LAB, *options], env={**os.environ, **environment}, stdout=log, stderr=log)
        try:
            wait_for(lambda: server.poll() is not None or _server(folder), SPARK_PATIENCE_SECONDS)
            yield Lab(f"{_server(folder)['url']}lab/tree/{{notebook}}?token={token}&reset")
        finally:
            server.terminate()
            server.wait()


def _server(folder: Path) -> dict[str, Any]:
    """Return what the server says of itself once it listens."""
    for file in (folder / "runtime").glob("jpserver-*.json"):
        with contextlib.suppress(ValueError):  # it is being written
            said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return said
    return {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_of_it_runs_by_the_keyboard_alone_and_shows_every_figure(lab: Lab, language: str) -> None:
    seen = lab.run_all(language)
    outputs = [output for cell in seen["cells"] for output in cell.get("outputs", ())]
    assert [output for output in outputs if output["output_type"] == "error"] == []
    assert seen["kernel"] == "PySpark"
    wanted = sum("%matplot" in "".join(cell["source"]) for cell in seen["cells"])
    assert sum("image/png" in output.get("data", {}) for output in outputs) == wanted > 0
    said = "".join("".join(output.get("text", "")) for output in outputs)
    assert LAST_WORDS[language] in said
