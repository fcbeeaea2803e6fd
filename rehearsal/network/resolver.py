"""The resolver of a machine: answers for AWS's host names and the machine's own, and knows no others."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final, cast

_HEADER: Final = struct.Struct("!6H")
_QUESTION_END: Final = struct.Struct("!2H")
_ANSWER: Final = struct.Struct("!3HIH4s")
_RESPONSE: Final = 0x8580  # an authoritative answer, recursion was asked for and is there (RFC 1035, 4.1.1)
_NO_SUCH_NAME: Final = 3
_IPV4: Final = 1
_INTERNET: Final = 1
_NAME_AT_12: Final = 0xC00C  # the name of the question, which follows the header (RFC 1035, 4.1.4)
_LIVE_FOR_SECONDS: Final = 60

Lookup = Callable[[str], str | None]
"""Gives the IPv4 address of a host name, or None if there is no such host."""


class Resolver(asyncio.DatagramProtocol):
    """Answers the queries that arrive at a UDP socket.

    Parameters
    ----------
    look_up
        Knows the addresses.
    """

    def __init__(self, look_up: Lookup) -> None:
        self._look_up = look_up

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember how to answer."""
        self._transport = cast(asyncio.DatagramTransport, transport)  # so asyncio says, but of its class it is not

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one query."""
        if reply := answer(data, self._look_up):
            self._transport.sendto(reply, addr)


def answer(query: bytes, look_up: Lookup) -> bytes | None:
    """Answer one query as a name server does.

    Parameters
    ----------
    query
        A DNS message with one question.
    look_up
        Knows the addresses.

    Returns
    -------
    bytes or None
        The answer: an address, none of the kind that was asked for, or that there is no such name; None if the query
        is none.
    """
    try:
        identity, _, questions, *_ = _HEADER.unpack_from(query)
        name, end = _name(query, _HEADER.size)
        kind, _ = _QUESTION_END.unpack_from(query, end)
    except (struct.error, IndexError, UnicodeDecodeError):
        return None
    if questions != 1:
        return None
    question = query[_HEADER.size : end + _QUESTION_END.size]
    address = look_up(name)
    records = b""
    if address and kind == _IPV4:
        packed = socket.inet_aton(address)
        records = _ANSWER.pack(_NAME_AT_12, _IPV4, _INTERNET, _LIVE_FOR_SECONDS, len(packed), packed)
    flags = _RESPONSE | (0 if address else _NO_SUCH_NAME)
    return _HEADER.pack(identity, flags, 1, 1 if records else 0, 0, 0) + question + records


def _name(message: bytes, start: int) -> tuple[str, int]:
    """Read a name; return it in small letters, and where it ends."""
    labels = []
    while length := message[start]:
        labels.append(message[start + 1 : start + 1 + length].decode("ascii"))
        start += 1 + length
    return ".".join(labels).lower(), start + 1
