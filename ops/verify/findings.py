"""What is seen of a belief: AWS's raw answers, and the checks that judge them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.beliefs.verdicts import Outcome
from ops.errors import FruitsError


class NotAnswered(FruitsError):
    """A question that a check needs was not answered."""


@dataclass(frozen=True)
class Finding:
    """What a check has found.

    Parameters
    ----------
    outcome
        Whether the belief holds.
    answer
        What AWS said, as JSON holds it; for what was not seen, why.
    """

    outcome: Outcome
    answer: Any


def confirmed(answer: Any) -> Finding:
    """Find that the belief holds."""
    return Finding(Outcome.CONFIRMED, answer)


def refuted(answer: Any) -> Finding:
    """Find that it does not."""
    return Finding(Outcome.REFUTED, answer)


def not_seen(why: str) -> Finding:
    """Find nothing."""
    return Finding(Outcome.NOT_SEEN, why)


def holds(condition: object, answer: Any) -> Finding:
    """Find that the belief holds, or not, by a condition."""
    return confirmed(answer) if condition else refuted(answer)


@dataclass
class Answers:
    """What AWS has answered, by names of questions."""

    found: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, answer: Any) -> None:
        """Keep an answer, as JSON holds it."""
        plain = json.loads(json.dumps(answer, default=str))
        if isinstance(plain, dict):
            plain.pop("ResponseMetadata", None)
        self.found[name] = plain

    def ask(self, name: str, question: Callable[[], Any]) -> None:
        """Ask, and keep the answer, or why there is none."""
        with self.asking(name):
            self.put(name, question())

    @contextmanager
    def asking(self, name: str) -> Iterator[None]:
        """Keep why a question was not answered."""
        try:
            yield
        except (ClientError, BotoCoreError, FruitsError) as error:
            self.missing[name] = f"{type(error).__name__}: {error}"

    def __getitem__(self, name: str) -> Any:
        """Return an answer.

        Raises
        ------
        NotAnswered
            If there is none.
        """
        if name not in self.found:
            raise NotAnswered(f"{name}: {self.missing.get(name, 'nobody got as far as asking')}")
        return self.found[name]


@dataclass(frozen=True)
class Check:
    """How a belief is judged.

    Parameters
    ----------
    judge
        Judges by the answers.
    only_aws
        Why the embedded AWS cannot show it; empty if it can.
    """

    judge: Callable[[Answers], Finding]
    only_aws: str = ""

    def look(self, answers: Answers, *, embedded: bool) -> Finding:
        """Judge, unless that needs AWS itself or an answer that is missing."""
        if embedded and self.only_aws:
            return not_seen(f"only AWS can answer: {self.only_aws}")
        try:
            return self.judge(answers)
        except NotAnswered as error:
            return not_seen(str(error))
