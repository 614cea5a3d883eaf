"""Knows when this process's pump asks each lane for each step: by the last claim, by bells, and now and then anyway.

Pure: the pump (`pump.py`) tells it the time and what it heard, and asks it whom to ask. Three things bring a lane up. A
claim said when something is due. A bell said that something is due sooner. And since bells can be lost, and an older
release rings none, each lane is looked at once in `look_every_s`, whatever was told.
"""

import heapq
import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf

from forebay.governor.contract import AskedFor
from forebay.governor.states import Step

#: So late at most is a run of which no bell told: as late as one whose message died with its worker.
LOOK_EVERY_S = 30.0


@dataclass(slots=True)
class Agenda:
    """When to ask whom. Instants are seconds of one monotonic clock. One thread uses it."""

    serves: Collection[Step]
    """The steps that this process carries out: of others it asks nothing."""
    look_every_s: float = LOOK_EVERY_S
    _looks: dict[str, float] = field(default_factory=dict)
    """When each lane that is known is looked at again."""
    _due: dict[tuple[str, Step], float] = field(default_factory=dict)
    _in_order: list[tuple[float, str, Step]] = field(default_factory=list)
    """The same in the order of time; an entry that `_due` does not bear out is void."""
    _crowded_out: dict[Step, dict[str, None]] = field(default_factory=dict)
    """Lanes with more than there was room for, first those that wait longest."""
    _doubted: set[tuple[str, Step]] = field(default_factory=set)
    """What is to be looked at, whatever the last claim told."""

    def know(self, lanes: Iterable[str], now_s: float) -> None:
        """Takes the names of all lanes: new ones are looked at next, those that are gone are let go."""
        known = set(lanes)
        for lane in self._looks.keys() - known:
            del self._looks[lane]
            for step in self.serves:
                self._due.pop((lane, step), None)
                self._crowd(step).pop(lane, None)
                self._doubted.discard((lane, step))
        for lane in known - self._looks.keys():
            self._looks[lane] = now_s

    def ring(self, lane: str, step: Step, at_s: float) -> None:
        """Takes word that something of a step is due then, or sooner; of a lane that nobody knows, too."""
        if step not in self.serves or lane in self._crowd(step):
            return
        self._looks.setdefault(lane, at_s)
        if at_s < self._due.get((lane, step), inf):
            self._due[lane, step] = at_s
            heapq.heappush(self._in_order, (at_s, lane, step))

    def look_at_all(self, now_s: float) -> None:
        """Has each lane looked at next: bells may have been lost."""
        self._looks = dict.fromkeys(self._looks, now_s)

    def looks(self, now_s: float) -> list[str]:
        """Gives the lanes whose look is due and of which nothing is known to come; others are asked for all steps."""
        quiet = []
        for lane, at_s in self._looks.items():
            if at_s > now_s:
                continue
            # Spread, so that lanes that came together do not all come together again.
            self._looks[lane] = now_s + self.look_every_s * random.uniform(0.8, 1)
            if any((lane, step) in self._due or lane in self._crowd(step) for step in self.serves):
                self.stirs(lane, now_s)
            else:
                quiet.append(lane)
        return quiet

    def stirs(self, lane: str, now_s: float) -> None:
        """Has a lane asked for all steps, and look, whatever was told before."""
        for step in self.serves:
            self._doubted.add((lane, step))
            self.ring(lane, step, now_s)

    def take(self, now_s: float, room: Mapping[Step, int], most: int) -> list[AskedFor]:
        """Gives up to `most` lanes that are to be asked now, longest due first, each with its share of the room.

        Each is to be told of by `answered`.
        """
        left, asked = dict(room), dict[str, list[Step]]()
        for step in self.serves:
            crowd = self._crowd(step)
            while crowd and left[step] > 0 and len(asked) < most:
                self._ask(next(iter(crowd)), step, asked, left)
        while self._in_order and self._in_order[0][0] <= now_s and len(asked) < most:
            at_s, lane, step = heapq.heappop(self._in_order)
            if self._due.get((lane, step)) == at_s:
                self._ask_for_all_that_is_due(lane, now_s, asked, left)
        share = {step: max(1, room[step] // max(1, room[step] - left[step])) for step in self.serves}
        return [self._asked(lane, {step: share[step] for step in steps}) for lane, steps in asked.items()]

    def _ask_for_all_that_is_due(
        self, lane: str, now_s: float, asked: dict[str, list[Step]], left: dict[Step, int]
    ) -> None:
        for step in self.serves:
            if self._due.get((lane, step), inf) > now_s:
                continue
            del self._due[lane, step]
            if left[step] > 0:
                self._ask(lane, step, asked, left)
            else:
                self._crowd(step)[lane] = None

    def _ask(self, lane: str, step: Step, asked: dict[str, list[Step]], left: dict[Step, int]) -> None:
        self._crowd(step).pop(lane, None)
        left[step] -= 1
        asked.setdefault(lane, []).append(step)

    def _asked(self, lane: str, room: dict[Step, int]) -> AskedFor:
        doubted = {(lane, step) for step in room} & self._doubted
        self._doubted -= doubted
        return AskedFor(lane, room, believes=not doubted)

    def answered(self, lane: str, step: Step, now_s: float, sleep_s: float | None) -> None:
        """Notes when to ask again; 0: more is due than there was room for. None: when a bell rings."""
        if sleep_s == 0:
            self._due.pop((lane, step), None)
            self._crowd(step)[lane] = None
        elif sleep_s is not None:
            self.ring(lane, step, now_s + sleep_s)

    def unanswered(self, asked: AskedFor, now_s: float, sleep_s: float = 0.0) -> None:
        """Has a lane asked again that gave no answer."""
        for step in asked.room:
            if not asked.believes:
                self._doubted.add((asked.lane, step))
            self.ring(asked.lane, step, now_s + sleep_s)

    @property
    def waits_for_room(self) -> bool:
        """Says whether more is due somewhere than there was room for."""
        return any(self._crowd(step) for step in self.serves)

    def next_s(self) -> float:
        """Says when a lane is to be asked that does not wait for room; far off if none is."""
        while self._in_order and self._due.get(self._in_order[0][1:]) != self._in_order[0][0]:
            heapq.heappop(self._in_order)
        return self._in_order[0][0] if self._in_order else inf

    def _crowd(self, step: Step) -> dict[str, None]:
        return self._crowded_out.setdefault(step, {})
