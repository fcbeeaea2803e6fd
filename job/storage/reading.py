"""Read photographs ahead of the inference that waits for them."""

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore

from job.errors import Rejected
from job.storage.encryption import is_encrypted
from job.storage.listing import NO_FILE, NO_STATUS, NO_UTF8, Photograph, local_etag, local_version
from job.storage.refusals import reason_of

MAX_BYTES: Final = 64 * 1024 * 1024
"""Larger objects are refused unread."""

READS_IN_FLIGHT: Final = 32
"""At 30 ms a read, enough for 1,000 photographs a second: several times what one core can infer."""

BYTES_IN_FLIGHT: Final = 64 * 1024 * 1024
_READS_IN_TURN: Final = 8
_BYTES_IN_TURN: Final = 256 * 1024

_UNREAD: Final = {
    NO_STATUS: ("unreadable", "a link that leads nowhere, or a file whose status may not be asked"),
    NO_FILE: ("not-an-image", "a pipe, socket or device, not a file"),
    NO_UTF8: ("unsupported-name", "the name is not UTF-8; rename the file or its folder"),
}
_TRIES: Final = 3
"""To read what was listed; what is refused or unreachable, obstore has tried for minutes by itself."""

_MD5: Final = re.compile(r"[0-9a-f]{32}")
"""An ETag of an object put in one part; with a dash, it counts parts (API reference of S3, Object)."""

_STAGED: Final = re.compile(r"#\d+$")  # obstore keeps these names for files that it is still writing


def read_ahead(store: ObjectStore, photographs: Iterable[Photograph]) -> Iterator[tuple[Photograph, bytes | Rejected]]:
    """Read photographs in order, with many reads under way while the caller works on those that have arrived.

    Parameters
    ----------
    store
        The root of the listing, opened.
    photographs
        What to read.

    Yields
    ------
    tuple of Photograph and (bytes or Rejected)
        Each with its content, or with why it could not be read: `too-large`, `unsupported-name`, `vanished`, `changed`
        (since it was listed) or `unreadable`.
    """
    under_way: deque[tuple[list[Photograph], Future[list[bytes | Rejected]]]] = deque()
    size = 0
    with ThreadPoolExecutor(READS_IN_FLIGHT, thread_name_prefix="read") as pool:
        for group in in_groups(photographs):
            under_way.append((group, pool.submit(_read_in_turn, store, group)))
            size += sum(photograph.bytes for photograph in group)
            while under_way and (len(under_way) >= READS_IN_FLIGHT or size > BYTES_IN_FLIGHT):
                first, contents = under_way.popleft()
                size -= sum(photograph.bytes for photograph in first)
                yield from zip(first, contents.result(), strict=True)
        for first, contents in under_way:
            yield from zip(first, contents.result(), strict=True)


def in_groups(photographs: Iterable[Photograph]) -> Iterator[list[Photograph]]:
    """Divide photographs into what one thread reads in turn.

    Each hand-over wakes a thread that takes the interpreter's lock from the one that decodes, so small photographs
    share one. The first are handed out one by one all the same: the inference waits for them.
    """
    group: list[Photograph] = []
    size = 0
    for number, photograph in enumerate(photographs):
        group.append(photograph)
        size += photograph.bytes
        if number < READS_IN_FLIGHT or len(group) == _READS_IN_TURN or size > _BYTES_IN_TURN:
            yield group
            group, size = [], 0
    if group:
        yield group


def _read_in_turn(store: ObjectStore, photographs: list[Photograph]) -> list[bytes | Rejected]:
    return [_read(store, photograph) for photograph in photographs]


def _read(store: ObjectStore, photograph: Photograph) -> bytes | Rejected:
    """Read a photograph; what came is checked against what was listed, and asked for again if it is something else."""
    if (refusal := _refusal(photograph)) is not None:
        return refusal
    different = ""
    for _ in range(_TRIES):
        try:
            reading = _read_once(store, photograph)
        except (FileNotFoundError, NotFoundError):
            return Rejected("vanished", "it was listed, but is not there any more")
        except Exception as error:
            # Refused or unreachable: one object's trouble must not end the run.
            return Rejected(_trouble(store, photograph, error), reason_of(error))
        if not isinstance(reading, _Differs):
            return reading
        different = reading.how
    return Rejected("unreadable", f"{different}, {_TRIES} times; the next run tries again")


@dataclass(frozen=True)
class _Differs:
    """How what came differs from what was listed."""

    how: str


def _read_once(store: ObjectStore, photograph: Photograph) -> bytes | Rejected | _Differs:
    result = obstore.get(store, photograph.path)
    etag = _etag(store, result.meta)
    if not etag:
        return _Differs("the answer names no version, as if it came from elsewhere than S3")
    if etag != photograph.etag:
        return Rejected("changed", f"listed as version {photograph.etag}, found as {etag}; the next run takes it")
    try:
        content = bytes(result.bytes())
    except Exception as error:
        return _Differs(f"its content broke off: {reason_of(error)}")
    if isinstance(store, LocalStore) and not _stands(store, photograph):
        return Rejected("changed", "it was written to while it was read; the next run takes it")
    difference = _difference(store, photograph, content)
    return _Differs(difference) if difference else content


def _difference(store: ObjectStore, photograph: Photograph, content: bytes) -> str:
    """Return how content differs from what was listed; the MD5 of 5 kB takes 0.01 ms, of 10 MB 20."""
    if len(content) != photograph.bytes:
        return f"{len(content):,} bytes came of {photograph.bytes:,}"
    if not _MD5.fullmatch(photograph.etag):
        return ""
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if digest == photograph.etag or is_encrypted(store, photograph.path):
        return ""
    return f"what came has the MD5 {digest} in place of {photograph.etag}"


def _refusal(photograph: Photograph) -> Rejected | None:
    """Return why a photograph is not even asked for."""
    if photograph.etag in _UNREAD:
        return Rejected(*_UNREAD[photograph.etag])
    if photograph.bytes > MAX_BYTES:
        return Rejected("too-large", f"{photograph.bytes:,} bytes; at most {MAX_BYTES:,} are read")
    if photograph.path.startswith("/"):  # obstore would drop the slash, and read another object
        return Rejected("unsupported-name", "the name starts with a slash")
    return None


def _trouble(store: ObjectStore, photograph: Photograph, error: Exception) -> str:
    staged = isinstance(store, LocalStore) and _STAGED.search(photograph.path)
    return "unsupported-name" if staged or str(error).startswith("Could not parse path") else "unreadable"


def _etag(store: ObjectStore, meta: Any) -> str:
    if isinstance(store, LocalStore):
        return local_etag(round(meta["last_modified"].timestamp() * 1_000_000), meta["size"])
    return str(meta["e_tag"] or "").strip('"')


def _stands(store: LocalStore, photograph: Photograph) -> bool:
    """Return whether a file is still in the version that was listed."""
    try:
        return local_version(Path(str(store.prefix), photograph.path).stat()) == photograph.etag
    except OSError:
        return False
