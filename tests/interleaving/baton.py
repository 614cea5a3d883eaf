"""One thread at a time, and a seeded scheduler that says which, and what becomes of its next I/O.

Each actor stands for a process. It runs until its next cut, which every seam calls before it does anything that
another process could notice; there it hands the baton back. So a schedule is a list of choices, all made by one
`random.Random`, and the same seed gives the same schedule again.
"""

import random
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

Answer = TypeVar("Answer")

#: A schedule that needs more turns than this has lost a run: the usual is some hundreds.
MOST_TURNS = 20_000


class Fate(StrEnum):
    """What becomes of one I/O."""

    GOES = "goes"
    UNSENT = "unsent"  # it never left: an error, and no effect
    LOST = "lost"  # it took effect, and its answer did not come: an error
    TWICE = "twice"  # as lost, and the client repeats it by itself, as redis-py does
    DIES_BEFORE = "dies before"  # the process dies, and it never left
    DIES_AFTER = "dies after"  # it took effect, and the process dies


DEATHS = (Fate.DIES_BEFORE, Fate.DIES_AFTER)


class Crash(BaseException):
    """Ends an actor's thread. No `except Exception` sees it, and no clean-up of a dead process reaches the world."""


class Actor:
    """One process of the schedule, in a thread that runs only while it has the baton."""

    def __init__(self, name: str, baton: "Baton", work: Callable[["Actor"], None]) -> None:
        self.name = name
        self.over = self.dead = self.idle = False
        self.broke: BaseException | None = None
        self.at = "start"
        self.doing = name
        """The step that it is in."""
        self.fate = Fate.GOES
        self._baton = baton
        self._go = threading.Semaphore(0)
        self._work = work
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def cut(self, label: str, *, may_repeat: bool = False, may_fail: bool = True) -> Fate:
        """Hands the baton back; returns once the scheduler has chosen this actor again."""
        if self.dead:
            raise Crash
        self.at, self.may_repeat, self.may_fail = label, may_repeat, may_fail
        self._baton.back.release()
        self._go.acquire()
        if self.fate is Fate.DIES_BEFORE:
            self.dead = True
            raise Crash
        return self.fate

    def io(
        self,
        label: str,
        effect: Callable[[], Answer],
        trouble: Callable[[], Exception],
        *,
        may_repeat: bool = False,
    ) -> Answer:
        """One I/O: its effect, or what fate makes of it."""
        fate = self.cut(label, may_repeat=may_repeat)
        if fate is Fate.UNSENT:
            raise trouble()
        answer = effect()
        if fate is Fate.DIES_AFTER:
            self.dead = True
            raise Crash
        if fate is Fate.LOST:
            raise trouble()
        if fate is Fate.TWICE:
            return self.io(label + ", repeated", effect, trouble, may_repeat=may_repeat)
        return answer

    def rest(self) -> None:
        """Nothing to do: not chosen again before the world has changed."""
        self.idle = True
        self.cut("idle", may_fail=False)

    def take_turn(self) -> None:
        """Called by the scheduler: lets the actor go on to its next cut, or to its end."""
        self._go.release()
        self._baton.back.acquire()

    def _run(self) -> None:
        self._go.acquire()
        try:
            self._work(self)
        except Crash:
            self.dead = True
        except BaseException as broke:  # noqa: BLE001 - handed to the scheduler's thread, which raises it
            self.broke = broke
        self.over = True
        self._baton.back.release()


class Baton:
    """The scheduler: whose turn it is, and what happens to whom. Calm schedules and wild ones, by their seed."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.back = threading.Semaphore(0)
        self.actors: list[Actor] = []
        self.trace: list[str] = []
        self._stickiness = self.dice.choice((0.0, 0.5, 0.9))
        self._trouble = self.dice.choice((0.0, 0.02, 0.1))
        self._faults_left = self.dice.choice((0, 2, 8, 25))
        self._last: Actor | None = None

    def start(self, name: str, work: Callable[[Actor], None]) -> Actor:
        actor = Actor(name, self, work)
        self.actors.append(actor)
        return actor

    def note(self, line: str) -> None:
        self.trace.append(line)

    def wake_all(self) -> None:
        """The world has changed: whoever had nothing to do may have something now."""
        for actor in self.actors:
            actor.idle = False

    def turn(self) -> Actor | None:
        """Gives one actor its turn; None if nobody can move."""
        able = [actor for actor in self.actors if not (actor.over or actor.idle)]
        if not able:
            return None
        if self._last not in able or self.dice.random() > self._stickiness:
            self._last = self.dice.choice(able)
        actor = self._last
        assert actor is not None
        actor.fate = self._fate(actor)
        self.note(f"{actor.name}: {actor.at}" + ("" if actor.fate is Fate.GOES else f" - {actor.fate}"))
        actor.take_turn()
        if actor.broke:
            raise actor.broke
        return actor

    def trouble(self, odds: float = 1.0) -> bool:
        """Tells whether something goes wrong now. A schedule has only so much trouble, so that each can end well."""
        if self._faults_left == 0 or self.dice.random() > self._trouble * odds:
            return False
        self._faults_left -= 1
        return True

    def abandon(self) -> None:
        """Ends all threads, without another effect."""
        for actor in self.actors:
            while not actor.over:
                actor.fate = Fate.DIES_BEFORE
                actor.take_turn()

    def _fate(self, actor: Actor) -> Fate:
        if actor.at == "start" or not actor.may_fail or not self.trouble():
            return Fate.GOES
        fates = [Fate.UNSENT, Fate.LOST, *DEATHS, *([Fate.TWICE] if actor.may_repeat else [])]
        return self.dice.choice(fates)
