"""The proxy that leads AWS's host names to a server of this machine."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from rehearsal.network.proxy import NameProxy


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A server that gives back what it gets, once."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                while part := connection.recv(65536):
                    connection.sendall(part)

        threading.Thread(target=answer, daemon=True).start()
        yield listening


@pytest.fixture
def proxy(server: socket.socket) -> Iterator[NameProxy]:
    with NameProxy(server.getsockname()[1]) as running:
        yield running


def connect(proxy: NameProxy, request: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", int(proxy.endpoint.rpartition(":")[2])), timeout=10)
    connection.sendall(f"{request}\r\nHost: x\r\n\r\n".encode())
    return connection


def answer_to(proxy: NameProxy, request: str) -> bytes:
    with connect(proxy, request) as connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "host",
    [
        "s3.eu-west-3.amazonaws.com",
        "bucket.s3.eu-west-3.amazonaws.com",
        "elasticmapreduce.eu-west-3.amazonaws.com",
        "s3.eusc-de-east-1.amazonaws.eu",
        "STS.amazonaws.com",
    ],
)
def test_a_name_of_aws_leads_to_the_server_both_ways_to_the_last_byte(proxy: NameProxy, host: str) -> None:
    content = bytes(range(256)) * 4000
    with connect(proxy, f"CONNECT {host}:443 HTTP/1.1") as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")

        def send() -> None:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)

        sending = threading.Thread(target=send)
        sending.start()
        received = b"".join(iter(lambda: connection.recv(65536), b""))
        sending.join()
    assert received == content
    assert not proxy.refused


@pytest.mark.parametrize(
    "target",
    [
        "example.org:443",
        "amazonaws.com.example.com:443",
        "notamazonaws.com:443",
        "s3.amazonaws.com:80",
        "s3.amazonaws.com:22",
        "127.0.0.1:443",
        "169.254.169.254:80",
    ],
)
def test_every_other_name_and_port_is_refused_and_noted(proxy: NameProxy, target: str) -> None:
    assert answer_to(proxy, f"CONNECT {target} HTTP/1.1").startswith(b"HTTP/1.1 403 ")
    assert proxy.refused == [target]


def test_a_request_without_tls_is_refused_and_noted(proxy: NameProxy) -> None:
    request = "GET http://s3.eu-west-3.amazonaws.com/ HTTP/1.1"
    assert answer_to(proxy, request).startswith(b"HTTP/1.1 405 ")
    assert proxy.refused == [request]


def test_a_server_that_is_away_is_a_bad_gateway() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # and does not listen
        proxy = NameProxy(silent.getsockname()[1])
        assert answer_to(proxy, "CONNECT s3.amazonaws.com:443 HTTP/1.1").startswith(b"HTTP/1.1 502 ")
        proxy.close()


def test_a_proxy_that_is_closed_drops_its_connections_and_its_port(server: socket.socket) -> None:
    proxy = NameProxy(server.getsockname()[1])
    with connect(proxy, "CONNECT s3.amazonaws.com:443 HTTP/1.1") as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        proxy.close()
        with contextlib.suppress(ConnectionError):  # as good an end
            assert connection.recv(65536) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(proxy, "CONNECT s3.amazonaws.com:443 HTTP/1.1")
