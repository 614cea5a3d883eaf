"""Answers a question once for all who ask it at about the same time, and not at all while nobody does.

So a page that twenty people look at costs Redis and the ledger what it costs for one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar, cast

Answer = TypeVar("Answer")

#: What took a while to read is good for so many times that, and no longer than this: a search through thousands of
#: batches, on a page that is live, would else read on and on.
TIMES_ITS_PRICE, MOST_S = 4.0, 30.0
#: Answers that are kept at once; with more, those that nobody may get any more are let go.
MOST_KEPT = 200


@dataclass(slots=True)
class _Kept:
    """What was answered to one question, and until when it is given out."""

    asking: Lock = field(default_factory=Lock)
    good_until_s: float = float("-inf")
    answer: Any = None
    error: Exception | None = None


class SharedAnswers:
    """The answers of one process. Thread safe."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._lock = Lock()
        self._kept: dict[Hashable, _Kept] = {}

    def ask(self, question: Hashable, good_for_s: float, read: Callable[[], Answer]) -> Answer:
        """Gives the last answer while it is good, and reads it anew else: one thread, while the others wait for it.

        What was dear to read is good for longer.

        What reading raises is an answer, too: a Redis that is away is not asked by each viewer in turn.
        """
        kept = self._of(question)
        with kept.asking:
            asked_s = self._monotonic_s()
            if asked_s >= kept.good_until_s:
                try:
                    kept.answer, kept.error = read(), None
                except Exception as error:  # noqa: BLE001 - raised again below, to each who asked
                    kept.answer, kept.error = None, error
                told_s = self._monotonic_s()
                price_s = min(MOST_S, TIMES_ITS_PRICE * (told_s - asked_s))
                kept.good_until_s = told_s + max(good_for_s, price_s)
            if kept.error:
                raise kept.error
            return cast(Answer, kept.answer)

    def forget(self) -> None:
        """Gives out no answer any more that was read before: somebody changed something, and reads what came of it."""
        with self._lock:
            self._kept = {}

    def _of(self, question: Hashable) -> _Kept:
        with self._lock:
            if question not in self._kept and len(self._kept) >= MOST_KEPT:
                now_s = self._monotonic_s()
                self._kept = {each: kept for each, kept in self._kept.items() if kept.good_until_s > now_s}
            return self._kept.setdefault(question, _Kept())
