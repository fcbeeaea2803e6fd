"""Read torchvision's MobileNetV2 checkpoint without PyTorch, and without trusting a pickle."""

import io
import pickle
import pickletools
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.errors import JobError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_MOST_INSTRUCTIONS = 20_000
"""Of one pickle; torchvision's has 11,000. Bounds the depth of what is built, which Python descends by recursion."""

_PLAIN = frozenset({"BINUNICODE", "GLOBAL"})
"""What a checkpoint builds once and refers to again; thirty tuples of two references make a key of 2**30 parts."""

_INSTRUCTIONS = _PLAIN | {
    *("PROTO", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "APPEND", "APPENDS"),
    *("EMPTY_DICT", "SETITEM", "SETITEMS", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET"),
    *("BINPERSID", "REDUCE", "BUILD"),
}
_LONGEST_REASON = 200


class _Storage:
    """Stands for one typed, flat block of numbers while the pickle refers to it by key."""

    def __init__(self, dtype: str, size: int) -> None:
        self.dtype = np.dtype(dtype)
        self.size = size
        self.values: NDArray[Any] = np.empty(0, self.dtype)


class _Tensor:
    """A view that the pickle asks for before the numbers of its storage have been read."""

    def __init__(self, storage: _Storage, offset: int, shape: tuple[int, ...], *_ignored: object) -> None:
        self.storage, self.offset, self.shape = storage, offset, shape

    def array(self) -> NDArray[Any]:
        count = int(np.prod(self.shape))
        return self.storage.values[self.offset : self.offset + count].reshape(self.shape)


_ALLOWED: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
    ("torch", "FloatStorage"): "<f4",
    ("torch", "LongStorage"): "<i8",
}


class _CheckpointUnpickler(pickle.Unpickler):
    """An unpickler that knows the four names a checkpoint needs and refuses every other."""

    def __init__(self, file: io.BytesIO, storages: dict[str, _Storage]) -> None:
        super().__init__(file)
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[(module, name)]
        except KeyError:
            raise pickle.UnpicklingError(
                f"the checkpoint asks for {module}.{name}, which weights do not need"
            ) from None

    def persistent_load(self, pid: Any) -> _Storage:
        _kind, dtype, key, _location, size, *_view = pid
        return self._storages.setdefault(key, _Storage(dtype, size))


def _load(stream: io.BytesIO, storages: dict[str, _Storage]) -> Any:
    """Unpickle the next object, after a look at its instructions that carries none of them out."""
    start = stream.tell()
    built, kept = "", dict[Any, str]()
    for number, (instruction, argument, _position) in enumerate(pickletools.genops(stream)):
        _require_bounded(number, instruction.name, argument, kept)
        if instruction.name.endswith("PUT"):
            kept[argument] = built
        else:
            built = kept[argument] if instruction.name.endswith("GET") else instruction.name
    stream.seek(start)
    return _CheckpointUnpickler(stream, storages).load()


def _require_bounded(number: int, name: str, argument: Any, kept: Mapping[Any, str]) -> None:
    """Refuse an instruction by which a few bytes would take hours, or all the memory there is."""
    if name not in _INSTRUCTIONS:
        raise pickle.UnpicklingError(f"the checkpoint asks for {name}, which weights do not need")
    if number >= _MOST_INSTRUCTIONS:
        raise pickle.UnpicklingError(f"the checkpoint has more than {_MOST_INSTRUCTIONS} instructions")
    if name.endswith("PUT") and argument >= _MOST_INSTRUCTIONS:
        raise pickle.UnpicklingError(f"the checkpoint asks for {argument} memo entries")
    if name.endswith("GET") and kept.get(argument) not in _PLAIN:
        raise pickle.UnpicklingError("the checkpoint refers twice to what is no name")


def read_checkpoint(content: bytes) -> dict[str, NDArray[Any]]:
    """Read a PyTorch checkpoint in the legacy (not zipped) format.

    Parameters
    ----------
    content
        The file: pickled magic number, protocol and system facts, the pickled state dictionary, the pickled list of
        storage keys, then each storage as a 64-bit element count and its little-endian numbers.

    Returns
    -------
    dict[str, numpy.ndarray]
        The state dictionary, in its own order.

    Raises
    ------
    JobError
        If it is not such a file, or asks for anything but tensors.
    """
    stream = io.BytesIO(content)
    storages: dict[str, _Storage] = {}
    try:
        magic, _protocol, _system, state, keys = (_load(stream, storages) for _ in range(5))
        if magic != _LEGACY_MAGIC:
            raise pickle.UnpicklingError("wrong magic number")  # noqa: TRY301 - told as the other faults are
        for key in keys:
            storage = storages[key]
            stream.seek(8, io.SEEK_CUR)
            raw = stream.read(storage.size * storage.dtype.itemsize)
            storage.values = np.frombuffer(raw, storage.dtype)
        return {name: tensor.array() for name, tensor in state.items()}
    except Exception as error:
        # A damaged pickle makes the unpickler, and the objects it builds, raise almost anything.
        reason = str(error)[:_LONGEST_REASON]
        raise JobError(
            f"the weights are no torchvision checkpoint of MobileNetV2 ({reason}); accepted is the file"
            " mobilenet_v2-b0353104.pth as torchvision publishes it"
        ) from error
