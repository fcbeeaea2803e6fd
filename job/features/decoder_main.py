"""What runs in the process that decodes doubtful photographs.

`python -m job.features.decoder_main CPU_SECONDS MEMORY_BYTES`
"""

import os
import resource
import signal
import sys
from typing import IO

from PIL import AvifImagePlugin, Image

from job.errors import Rejected
from job.features.decoder_process import ANSWER, READY, REQUEST, SAVE_ANEW, write
from job.features.pixels import framed


def main(cpu_seconds: float, memory_bytes: int) -> None:
    """Answer requests until there are none."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    _be_silent()
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a thread's stack counts as memory, and a slot is one core
    Image.init()  # else the first photograph would pay for loading Pillow's formats
    # Linux counts private memory by this limit; elsewhere it is not kept.
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, resource.RLIM_INFINITY))
    write(answers, READY)
    while request := requests.read(REQUEST.size):
        side, size = REQUEST.unpack(request)
        # Counts the processor time of all threads; its signal ends the process, whatever the decoder is doing.
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        _answer(requests, answers, side, size)
        signal.setitimer(signal.ITIMER_PROF, 0)


def _answer(requests: IO[bytes], answers: IO[bytes], side: int, size: int) -> None:
    try:
        content = requests.read(size)
        picture, width, height = framed(content, side)
    except MemoryError:
        _refuse(answers, Rejected("too-large", f"decoding it takes more memory than a worker has; {SAVE_ANEW}"))
    except Rejected as refused:
        _refuse(answers, refused)
    else:
        pixels = picture.tobytes()
        write(answers, ANSWER.pack(True, width, height, len(pixels)), pixels)


def _refuse(answers: IO[bytes], refused: Rejected) -> None:
    text = f"{refused.reason}\n{refused.detail}".encode("utf-8", "backslashreplace")
    write(answers, ANSWER.pack(False, 0, 0, len(text)), text)


def _be_silent() -> None:
    """Keep what decoders print out of the worker's log: a line for each damaged row of each photograph."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nothing, stream.fileno())


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
