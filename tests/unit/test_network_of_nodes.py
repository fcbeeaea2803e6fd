"""Around a node: which of AWS's names lead where, what the resolver says of them, and who carries connections."""

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from rehearsal.network.names import EVERYTHING, is_aws, is_reached, service_of
from rehearsal.network.resolver import answer
from rehearsal.network.surroundings import Surroundings

IPV4, IPV6 = 1, 28


def _query(host: str, kind: int = IPV4) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
    return struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)


def _answer(query: bytes) -> tuple[int, int, bytes]:
    """Return the code, the number of answers, and the last four bytes of what is answered."""
    reply = answer(query, {"known.amazonaws.com": "198.51.100.1"}.get)
    assert reply is not None
    assert reply[:2] == query[:2]
    _, flags, _, answers, _, _ = struct.unpack_from("!6H", reply)
    return flags & 0xF, answers, reply[-4:]


class TestResolver:
    def test_a_known_host_has_its_address(self) -> None:
        assert _answer(_query("known.amazonaws.com")) == (0, 1, b"\xc6\x33\x64\x01")

    def test_letters_are_as_good_large_as_small(self) -> None:
        assert _answer(_query("Known.AmazonAWS.com"))[:2] == (0, 1)

    def test_a_known_host_has_no_address_of_another_kind(self) -> None:
        assert _answer(_query("known.amazonaws.com", IPV6))[:2] == (0, 0)

    def test_there_is_no_other_host(self) -> None:
        assert _answer(_query("example.org"))[:2] == (3, 0)

    @pytest.mark.parametrize("query", [b"", b"\0" * 11, _query("a.b")[:-5], _query("a.b")[:13] + b"\xff" * 9])
    def test_what_is_no_query_gets_no_answer(self, query: bytes) -> None:
        assert answer(query, lambda _: "192.0.2.1") is None


class TestNames:
    @pytest.mark.parametrize(
        ("host", "service"),
        [
            ("s3.eu-west-3.amazonaws.com", "s3"),
            ("photographs.s3.eu-west-3.amazonaws.com", "s3"),
            ("photographs.s3.amazonaws.com", "s3"),
            ("sts.eu-west-3.amazonaws.com", "sts"),
            ("iam.amazonaws.com", "iam"),
            ("eu-west-3.elasticmapreduce.amazonaws.com", "elasticmapreduce"),
            ("s3.eusc-de-east-1.amazonaws.eu", "s3"),
        ],
    )
    def test_the_service_is_in_the_name(self, host: str, service: str) -> None:
        assert service_of(host) == service

    @pytest.mark.parametrize("host", ["example.org", "amazonaws.com.example.org", "notamazonaws.com", "localhost"])
    def test_other_names_are_not_aws_s(self, host: str) -> None:
        assert not is_aws(host)

    def test_an_endpoint_leads_to_its_service_in_its_region_alone(self) -> None:
        def reached(host: str) -> bool:
            return is_reached(host, {"s3"}, "eu-west-3")

        assert reached("photographs.s3.eu-west-3.amazonaws.com")
        assert not reached("photographs.s3.eu-central-1.amazonaws.com")
        assert not reached("photographs.s3.amazonaws.com")
        assert not reached("sts.eu-west-3.amazonaws.com")

    def test_a_way_out_leads_everywhere(self) -> None:
        assert is_reached("iam.amazonaws.com", {EVERYTHING}, "eu-west-3")


class TestSurroundings:
    @pytest.fixture
    def server(self) -> Iterator[socket.socket]:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            yield listening

    def _around(self, port: int) -> tuple[Surroundings, tuple[str, int], tuple[str, int]]:
        resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        resolver.bind(("127.0.0.1", 0))
        aws = socket.create_server(("127.0.0.1", 0))
        places = resolver.getsockname(), aws.getsockname()
        return Surroundings(resolver=resolver, aws=aws, look_up=lambda _: "192.0.2.7", port=port), *places

    def test_the_resolver_answers_at_its_socket(self, server: socket.socket) -> None:
        around, resolver, _ = self._around(server.getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(_query("s3.amazonaws.com"), resolver)
            assert client.recv(512)[-4:] == socket.inet_aton("192.0.2.7")
        around.close()

    def test_a_connection_is_carried_both_ways_to_its_end(self, server: socket.socket) -> None:
        def echo() -> None:
            connection, _ = server.accept()
            with connection:
                while content := connection.recv(1000):
                    connection.sendall(content.upper())

        thread = threading.Thread(target=echo)
        thread.start()
        around, _, aws = self._around(server.getsockname()[1])
        with socket.create_connection(aws) as client:
            client.sendall(b"apples")
            assert client.recv(1000) == b"APPLES"
        thread.join(timeout=30)
        assert not thread.is_alive()
        around.close()

    def test_while_aws_is_away_connections_are_closed(self, server: socket.socket) -> None:
        around, _, aws = self._around(server.getsockname()[1])
        server.close()
        with socket.create_connection(aws) as client:
            assert client.recv(1) == b""
        around.close()

    def test_closed_it_cuts_what_is_carried(self, server: socket.socket) -> None:
        around, _, aws = self._around(server.getsockname()[1])
        with socket.create_connection(aws, timeout=30) as client:
            connection, _ = server.accept()
            around.close()
            assert client.recv(1) == b""
            connection.close()


def test_the_certificate_has_a_name_for_every_endpoint_and_one_label_for_a_wildcard() -> None:
    from rehearsal.embedded.certificate import service_names

    names = set(service_names())
    assert {"*.s3.eu-west-3.amazonaws.com", "*.eu-central-1.amazonaws.com", "*.s3.eusc-de-east-1.amazonaws.eu"} <= names
    assert all(name.count("*") == 1 and name.startswith("*.") for name in names)
