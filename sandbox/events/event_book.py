"""Keeps the events of each account and mode in their order, and finds a page of them; the oldest are forgotten.

An event stands at the place of its `created` and is seen from a later moment on, as in a list that is only eventually
consistent: a page that was read already may gain one.
"""

import time
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from operator import attrgetter

from forebay.sandbox.errors import event_not_found
from forebay.sandbox.events.thin_events import SandboxEvent
from forebay.sandbox.http.callers import Caller

#: Of one account and mode. Stripe keeps 30 days.
MOST_KEPT = 20_000
#: So many more before the oldest are forgotten together: one at a time would move all others each time.
SLACK = 1_000


@dataclass(frozen=True, slots=True, order=True)
class EventPlace:
    """Where an event stands among those of its account: by `created`, then in the order in which they came."""

    created_at: datetime
    number: float
    """Infinite for the place behind all of one moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvent:
    """An event at its place."""

    event: SandboxEvent
    place: EventPlace
    seen_from_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """What a caller asks for: the filters, and where to go on. All ends are exclusive."""

    types: frozenset[str] = frozenset()
    """Empty for all."""
    object_id: str | None = None
    above: tuple[EventPlace, ...] = ()
    below: tuple[EventPlace, ...] = ()


@dataclass(slots=True)
class EventBook:
    """All events that are kept, and how many there were of each type."""

    clock: Callable[[], float] = time.monotonic
    made: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    """Those that a fault kept from being made."""
    _kept: dict[tuple[str, bool], list[KeptEvent]] = field(default_factory=dict)
    _numbers: int = 0

    def keep(self, event: SandboxEvent, *, seen_in_s: float) -> None:
        """Puts an event at its place, to be seen after so many seconds."""
        self.made[event.type] += 1
        self._numbers += 1
        place = EventPlace(event.created_at, self._numbers)
        entry = KeptEvent(event=event, place=place, seen_from_s=self.clock() + seen_in_s)
        kept = self._kept.setdefault((event.owner, event.livemode), [])
        if kept and place < kept[-1].place:  # its clock was set back
            insort(kept, entry, key=_PLACE)
        else:
            kept.append(entry)
        if len(kept) == MOST_KEPT + SLACK:
            del kept[:SLACK]

    def find(self, caller: Caller, event_id: str) -> SandboxEvent:
        """Finds an event that the caller may see by now; raises the 404."""
        for each in self._seen(reversed(self._of(caller))):
            if each.event.id == event_id:
                return each.event
        raise event_not_found(event_id)

    def newest(self, caller: Caller, wanted: EventFilter, most: int) -> list[KeptEvent]:
        """Lists the newest that are wanted, newest first."""
        return list(islice(self._matching(reversed(self._between(caller, wanted)), wanted), most))

    def oldest(self, caller: Caller, wanted: EventFilter, most: int) -> list[KeptEvent]:
        """Lists the oldest that are wanted, newest first: a page that is asked for from behind."""
        return list(islice(self._matching(self._between(caller, wanted), wanted), most))[::-1]

    def __len__(self) -> int:
        return sum(map(len, self._kept.values()))

    def _of(self, caller: Caller) -> list[KeptEvent]:
        return self._kept.get((caller.owner, caller.livemode), [])

    def _between(self, caller: Caller, wanted: EventFilter) -> list[KeptEvent]:
        kept = self._of(caller)
        low = max((bisect_right(kept, place, key=_PLACE) for place in wanted.above), default=0)
        high = min((bisect_left(kept, place, key=_PLACE) for place in wanted.below), default=len(kept))
        return kept[low:high]

    def _matching(self, kept: Iterable[KeptEvent], wanted: EventFilter) -> Iterator[KeptEvent]:
        for each in self._seen(kept):
            event = each.event
            of_type = not wanted.types or event.type in wanted.types
            if of_type and wanted.object_id in (None, event.subject and event.subject.id):
                yield each

    def _seen(self, kept: Iterable[KeptEvent]) -> Iterator[KeptEvent]:
        now_s = self.clock()
        return (each for each in kept if each.seen_from_s <= now_s)


_PLACE = attrgetter("place")
