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
_LARGEST_MEMO = 100_000  # the real one has 1,900 entries; one byte can ask for 4 billion, and the memory for them


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
    for instruction, argument, _position in pickletools.genops(stream):
        if instruction.name in ("PUT", "LONG_BINPUT") and int(argument or 0) > _LARGEST_MEMO:
            raise pickle.UnpicklingError(f"the checkpoint asks for {argument} memo entries")
    stream.seek(start)
    return _CheckpointUnpickler(stream, storages).load()


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
        raise JobError(
            f"the weights are no torchvision checkpoint of MobileNetV2 ({error}); accepted is the file"
            " mobilenet_v2-b0353104.pth as torchvision publishes it"
        ) from error
