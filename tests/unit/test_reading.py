"""Reading photographs ahead of the inference: in order, many at a time, nothing unbounded."""

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from job.images import Photograph
from job.locations import Location
from job.reading import BYTES_IN_FLIGHT, MAX_BYTES, READS_IN_FLIGHT, in_groups, read_ahead


class SlowObjects(BaseHTTPRequestHandler):
    """An S3 server as far as GET goes, that keeps each reader waiting and counts how many wait."""

    protocol_version = "HTTP/1.1"
    contents: ClassVar[dict[str, bytes]] = {}
    delay: ClassVar[float] = 0.03
    lock: ClassVar[threading.Lock] = threading.Lock()
    under_way: ClassVar[int] = 0
    most: ClassVar[int] = 0

    def do_GET(self) -> None:
        with self.lock:
            SlowObjects.under_way += 1
            SlowObjects.most = max(SlowObjects.most, SlowObjects.under_way)
        content = self.contents[self.path]
        time.sleep(self.delay * (0.5 + content[0] / 255))  # so that answers overtake each other
        with self.lock:
            SlowObjects.under_way -= 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')
        self.send_header("Last-Modified", "Sun, 22 Nov 2026 12:00:00 GMT")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[SlowObjects]]:
    SlowObjects.contents, SlowObjects.under_way, SlowObjects.most = {}, 0, 0
    with ThreadingHTTPServer(("127.0.0.1", 0), SlowObjects) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_REGION", "eu-west-3")
        yield SlowObjects
        server.shutdown()
        thread.join()


def listed_as(slow: type[SlowObjects], number: int, size: int | None = None) -> list[Photograph]:
    """Put objects on the slow server; list them with their size, or with another to test the bound on bytes."""
    photographs = []
    for name in range(number):
        content = hashlib.sha256(str(name).encode()).digest()
        slow.contents[f"/bucket/Apple/{name}.jpg"] = content
        version = hashlib.md5(content).hexdigest()
        photographs.append(Photograph(f"Apple/{name}.jpg", "Apple", size or len(content), version))
    return photographs


def test_slow_answers_come_in_order_with_many_reads_under_way(slow: type[SlowObjects]) -> None:
    photographs = listed_as(slow, 200)
    started = time.monotonic()
    found = list(read_ahead(Location("bucket", "").open(), photographs))
    seconds = time.monotonic() - started
    assert [photograph for photograph, _ in found] == photographs
    assert [content for _, content in found] == list(slow.contents.values())
    assert READS_IN_FLIGHT // 2 < slow.most <= READS_IN_FLIGHT
    assert seconds < 200 * slow.delay / 4


def test_reads_go_on_while_the_caller_works(slow: type[SlowObjects]) -> None:
    photographs = listed_as(slow, 60)
    waited = 0.0
    reading = read_ahead(Location("bucket", "").open(), photographs)
    next(reading)
    while True:
        time.sleep(0.01)
        started = time.monotonic()
        if next(reading, None) is None:
            break
        waited += time.monotonic() - started
    assert waited < 60 * slow.delay / 4


def test_no_more_bytes_are_under_way_than_the_bound_and_one_photograph(slow: type[SlowObjects]) -> None:
    size = 20 * 1024 * 1024
    photographs = listed_as(slow, 20, size)
    assert [photograph for photograph, _ in read_ahead(Location("bucket", "").open(), photographs)] == photographs
    assert 1 < slow.most <= BYTES_IN_FLIGHT // size + 1


def test_one_photograph_larger_than_the_bound_is_still_read(slow: type[SlowObjects]) -> None:
    ((_, content),) = read_ahead(Location("bucket", "").open(), listed_as(slow, 1, MAX_BYTES))
    assert isinstance(content, bytes)


def test_nothing_to_read_gives_nothing(tmp_path: Path) -> None:
    assert list(read_ahead(Location.parse(str(tmp_path)).open(), [])) == []


def test_a_reader_that_stops_early_leaves_no_thread(slow: type[SlowObjects]) -> None:
    reading = read_ahead(Location("bucket", "").open(), listed_as(slow, 100))
    next(reading)
    assert any(thread.name.startswith("read") for thread in threading.enumerate())
    reading.close()  # type: ignore[attr-defined]
    assert not any(thread.name.startswith("read") for thread in threading.enumerate())


@pytest.mark.parametrize(("size", "together"), [(5_000, 8), (100_000, 3), (300_000, 1)])
def test_behind_the_first_small_photographs_are_handed_over_together_and_large_ones_alone(
    size: int, together: int
) -> None:
    photographs = [Photograph(f"Apple/{number}.jpg", "Apple", size, "1") for number in range(READS_IN_FLIGHT + 24)]
    groups = list(in_groups(photographs))
    assert [photograph for group in groups for photograph in group] == photographs
    assert [len(group) for group in groups] == [1] * READS_IN_FLIGHT + [together] * (24 // together)
