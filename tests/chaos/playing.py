"""Plays a plan on a stage: submits queries so that some always wait, and lets faults strike meanwhile.

Queries are submitted until there were as many as the plan wants and each kind has struck once; faults strike, round
after round, until all has been submitted and given out. So a fault finds a system at work.
"""

import random
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.chaos.kinds.kind import Kind
from tests.chaos.load import Load
from tests.chaos.owing import waiting
from tests.chaos.schedule import Strike, schedule, tracks
from tests.chaos.stage import Cast, Stage

#: How long what has been submitted last may take to be given out before the faults are over all the same.
DRAIN_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is made of."""

    seed: int
    queries: int
    """At least."""
    batch: int = 500
    """Queries of a batch."""
    backlog: int = 300
    """Another batch is submitted when fewer wait: as many as the slots take meanwhile."""
    cast: Cast = field(default_factory=Cast)
    load: Load = field(default_factory=Load)
    kinds: Sequence[Kind]
    quiet_s: float = 4
    """How long a subject is left alone between two faults, on average."""
    again: bool = True
    """Whether faults strike on, round after round, until the load is over."""
    within_s: float = 0
    """A round of faults takes at least so long."""

    @property
    def first_round(self) -> list[Strike]:
        """Gives the faults that strike in any case."""
        return schedule(self.seed, self.kinds, quiet_s=self.quiet_s, within_s=self.within_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A fault that has struck."""

    strike: Strike
    since: float
    until: float
    error: str | None = None
    """Of the driver's own hand: the fault could not be made."""


def play(plan: Plan, made: Stage) -> list[Struck]:
    """Makes load and faults, and gives those that have struck."""
    return _Play(plan, made).played()


def say(line: str) -> None:
    """Prints a line of progress, beside what a caller may want to keep."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


class _Play:
    def __init__(self, plan: Plan, made: Stage) -> None:
        self._plan, self._made = plan, made
        self._begun = time.time()
        self._struck: list[Struck] = []
        self._loaded = threading.Event()

    def played(self) -> list[Struck]:
        plan = self._plan
        striking = [
            threading.Thread(target=self._strike_all, args=(track, size))
            for track, size in tracks(plan.seed, plan.kinds, quiet_s=plan.quiet_s, within_s=plan.within_s)
        ]
        loading = threading.Thread(target=self._submit_all)
        for thread in (loading, *striking):
            thread.start()
        for thread in (loading, *striking):
            thread.join()
        return self._struck

    def _submit_all(self) -> None:
        plan, begun = self._plan, len(self._made.accepted)
        try:
            for number, size in enumerate(self._sizes()):
                while waiting(self._made) >= plan.backlog:
                    time.sleep(1)
                self._made.submit_surely(size, random.Random(f"{plan.seed}/load/{number}"))
                if number % 10 == 0:
                    say(f"  {time.time() - self._begun:6.1f} s  {len(self._made.accepted) - begun} batches accepted")
            deadline = time.time() + DRAIN_S
            while waiting(self._made) and time.time() < deadline:
                time.sleep(1)
        finally:
            self._loaded.set()

    def _sizes(self) -> Iterator[int]:
        """Yields the sizes of batches: as many as the plan wants, and more until each kind has struck."""
        left, once = self._plan.queries, len(self._plan.kinds)
        while left > 0 or len({each.strike.kind.name for each in self._struck}) < once:
            yield min(self._plan.batch, left) if left > 0 else self._plan.batch
            left -= self._plan.batch

    def _strike_all(self, track: Iterator[Strike], once: int) -> None:
        """Strikes at one subject: each kind once, and on until the load is over."""
        for number, strike in enumerate(track):
            if number < once:
                time.sleep(max(0.0, self._begun + strike.at_s - time.time()))
            elif not self._plan.again or self._loaded.wait(max(0.0, self._begun + strike.at_s - time.time())):
                return
            self._struck.append(self._strike(strike))

    def _strike(self, strike: Strike) -> Struck:
        since, error = time.time(), None
        say(f"  {since - self._begun:6.1f} s  {strike.kind.subject}: {strike.kind.name}, for {strike.for_s} s")
        try:
            with strike.kind.strike(self._made, random.Random(strike.seed)):
                time.sleep(strike.for_s)
        except Exception as failed:  # noqa: BLE001 - a fault that cannot be made must not end the run, and is reported
            error = f"{type(failed).__name__}: {failed}"
        return Struck(strike=strike, since=since, until=time.time(), error=error)
