"""Sessions open, work, and end when nobody uses them, by Livy's rules."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rehearsal.livy.server import OPEN, Sessions, answer


@dataclass
class Fake:
    """A session without a driver."""

    number: int
    request: dict[str, Any]
    folder: Path
    submit: list[str]
    clock: Callable[[], float]
    state: str = "idle"
    last_activity: float = 0.0
    statements: list[dict[str, Any]] = field(default_factory=list)
    ended: bool = False

    def shown(self) -> dict[str, Any]:
        return {"id": self.number, "state": self.state}

    def log(self) -> list[str]:
        return ["one"]

    def execute(self, code: str) -> dict[str, Any]:
        self.statements.append({"id": len(self.statements), "code": code})
        self.last_activity = self.clock()
        return self.statements[-1]

    def end(self) -> None:
        self.ended = True


@dataclass
class Time:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def make(tmp_path: Path, time: Time) -> Callable[..., Sessions]:
    return lambda *, skip_busy=True: Sessions(
        tmp_path, ["spark-submit"], timeout=900, skip_busy=skip_busy, start=Fake, clock=time
    )


def test_a_session_that_nobody_uses_ends_and_holds_the_cluster_no_more(
    make: Callable[..., Sessions], time: Time, tmp_path: Path
) -> None:
    sessions = make()
    session = sessions.add({"kind": "pyspark"})
    time.now = 600
    session.execute("1")
    time.now = 1_500
    sessions.end_abandoned()
    assert (tmp_path / OPEN).exists()
    time.now = 1_501
    sessions.end_abandoned()

    assert session.ended
    assert not sessions.all()
    assert not (tmp_path / OPEN).exists()


@pytest.mark.parametrize("skip_busy", [True, False])
def test_a_session_at_work_is_kept_only_if_livy_is_told_to(
    make: Callable[..., Sessions], time: Time, skip_busy: bool
) -> None:
    sessions = make(skip_busy=skip_busy)
    session = sessions.add({"kind": "pyspark"})
    session.state = "busy"
    time.now = 901
    sessions.end_abandoned()

    assert session.ended is not skip_busy


def test_the_cluster_is_held_until_the_last_session_ends(make: Callable[..., Sessions], tmp_path: Path) -> None:
    sessions = make()
    sessions.add({})
    sessions.add({})
    sessions.end(0)
    assert (tmp_path / OPEN).exists()
    sessions.end(1)

    assert not (tmp_path / OPEN).exists()


def test_calls_are_answered_as_by_livy(make: Callable[..., Sessions]) -> None:
    sessions = make()

    assert answer(sessions, "POST", "/sessions", {"kind": "pyspark"}) == (201, {"id": 0, "state": "idle"})
    assert answer(sessions, "GET", "/sessions", {})[1]["total"] == 1
    assert answer(sessions, "POST", "/sessions/0/statements", {"code": "1"}) == (201, {"id": 0, "code": "1"})
    assert answer(sessions, "GET", "/sessions/0/statements/0", {}) == (200, {"id": 0, "code": "1"})
    assert answer(sessions, "GET", "/sessions/0/log", {})[1]["log"] == ["one"]
    assert answer(sessions, "DELETE", "/sessions/0", {}) == (200, {"msg": "deleted"})


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/sessions/7"), ("GET", "/sessions/0/statements/0"), ("DELETE", "/sessions/7"), ("GET", "/batches")],
)
def test_what_is_not_there_is_not_found(make: Callable[..., Sessions], method: str, path: str) -> None:
    sessions = make()
    sessions.add({})

    assert answer(sessions, method, path, {})[0] == 404


def test_sessions_of_another_kind_are_refused(make: Callable[..., Sessions]) -> None:
    code, told = answer(make(), "POST", "/sessions", {"kind": "sparkr"})

    assert code == 400
    assert "'sparkr'" in told["msg"]
