"""Reading photographs ahead of the inference: in order, many at a time, nothing unbounded."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from job.storage.listing import Photograph
from job.storage.locations import Location
from job.storage.reading import BYTES_IN_FLIGHT, MAX_BYTES, READS_IN_FLIGHT, in_groups, read_ahead

PATIENCE_SECONDS = 120


class HeldObjects(BaseHTTPRequestHandler):
    """An S3 server as far as GET goes, that lets each reader wait until a test's condition holds."""

    protocol_version = "HTTP/1.1"
    changed: ClassVar[threading.Condition] = threading.Condition()
    contents: ClassVar[dict[str, bytes]]
    may_answer: ClassVar[Callable[[str], bool]]
    under_way: ClassVar[int]
    most: ClassVar[int]
    answered: ClassVar[int]

    @classmethod
    def begin(cls) -> None:
        cls.contents, cls.may_answer = {}, lambda path: True
        cls.under_way = cls.most = cls.answered = 0

    @classmethod
    def wait_for(cls, condition: Callable[[], bool]) -> bool:
        with cls.changed:
            return cls.changed.wait_for(condition, PATIENCE_SECONDS)

    def do_GET(self) -> None:
        held = HeldObjects
        with held.changed:
            held.under_way += 1
            held.most = max(held.most, held.under_way)
            held.changed.notify_all()
            held.changed.wait_for(lambda: held.may_answer(self.path), PATIENCE_SECONDS)
            held.under_way -= 1
            held.answered += 1
            held.changed.notify_all()
        content = held.contents[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')
        self.send_header("Last-Modified", "Sun, 22 Nov 2026 12:00:00 GMT")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[HeldObjects]]:
    HeldObjects.begin()
    with ThreadingHTTPServer(("127.0.0.1", 0), HeldObjects) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_REGION", "eu-west-3")
        yield HeldObjects
        server.shutdown()
        thread.join()


def listed_as(held: type[HeldObjects], number: int, size: int | None = None) -> list[Photograph]:
    """Put objects on the server; list them with their size, or with another to test the bound on bytes."""
    photographs = []
    for name in range(number):
        content = hashlib.sha256(str(name).encode()).digest()
        held.contents[f"/bucket/Apple/{name}.jpg"] = content
        version = hashlib.md5(content).hexdigest()
        photographs.append(Photograph(f"Apple/{name}.jpg", "Apple", size or len(content), version))
    return photographs


def test_answers_that_overtake_each_other_come_in_order_with_many_reads_under_way(held: type[HeldObjects]) -> None:
    photographs = listed_as(held, 200)
    first = f"/bucket/{photographs[0].path}"
    overtaken = READS_IN_FLIGHT - 1
    held.may_answer = lambda path: held.most >= READS_IN_FLIGHT and (path != first or held.answered >= overtaken)
    found = list(read_ahead(Location("bucket", "").open(), photographs))
    assert [photograph for photograph, _ in found] == photographs
    assert [content for _, content in found] == list(held.contents.values())
    assert held.most == READS_IN_FLIGHT


def test_reads_go_on_while_the_caller_works(held: type[HeldObjects]) -> None:
    reading = read_ahead(Location("bucket", "").open(), listed_as(held, 60))
    next(reading)
    assert held.wait_for(lambda: held.answered == READS_IN_FLIGHT)


def test_no_more_bytes_are_under_way_than_the_bound_and_one_photograph(held: type[HeldObjects]) -> None:
    size = 20 * 1024 * 1024
    photographs = listed_as(held, 20, size)
    bound = BYTES_IN_FLIGHT // size + 1
    held.may_answer = lambda path: held.most >= bound
    assert [photograph for photograph, _ in read_ahead(Location("bucket", "").open(), photographs)] == photographs
    assert held.most == bound


def test_one_photograph_larger_than_the_bound_is_still_read(held: type[HeldObjects]) -> None:
    ((_, content),) = read_ahead(Location("bucket", "").open(), listed_as(held, 1, MAX_BYTES))
    assert isinstance(content, bytes)


def test_nothing_to_read_gives_nothing(tmp_path: Path) -> None:
    assert list(read_ahead(Location.parse(str(tmp_path)).open(), [])) == []


def test_a_reader_that_stops_early_leaves_no_thread(held: type[HeldObjects]) -> None:
    reading = read_ahead(Location("bucket", "").open(), listed_as(held, 100))
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
