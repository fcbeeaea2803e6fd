"""Reading photographs ahead of the inference: in order, many at a time, nothing unbounded."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import obstore
import pytest

from job.errors import Rejected
from job.storage.index import RETRYABLE_REASONS
from job.storage.listing import Photograph, list_photographs
from job.storage.locations import Location
from job.storage.reading import BYTES_IN_FLIGHT, MAX_BYTES, READS_IN_FLIGHT, in_groups, read_ahead

pytestmark = pytest.mark.server
PATIENCE_SECONDS = 120

Fault = Callable[[bytes, dict[str, str]], tuple[bytes, dict[str, str]]]
"""Changes an answer: its content and headers."""


class HeldObjects(BaseHTTPRequestHandler):
    """An S3 server as far as GET goes, that lets each reader wait until a test's condition holds."""

    protocol_version = "HTTP/1.1"
    changed: ClassVar[threading.Condition] = threading.Condition()
    contents: ClassVar[dict[str, bytes]]
    may_answer: ClassVar[Callable[[str], bool]]
    under_way: ClassVar[int]
    most: ClassVar[int]
    answered: ClassVar[int]

    faults: ClassVar[dict[str, list["Fault"]]]
    encryption: ClassVar[dict[str, dict[str, str]]]
    heads: ClassVar[int]

    @classmethod
    def begin(cls) -> None:
        cls.contents, cls.may_answer, cls.faults = {}, lambda path: True, {}
        cls.encryption, cls.heads = {}, 0
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
        headers = {"ETag": f'"{hashlib.md5(content).hexdigest()}"', "Content-Length": str(len(content))}
        if faults := held.faults.get(self.path):
            content, headers = faults.pop(0)(content, headers)
        self._answer(headers)
        self.wfile.write(content)
        self.close_connection = len(content) < int(headers["Content-Length"])

    def do_HEAD(self) -> None:
        held = HeldObjects
        path, signed, _ = self.path.partition("?")
        held.heads += bool(signed)  # others ask for the bucket
        self._answer({"Content-Length": "0", **held.encryption.get(path, {})})

    def _answer(self, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in {"Last-Modified": "Sun, 22 Nov 2026 12:00:00 GMT", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

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
    large = bytes(MAX_BYTES)
    held.contents["/bucket/1.jpg"] = large
    listed = Photograph("1.jpg", "bucket", len(large), hashlib.md5(large).hexdigest())
    ((_, content),) = read_ahead(Location("bucket", "").open(), [listed])
    assert content == large


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


# ---- what was read is what was listed


def of_length(content: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return content, {**headers, "Content-Length": str(len(content))}


def half(content: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return of_length(content[: len(content) // 2], headers)


def nothing(_: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return of_length(b"", headers)


def more(content: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return of_length(content + b"more", headers)


def error_page(_: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    page, length = of_length(b"<html>Please log in</html>", headers)
    return page, {name: value for name, value in length.items() if name != "ETag"}


def page_in_its_name(_: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return of_length(b"<html>Please log in</html>", headers)


def other_bits(content: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return bytes([content[0] ^ 1]) + content[1:], headers


def broken_off(content: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return content[:10], headers


FAULTS = [half, nothing, more, error_page, page_in_its_name, other_bits, broken_off]


def read_one(held: type[HeldObjects], *faults: Fault) -> bytes | Rejected:
    (photograph,) = listed_as(held, 1)
    held.faults[f"/bucket/{photograph.path}"] = list(faults)
    ((_, content),) = read_ahead(Location("bucket", "").open(), [photograph])
    return content


@pytest.mark.parametrize("fault", FAULTS)
def test_what_came_wrongly_is_asked_for_again(held: type[HeldObjects], fault: Fault) -> None:
    assert read_one(held, fault, fault) == held.contents["/bucket/Apple/0.jpg"]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_comes_wrongly_each_time_is_unreadable_until_the_next_run(held: type[HeldObjects], fault: Fault) -> None:
    refused = read_one(held, *[fault] * 50)
    assert isinstance(refused, Rejected)
    assert refused.reason == "unreadable"
    assert refused.reason in RETRYABLE_REASONS
    assert "3 times" in refused.detail


@pytest.mark.parametrize("encryption", ["aws:kms", "aws:kms:dsse"])
def test_an_etag_of_an_object_encrypted_by_a_key_is_no_md5_to_check(held: type[HeldObjects], encryption: str) -> None:
    held.encryption["/bucket/Apple/0.jpg"] = {"x-amz-server-side-encryption": encryption}
    assert isinstance(read_one(held, other_bits), bytes)
    assert held.answered == 1


def test_an_etag_of_several_parts_is_no_md5_to_check(held: type[HeldObjects]) -> None:
    content = b"in parts"
    held.contents["/bucket/1.jpg"] = content
    held.faults["/bucket/1.jpg"] = [lambda content, headers: (content, {**headers, "ETag": f'"{"0" * 32}-2"'})]
    photograph = Photograph("1.jpg", "bucket", len(content), f"{'0' * 32}-2")
    assert list(read_ahead(Location("bucket", "").open(), [photograph])) == [(photograph, content)]


def test_nothing_more_is_asked_about_photographs_that_came_as_listed(held: type[HeldObjects]) -> None:
    photographs = listed_as(held, 50)
    assert all(isinstance(content, bytes) for _, content in read_ahead(Location("bucket", "").open(), photographs))
    assert (held.answered, held.heads) == (50, 0)


def test_a_file_that_is_written_to_while_it_is_read_is_left_to_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "Apple" / "1.jpg"
    file.parent.mkdir()
    file.write_bytes(b"before")
    root = Location.parse(str(tmp_path))
    (listed,) = (Photograph(**row) for row in list_photographs(root).photographs.to_pylist())
    get = obstore.get

    def get_and_write(store: Any, path: str) -> Any:
        result = get(store, path)
        os.utime(file, ns=(0, 1_000_000_000))
        return result

    monkeypatch.setattr("obstore.get", get_and_write)
    ((_, refused),) = read_ahead(root.open(), [listed])
    assert isinstance(refused, Rejected)
    assert refused.reason == "changed"
