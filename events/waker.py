"""Wakes the runs that events tell of: the one way from any event to a look, whatever brought it.

Called by the sweep of the events list, the webhooks' receiver and the queue's listener. An event is a hint: it makes a
run due, and the retrieve is what counts. So nothing here is kept safe: whoever dies on the way costs a look's time.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from forebay.events.stripe_event import EventKind, StripeEvent, kind_of
from forebay.governor.contract import EndPath
from forebay.governor.lane_events import LaneEvents
from forebay.governor.redis_client import Client
from forebay.governor.view import View

#: Ends that one process has heard of: more than what comes again by an overlap, a second destination or a resend.
_MOST_HEARD = 20_000
#: Events that one call of a script looks up: a page of the list, and no pause for others.
_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of some events."""

    woken: int = 0
    """Ends, or changes, of runs that are looked at now."""
    early: int = 0
    """Ends that are kept, since a create that is under way may yet name their QueryRuns."""
    late: int = 0
    """Ends that looks had seen before."""
    unknown: int = 0
    """Of others' QueryRuns, or of runs that settled before."""
    repeated: int = 0
    """Heard before, under this id or another."""
    other: int = 0
    """Of types from which nothing follows."""


class Waker:
    """Hears the events of one deployment's connections. Thread safe."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._view = View(client)
        self._lock = Lock()
        self._heard: OrderedDict[str, None] = OrderedDict()

    def heard(self, connection: str, events: Sequence[StripeEvent], *, path: EndPath) -> Heard:
        """Wakes the runs of a connection that these events are about. Raises `GovernorError`: then hear them again."""
        return self.heard_on(self._lanes(connection), events, path=path)

    def heard_on(self, lanes: Collection[str], events: Sequence[StripeEvent], *, path: EndPath) -> Heard:
        """Wakes the runs of these lanes that these events are about. Raises `GovernorError`: then hear them again."""
        new = self._new(events)
        for lane in _by_lane(lanes, (event for event in new if kind_of(event) is EventKind.LOST)):
            LaneEvents(self._client, lane).wake_all()
        woken = early = late = 0
        ends = _about(EventKind.ENDED, new)
        for lane, of_lane in _by_lane(lanes, ends).items():
            for page in _pages(of_lane):
                came_to = LaneEvents(self._client, lane).wake(path, map(_end, page))
                woken, early, late = woken + came_to.woken, early + came_to.early, late + came_to.late
        changes = _about(EventKind.UPDATED, new)
        for lane, of_lane in _by_lane(lanes, changes).items():
            for page in _pages(of_lane):
                woken += LaneEvents(self._client, lane).wake(path, map(_end, page), ended=False).woken
        self._remember(new)
        told = len(ends) + len(changes)
        return Heard(
            woken=woken,
            early=early,
            late=late,
            unknown=max(0, told - woken - early - late),
            repeated=len(events) - len(new),
            other=len(new) - told,
        )

    def _lanes(self, connection: str) -> list[str]:
        return [lane for lane in self._view.lanes() if lane.startswith(f"{connection}:")]

    def _new(self, events: Sequence[StripeEvent]) -> list[StripeEvent]:
        with self._lock:
            return list({_change(event): event for event in events if _change(event) not in self._heard}.values())

    def _remember(self, events: Iterable[StripeEvent]) -> None:
        with self._lock:
            self._heard.update((_change(event), None) for event in events)
            while len(self._heard) > _MOST_HEARD:
                self._heard.popitem(last=False)


def _change(event: StripeEvent) -> str:
    """Names what happened: of an end there is one, and Stripe may make two events of it."""
    return f"{event.object_id} {event.type}" if kind_of(event) is EventKind.ENDED else event.id


def _about(kind: EventKind, events: Iterable[StripeEvent]) -> list[StripeEvent]:
    return [event for event in events if kind_of(event) is kind and event.object_id]


def _by_lane(lanes: Collection[str], events: Iterable[StripeEvent]) -> dict[str, list[StripeEvent]]:
    """Gives each lane the events that may be about its runs: where accounts have lanes, those of its account alone."""
    of_lane: dict[str, list[StripeEvent]] = {}
    for event in events:
        own = [lane for lane in lanes if event.context and lane.endswith(f":{event.context.replace('/', '.')}")]
        for lane in own or lanes:
            of_lane.setdefault(lane, []).append(event)
    return of_lane


def _end(event: StripeEvent) -> tuple[str, int | None]:
    return str(event.object_id), None if event.created is None else _ms(event.created)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _pages(events: Sequence[StripeEvent]) -> Iterator[Sequence[StripeEvent]]:
    return (events[start : start + _AT_ONCE] for start in range(0, len(events), _AT_ONCE))
