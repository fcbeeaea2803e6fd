"""Decoding in a process of its own, which may take so much memory and processor time and no more.

A file can be small and cost any decoder gigabytes or minutes; what kills a Spark worker is tried four times and ends
the job. See docs/decisions/0240-doubtful-photographs.md.
"""

import atexit
import os
import selectors
import signal
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import IO, Final

from job.errors import Rejected

CPU_SECONDS: Final = 15.0
"""To decode one photograph. Of ordinary ones, 12 megapixels of JPEG 2000 take longest, 3 s."""

MEMORY_BYTES: Final = 352 * 1024 * 1024
"""Of the process; with what a worker holds at most (README.md, Benchmark), it fits into the 768 MiB planned for one."""

SAVE_ANEW: Final = "open it and save it anew as JPEG or PNG"

PATIENCE_SECONDS: Final = 900.0
"""By the clock. Never reached unless the process is stopped: it may work for `CPU_SECONDS` alone."""

REQUEST: Final = struct.Struct(">HI")
"""Side of the square and bytes of the photograph, which follow."""

ANSWER: Final = struct.Struct(">?III")
"""Whether pixels follow; width, height; bytes that follow: pixels, or reason and detail with a line end between."""

READY: Final = b"\n"

_TRIES: Final = 2


@dataclass(frozen=True)
class Limits:
    """What the decoding process may take.

    Parameters
    ----------
    cpu_seconds
        Of processor time for one photograph.
    memory_bytes
        Of private memory.
    patience_seconds
        By the clock, until an answer is there.
    """

    cpu_seconds: float = CPU_SECONDS
    memory_bytes: int = MEMORY_BYTES
    patience_seconds: float = PATIENCE_SECONDS


class Decoder:
    """A process that decodes one photograph after the other; started by the first, and anew after one that ended it.

    Parameters
    ----------
    limits
        Of the process.
    """

    def __init__(self, limits: Limits = Limits()) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Of the process, if there is one."""
        return self._process.pid if self._process else None

    def decode(self, content: bytes, side: int) -> tuple[bytes, int, int]:
        """Decode into a square of so many pixels a side; give its bytes (RGB), and the photograph's width and height.

        Raises
        ------
        Rejected
            As `job.features.pixels.framed` does; `too-slow` or `too-large` for what exceeds the limits, `damaged` for
            what crashes the decoder.
        RuntimeError
            If the process cannot be started.
        """
        with self._lock:
            for _ in range(_TRIES):
                process = self._running() or self._start()
                try:
                    return self._exchange(process, content, side)
                except (BrokenPipeError, EOFError, TimeoutError) as error:
                    verdict = self._verdict(process, is_silent=isinstance(error, TimeoutError))
                # Killed: the photograph may be innocent, and another process have taken the machine's memory.
                if process.returncode != -signal.SIGKILL or verdict.reason == "too-slow":
                    break
            raise verdict

    def close(self) -> None:
        """End the process."""
        with self._lock:
            if self._process:
                self._end(self._process)

    def _running(self) -> "subprocess.Popen[bytes] | None":
        """Return the process, unless there is none or it has ended since its last answer."""
        if self._process and self._process.poll() is not None:
            self._end(self._process)
        return self._process

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable,
            "-m",
            "job.features.decoder_main",
            str(self._limits.cpu_seconds),
            str(self._limits.memory_bytes),
        ]
        # The job is on this process's path, as a zip on a cluster. What goes wrong before the process is ready, it says
        # on the standard error, which is the worker's.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self._process = process
        try:
            self._read(process, len(READY), PATIENCE_SECONDS)
        except (EOFError, TimeoutError) as error:
            self._end(process)
            raise RuntimeError(
                f"the process that decodes doubtful photographs did not start: {' '.join(command)} ended with"
                f" {process.returncode}; its standard error says why"
            ) from error
        return process

    def _exchange(self, process: "subprocess.Popen[bytes]", content: bytes, side: int) -> tuple[bytes, int, int]:
        patience = self._limits.patience_seconds
        write(_pipe(process.stdin), REQUEST.pack(side, len(content)), content)
        decoded, width, height, size = ANSWER.unpack(self._read(process, ANSWER.size, patience))
        answer = self._read(process, size, patience)
        if not decoded:
            reason, _, detail = answer.decode().partition("\n")
            raise Rejected(reason, detail)
        return answer, width, height

    def _read(self, process: "subprocess.Popen[bytes]", size: int, patience_seconds: float) -> bytes:
        """Read so many bytes, waiting no longer for each part."""
        pipe = _pipe(process.stdout)
        answer = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while len(answer) < size:
                if not selector.select(patience_seconds):
                    raise TimeoutError
                part = os.read(pipe.fileno(), size - len(answer))
                if not part:
                    raise EOFError
                answer += part
        return bytes(answer)

    def _verdict(self, process: "subprocess.Popen[bytes]", *, is_silent: bool) -> Rejected:
        """End a process that gave no answer, and say what that tells of the photograph."""
        self._end(process, kill=is_silent)
        limit = f"{self._limits.cpu_seconds:g} s of processor time"
        if is_silent or process.returncode == -signal.SIGPROF:
            return Rejected("too-slow", f"decoding it took more than {limit}; {SAVE_ANEW}")
        if process.returncode == -signal.SIGKILL:
            return Rejected("too-large", f"its decoder was killed, as systems do for want of memory; {SAVE_ANEW}")
        died = -process.returncode
        name = signal.Signals(died).name if died > 0 else f"exit code {process.returncode}"
        return Rejected("damaged", f"its decoder crashed ({name}); {SAVE_ANEW}")

    def _end(self, process: "subprocess.Popen[bytes]", *, kill: bool = True) -> None:
        """Wait until the process has ended."""
        self._process = None
        if kill:
            process.kill()
        for pipe in (process.stdin, process.stdout):
            try:
                _pipe(pipe).close()
            except BrokenPipeError:
                continue  # what was not sent yet
        process.wait()


def write(pipe: IO[bytes], *parts: bytes) -> None:
    """Write parts one after the other, and have them sent."""
    for part in parts:
        pipe.write(part)
    pipe.flush()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # each was asked for as a pipe
    return pipe


DECODER: Final = Decoder()
"""This process's own."""

atexit.register(DECODER.close)
