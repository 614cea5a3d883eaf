"""Keeps what the threads of a process are at, and since when nothing came of it: so a health check sees them get on.

Written by `worker/steps/carry_out.py` and by long transfers; read by the pump's word that its process is alive, and by
the shutdown that names what it waits for.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class _StepUnderWay:
    name: str
    since_s: float
    """When it began, or last got on."""


class UnderWay:
    """The steps that a process is at, one a thread. Thread safe."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._works: dict[int, _StepUnderWay] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Notes what this thread is at while the block lasts."""
        thread = threading.get_ident()
        self._works[thread] = _StepUnderWay(name=name, since_s=self._monotonic_s())
        try:
            yield
        finally:
            del self._works[thread]

    def got_on(self) -> None:
        """Notes that what this thread is at goes on well, however long it takes."""
        work = self._works.get(threading.get_ident())
        if work:
            work.since_s = self._monotonic_s()

    def silent(self, longer_than_s: float = 0.0) -> list[str]:
        """Names what has not got on for so long, the longest first."""
        now_s = self._monotonic_s()
        works = sorted(self._works.copy().values(), key=lambda work: work.since_s)
        return [f"{work.name} ({now_s - work.since_s:.0f} s)" for work in works if now_s - work.since_s > longer_than_s]
