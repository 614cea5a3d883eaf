"""Carries dialogues out against answers that a test wrote, by a clock that moves by rests and by what a look takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from forebay_client.exchange import Dialogue, Exchange, carry_out

T = TypeVar("T")


def batch_facts(**said: Any) -> dict[str, Any]:
    """Says of a batch what the API does."""
    counts = dict.fromkeys(("waiting", "starting", "alive", "ready", "landed", "failed", "canceled"), 0)
    return {
        "batch": "b1",
        "state": "running",
        "created_at": "2026-11-27T07:00:00+00:00",
        "runs": 3,
        **counts,
        "ended": False,
        "exit": None,
        **said,
    }


class Server:
    """Answers one exchange after the other as it was told to; the last answer is given from then on."""

    def __init__(self, answers: Iterable[Any], *, takes_s: Callable[[Exchange[Any]], float] = lambda _: 0.0) -> None:
        self._answers = list(answers)
        self._takes_s = takes_s
        self.now = 1000.0
        self.asked: list[Exchange[Any]] = []
        self.rests: list[float] = []

    def carry_out(self, dialogue: Dialogue[T]) -> T:
        """Carries it out."""
        return carry_out(dialogue, self._send, self._rest)

    def clock(self) -> float:
        """Tells the time."""
        return self.now

    def _send(self, exchange: Exchange[Any]) -> Any:
        self.asked.append(exchange)
        self.now += self._takes_s(exchange)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return exchange.read(answer)

    def _rest(self, seconds: float) -> None:
        assert seconds >= 0
        self.rests.append(seconds)
        self.now += seconds
