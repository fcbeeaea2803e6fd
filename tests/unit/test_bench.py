"""The benchmark measures what it says, keeps what it measured, and judges only what can be compared."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import http.server
import json
import multiprocessing
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from bench import measure, pca_rows
from bench.__main__ import ROWS, _parse
from bench.delay_proxy import DelayProxy
from bench.engine_limit import claims
from bench.goals import Goal, goals
from bench.memory_row import repeated
from bench.ray_row import interpreter
from bench.results import merge, read, show
from bench.row import Row, machine_facts
from bench.s3_rows import delaying_proxy
from bench.settings import ROOT, RowFailed, Settings
from job.components.moments import Moments

MEGABYTES = 1_000_000


def row(name: str, images: int = 1000, seconds: float = 10.0, **options: Any) -> Row:
    return Row(name, name, images, seconds, machine=machine_facts(), **options)


def judged(words: str, *rows: Row) -> Goal:
    return next(goal for goal in goals({one.row: one for one in rows}) if words in goal.text)


def printed(*rows: Row) -> str:
    console = Console(width=200, record=True, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    show({one.row: one for one in rows}, console)
    return console.export_text()


# What is measured from outside


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(measure, "OUT", tmp_path / "out")
    return tmp_path / "out"


def run(code: str) -> measure.Measured:
    return measure.run([sys.executable, "-c", code], row="row", environment=os.environ)


def test_the_answer_is_the_last_object_that_was_printed() -> None:
    code = "import sys; print('working'); print('{\"images\": 3}', flush=True); print('closing', file=sys.stderr)"
    assert run(code).answer == {"images": 3}


def test_wall_time_covers_the_whole_command() -> None:
    before = time.monotonic()
    measured = run(
        "import time; began = time.monotonic(); time.sleep(0.5); print(f'{{\"slept\": {time.monotonic() - began}}}')"
    )
    assert measured.answer["slept"] <= measured.seconds <= time.monotonic() - before


@pytest.fixture
def once_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Give code that goes on when all memory that was held before has been measured."""
    asked, measured = tmp_path / "asked", tmp_path / "measured"
    sample = measure._sample

    def sample_and_tell(*arguments: Any) -> None:
        was_asked = asked.exists()
        sample(*arguments)
        if was_asked:
            measured.touch()

    monkeypatch.setattr(measure, "_sample", sample_and_tell)
    wait = "[time.sleep(0.01) for _ in iter(measured.exists, True)]"
    return (
        f"import pathlib, time; measured = pathlib.Path({str(measured)!r}); "
        f"pathlib.Path({str(asked)!r}).touch(); {wait}"
    )


def test_memory_that_was_given_back_counts(once_measured: str) -> None:
    measured = run(f"held = b'x' * 150_000_000; del held; {once_measured}; print('{{}}')")
    assert 150 * MEGABYTES < (measured.peak("python") or 0) < 250 * MEGABYTES


def test_each_process_of_the_tree_is_measured_on_its_own(once_measured: str) -> None:
    child = f"held = b'x' * 150_000_000; {once_measured}"
    measured = run(
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}, 'one-child'])\nprint('{{}}')"
    )
    child_peak = max(peak for command, peak in measured.peaks if command.endswith("one-child"))
    parent_peak = measured.peak("python", "import subprocess")
    assert (child_peak or 0) > 150 * MEGABYTES > (parent_peak or 0) > 0


def test_a_script_is_not_taken_for_the_jvm_that_started_it() -> None:
    measured = measure.Measured(1.0, {}, [("/jdk/bin/java Submit job/main.py", 900), ("/bin/python job/main.py", 300)])
    assert (measured.peak("python", "job/main.py"), measured.peak("java")) == (300, 900)


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(RowFailed, match=r"exit code 1: ValueError: no such fruit; see .*row\.log"):
        run("raise ValueError('no such fruit')")


def test_a_command_without_an_answer_is_refused() -> None:
    with pytest.raises(RowFailed, match="printed no JSON object"):
        run("print('done')")


def test_stopping_ends_the_descendants_too() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
    parent = psutil.Popen([sys.executable, "-c", code])
    while not parent.children():
        time.sleep(0.02)
    child = parent.children()[0]
    measure.stop(parent)
    parent.wait(120)
    assert not child.is_running()


# What is kept and shown


def test_a_row_takes_the_place_of_the_former_one_and_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    for one in (row("notebook", seconds=50), row("job-litert", seconds=20), row("job-litert", seconds=10)):
        merge(path, one, ROWS)
    assert {name: one.seconds for name, one in read(path).items()} == {"job-litert": 10, "notebook": 50}


def test_ratios_on_file_follow_a_row_measured_later(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    merge(path, row("job-litert", seconds=10), ROWS)
    merge(path, row("notebook", seconds=50), ROWS)
    job = next(item for item in json.loads(path.read_text()) if item["row"] == "job-litert")
    assert (job["images_per_second"], job["ratio"], job["ratio_to"]) == (100, 5, "notebook")


def test_a_row_that_failed_says_why_in_the_table() -> None:
    text = printed(row("notebook"), Row("ray", "ray", error="no wheel [for this] machine", machine=machine_facts()))
    assert "failed: no wheel [for this] machine" in text


def test_the_machine_and_its_versions_are_shown() -> None:
    assert re.search(r"\d+ cores, .*python 3\.11.*numpy \d", printed(row("notebook")))


# What is judged


@pytest.mark.parametrize(("seconds", "met"), [(45.0, True), (44.0, False)])
def test_the_job_is_held_against_the_notebook(seconds: float, met: bool) -> None:
    assert judged("notebook", row("job-litert"), row("notebook", seconds=seconds)).met is met


@pytest.mark.parametrize(("seconds", "met"), [(8.5, True), (8.4, False)])
def test_featurization_is_held_against_the_engines_limit(seconds: float, met: bool) -> None:
    job, limit = row("job-litert", featurize_seconds=10.0), row("engine-limit", featurize_seconds=seconds)
    assert judged("engine's limit", job, limit).met is met


def test_rows_of_different_photographs_are_not_compared() -> None:
    goal = judged("notebook", row("job-litert", images=300), row("notebook", images=10_500))
    assert (goal.met, goal.measured) == (None, "not comparable: 300 and 10,500 images")


def test_a_goal_whose_row_failed_stays_open() -> None:
    goal = judged("notebook", row("job-litert"), Row("notebook", "notebook", error="out of memory"))
    assert (goal.met, goal.measured) == (None, "notebook failed")


def memory_row(worker: int, base_worker: int = 300 * MEGABYTES, driver_bytes: float = 100.0) -> Row:
    details = {"base_worker_peak_bytes": base_worker, "driver_bytes_an_image": driver_bytes}
    return row("memory", worker_peak_bytes=worker, details=details)


@pytest.mark.parametrize(("worker", "met"), [(450, True), (451, False)])
def test_a_worker_has_a_limit(worker: int, met: bool) -> None:
    assert judged("peak of a Python worker", memory_row(worker * MEGABYTES)).met is met


@pytest.mark.parametrize(("worker", "met"), [(310, True), (330, False)])
def test_a_worker_has_to_stay_flat(worker: int, met: bool) -> None:
    assert judged("images repeated", memory_row(worker * MEGABYTES)).met is met


@pytest.mark.parametrize(("driver_bytes", "met"), [(300.0, True), (301.0, False)])
def test_the_driver_has_a_limit_an_image(driver_bytes: float, met: bool) -> None:
    assert judged("additional image", memory_row(300 * MEGABYTES, driver_bytes=driver_bytes)).met is met


@pytest.mark.parametrize(("seconds", "computed", "met"), [(14.9, 0, True), (15.1, 0, False), (5.0, 1, False)])
def test_a_second_run_has_to_be_quick_and_compute_nothing(seconds: float, computed: int, met: bool) -> None:
    assert judged("second run", row("job-again", seconds=seconds, details={"computed": computed})).met is met


# What the rows work on


def test_photographs_are_chosen_evenly(tmp_path: Path) -> None:
    for number in range(10):
        path = tmp_path / f"label{number}" / "photograph.jpg"
        path.parent.mkdir()
        path.write_bytes(b"x")
    settings = Settings(tmp_path, components=10)
    assert [path[:6] for path in settings.spread(3)] == ["label0", "label3", "label6"]
    assert settings.spread(None) == settings.photographs == settings.spread(99)


def test_processes_share_the_photographs_without_a_gap_or_an_overlap() -> None:
    cursor = multiprocessing.get_context("spawn").Value("q", 0)
    first, second = claims(cursor, 100), claims(cursor, 100)
    taken = [*next(first), *next(second), *next(second), *(number for numbers in first for number in numbers)]
    assert taken == list(range(100))
    assert list(second) == []


def test_repeated_photographs_are_many_files_with_the_bytes_of_one(tmp_path: Path) -> None:
    photograph = tmp_path / "images" / "Lemon" / "1.jpg"
    photograph.parent.mkdir(parents=True)
    photograph.write_bytes(b"lemon")
    for times in (1, 3):
        tree = repeated(tmp_path / "images", ["Lemon/1.jpg"], times, tmp_path / "tree")
    files = sorted(tree.rglob("*.jpg"))
    assert [file.relative_to(tree).as_posix() for file in files] == [f"{number}/Lemon/1.jpg" for number in range(3)]
    assert {file.stat().st_ino for file in files} == {photograph.stat().st_ino}


SHARED_MEMORY = Path("/dev/shm")


@pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="no second file system that is sure to be there")
def test_photographs_on_another_file_system_are_copied_once(tmp_path: Path) -> None:
    if tmp_path.stat().st_dev == SHARED_MEMORY.stat().st_dev:
        pytest.skip("temporary files lie in shared memory, too")
    root = SHARED_MEMORY / f"fruits-{os.getpid()}"
    root.mkdir()
    try:
        (root / "1.jpg").write_bytes(b"lemon")
        tree = repeated(root, ["1.jpg"], 3, tmp_path / "tree")
    finally:
        (root / "1.jpg").unlink()
        root.rmdir()
    files = list(tree.rglob("*.jpg"))
    assert [file.read_bytes() for file in files] == [b"lemon"] * 3
    assert len({file.stat().st_ino for file in files}) == 1


def test_the_features_of_the_pca_rows_are_the_same_every_time_and_such_as_the_job_takes(tmp_path: Path) -> None:
    stores = [pca_rows.features_store(tmp_path / name, 600) for name in ("first", "second")]
    contents = [[file.read_bytes() for file in sorted(store.rglob("*.parquet"))] for store in stores]
    assert contents[0] == contents[1]
    table = pq.read_table(stores[0])
    features = np.array(table["feature"].to_pylist(), np.float32)
    assert features.shape == (600, 1280)
    assert (features.min(), features.max() <= 6) == (0, True)
    assert Moments.of(features).count == 600  # refuses what is not on the job's grid


# Ray's environment


def lock_of(folder: Path, text: str) -> Path:
    path = folder / "requirements.txt"
    path.write_text(text)
    return path


def test_an_environment_is_kept_as_long_as_its_lock_stays(tmp_path: Path) -> None:
    lock = lock_of(tmp_path, "# nothing\n")
    python = interpreter(lock, tmp_path / "venv")
    (tmp_path / "venv" / "trace").touch()
    assert interpreter(lock, tmp_path / "venv") == python
    assert (tmp_path / "venv" / "trace").exists()
    assert subprocess.run([python, "-c", "import numpy"], capture_output=True, check=False).returncode == 1


def test_an_environment_of_another_lock_is_made_anew(tmp_path: Path) -> None:
    interpreter(lock_of(tmp_path, "# nothing\n"), tmp_path / "venv")
    (tmp_path / "venv" / "trace").touch()
    interpreter(lock_of(tmp_path, "# nothing else\n"), tmp_path / "venv")
    assert not (tmp_path / "venv" / "trace").exists()


def test_a_requirement_without_a_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RowFailed, match=r"cannot make .*venv"):
        interpreter(lock_of(tmp_path, "numpy==2.4.6\n"), tmp_path / "venv")
    assert not (tmp_path / "venv" / "lock.sha256").exists()


def test_ray_gets_the_same_decoder_and_engine_as_the_job() -> None:
    def pins(path: Path) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==([\w.]+)", path.read_text(), re.MULTILINE))

    ours, rays = pins(ROOT / "requirements" / "laptop.txt"), pins(ROOT / "bench" / "requirements-ray.txt")
    shared = ("ai-edge-litert", "numpy", "obstore", "pillow", "pyarrow")
    assert {name: rays[name] for name in shared} == {name: ours[name] for name in shared}


# The delay


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = hashlib.sha256(body).hexdigest().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


@pytest.fixture
def echo() -> Iterator[int]:
    """Give the port of a real server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()


@pytest.fixture
def delayed(echo: int) -> Iterator[http.client.HTTPConnection]:
    """Give a connection to it through a proxy that adds 40 ms to each request."""
    with delaying_proxy(f"127.0.0.1:{echo}", 40) as endpoint:
        connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=120)
        yield connection
        connection.close()


def put(connection: http.client.HTTPConnection, body: Any) -> str:
    connection.request("PUT", "/key", body, encode_chunked=not isinstance(body, bytes))
    return connection.getresponse().read().decode()


def test_every_request_of_a_connection_that_stays_open_waits(delayed: http.client.HTTPConnection) -> None:
    put(delayed, b"first")
    socket = delayed.sock
    started = time.monotonic()
    for _ in range(5):
        put(delayed, b"again")
    assert time.monotonic() - started >= 5 * 0.04
    assert delayed.sock is socket


def test_each_request_waits_once(echo: int) -> None:
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    async def ask() -> None:
        proxy = await DelayProxy("127.0.0.1", echo, 0.04, wait).start()
        answers, requests = await asyncio.open_connection(*proxy.sockets[0].getsockname())
        for size in (5, 300_000):
            requests.write(b"PUT /key HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + size * b"x")
            await answers.readuntil(b"\r\n\r\n")
            assert await answers.readexactly(64) == hashlib.sha256(size * b"x").hexdigest().encode()
        requests.close()
        proxy.close()

    asyncio.run(ask())
    assert waited == [0.04, 0.04]


def test_bodies_pass_unchanged(delayed: http.client.HTTPConnection) -> None:
    body = os.urandom(300_000)
    assert (
        put(delayed, body) == put(delayed, iter([body[:100_000], body[100_000:]])) == hashlib.sha256(body).hexdigest()
    )


# The command line


def parse(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    monkeypatch.setattr(sys, "argv", ["bench", *arguments])
    return _parse()


def test_rows_run_in_the_order_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse(monkeypatch, "--images", ".", "--rows", "ray,engine-limit").rows == ["engine-limit", "ray"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--images", ".", "--rows", "ray,dask"), "no row 'dask'; accepted are engine-limit, job-litert"),
        ((), "--images FOLDER is needed"),
    ],
)
def test_what_cannot_be_run_is_refused(
    arguments: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(monkeypatch, *arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_the_goal_of_the_whole_job_is_shown_with_what_the_engine_alone_would_reach() -> None:
    job, notebook, limit = row("job-litert"), row("notebook", seconds=40.0), row("engine-limit", seconds=8.0)
    assert judged("end to end", job, notebook, limit).measured == "4.00; 5.00 were decode and inference all"
    assert judged("end to end", job, notebook).measured == "4.00"
