"""Row of Ray Data: the job's own decoder and engine under another scheduler, in an environment of its own."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from bench.measure import Measured, run
from bench.row import Row
from bench.settings import ROOT, WORK, RowFailed, Settings, cores, fresh_folder

WAYS = ("tasks", "actors", "paths")
"""See `bench/ray_script.py`: each is tried, the fastest counts."""

_LOCK = ROOT / "bench" / "requirements-ray.txt"
_ENVIRONMENT = ROOT / "build" / "ray-venv"


def ray_data(settings: Settings) -> Row:
    """Try every way, each in a process and a Ray of its own, and give the fastest."""
    python = interpreter(_LOCK, _ENVIRONMENT)
    model = WORK / "model.tflite"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_bytes(settings.model)
    tried = {way: _try(way, python, settings.images, model) for way in WAYS}
    way, best = min(tried.items(), key=lambda item: item[1].answer["featurize_seconds"])
    return Row(
        "ray",
        f"Ray Data {best.answer['version']} with the same engine, fastest of {', '.join(WAYS)}: {way}",
        images=best.answer["images"],
        seconds=best.seconds,
        featurize_seconds=best.answer["featurize_seconds"],
        driver_peak_bytes=best.peak("python", "ray_script.py"),
        worker_peak_bytes=best.peak("ray::"),
        details={
            "way": way,
            "start_up_seconds": best.seconds - best.answer["featurize_seconds"],
            "featurize_seconds_of_each_way": {name: one.answer["featurize_seconds"] for name, one in tried.items()},
            "ray": best.answer["version"],
        },
    )


def interpreter(lock: Path, environment: Path) -> Path:
    """Return the Python of an environment that holds exactly a lock; it is made if it is missing or holds another."""
    python = environment / "bin" / "python"
    marker = environment / "lock.sha256"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if marker.exists() and marker.read_text() == wanted:
        return python
    uv = str(Path(sys.executable).with_name("uv"))
    # The project's own settings would apply to this other environment: --no-config.
    for command in (
        [uv, "venv", "--no-config", "--clear", "--python", sys.executable, str(environment)],
        [uv, "pip", "install", "--no-config", "--require-hashes", "--python", str(python), "-r", str(lock)],
    ):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            raise RowFailed(f"cannot make {environment}: {made.stderr.strip().rpartition(chr(10))[2]}")
    marker.write_text(wanted)
    return python


def _try(way: str, python: Path, images: Path, model: Path) -> Measured:
    output = fresh_folder(f"ray-{way}")
    options = {"images": images, "output": output, "model": model, "way": way, "cores": cores()}
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}
    script = str(ROOT / "bench" / "ray_script.py")
    return run([str(python), script, *arguments], row=f"ray-{way}", environment=environment)
