"""Reads how a batch stands: counts, lanes and single runs, joined from Redis (now) and the ledger (for good)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from forebay.governor.glances import Glance, glances
from forebay.governor.packed_states import differing, in_states, settled_bytes, state_at
from forebay.governor.redis_client import Client
from forebay.governor.seen import FlowView, LaneGlance, PauseView, RunView
from forebay.governor.states import RunState
from forebay.governor.view import View
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, FailureRecord, Item

_STATES_PAGE = 10_000
#: Flows whose states are asked for in one round trip.
_LANES_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How all runs of a batch stand."""

    size: int
    waiting: int
    held: int
    ready: int
    landed: int
    failed: int
    canceled: int
    stored_bytes: int
    records: int
    known: bool
    """False when Redis does not know the batch (any more)."""
    canceling: bool
    done: bool
    paused: PauseView | None = None
    """Of its first flow that is paused."""
    canary_out: bool = False
    """Its first run has to end well before the others may run."""
    lanes: tuple[LaneGlance, ...]
    starting: int = 0
    """Of those that hold a slot, the runs whose create Stripe has not answered."""

    @property
    def alive(self) -> int:
        """Counts the runs that Stripe is known to run."""
        return max(0, self.held - self.starting)

    @classmethod
    def of(cls, batch: Batch, seen: Sequence[Glance]) -> "Progress":
        """Sums up the counts over the batch's lanes."""
        known = [each.flow for each in seen if each.flow is not None]
        return cls(
            size=batch.size,
            waiting=_total(known, "waiting"),
            held=_total(known, "held"),
            ready=_total(known, "ready"),
            landed=_total(known, "landed"),
            failed=_total(known, "failed"),
            canceled=_total(known, "canceled"),
            stored_bytes=_total(known, "stored_bytes"),
            records=_total(known, "records"),
            known=len(known) == len(seen),
            canceling=any(flow.canceling for flow in known),
            done=len(known) == len(seen) and all(flow.done for flow in known),
            paused=next((flow.paused for flow in known if flow.paused), None),
            canary_out=any(flow.hold_after is not None for flow in known),
            lanes=tuple(each.lane for each in seen),
            starting=sum(each.starting for each in seen),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """A run that settled since the last reading."""

    lane: str
    index: int
    state: RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run, for people."""

    lane: str
    index: int
    item: Item
    state: RunState
    live: RunView | None
    failure: FailureRecord | None
    known: bool = True
    """False when Redis does not know its batch (any more): then it may have landed, whatever `state` says."""

    @property
    def name(self) -> str:
        return self.item.name

    @property
    def account(self) -> str | None:
        return self.item.account


class Reader:
    """Reads batches of one deployment. Changes nothing."""

    def __init__(self, ledger: Ledger, client: Client) -> None:
        self._ledger = ledger
        self._client = client
        self.view = View(client)

    def glances(self, batch: Batch) -> list[Glance]:
        """Reads how the batch's flows and their lanes stand, in the order of its flows. Raises `GovernorError`."""
        return glances(self._client, [(flow.lane, batch.id) for flow in batch.flows])

    def progress(self, batch: Batch) -> Progress:
        """Sums up the counts over the batch's lanes."""
        return Progress.of(batch, self.glances(batch))

    def rows(self, batch: Batch, start: int, stop: int) -> Iterator[RunRow]:
        """Yields runs `start <= n < stop`, counted through the batch's lanes in their order."""
        for flow in batch.flows:
            first, last = max(start, 0), min(stop, flow.size)
            if first < last:
                yield from self._flow_rows(batch, flow.lane, first, last)
            start, stop = start - flow.size, stop - flow.size

    def failed(self, batch: Batch) -> Iterator[RunRow]:
        """Yields runs that failed, in their order; of the others it reads half a byte each, and nothing more."""
        for flow in batch.flows:
            if self.view.flow(flow.lane, batch.id) is None:
                yield from self._failed_on_record(batch, flow.lane)
                continue
            for start in range(0, flow.size, _STATES_PAGE):
                states = self.view.states(flow.lane, batch.id, start, min(start + _STATES_PAGE, flow.size))
                for index in (start + at for at, state in enumerate(states) if state is RunState.FAILED):
                    yield from self._flow_rows(batch, flow.lane, index, index + 1)

    def _failed_on_record(self, batch: Batch, lane: str) -> Iterator[RunRow]:
        for index, failure in self._ledger.failures(batch.id, lane):
            if not failure.retried:
                yield from self._rows_on_record(batch, lane, index, index + 1)

    def _rows_on_record(self, batch: Batch, lane: str, start: int, stop: int) -> Iterator[RunRow]:
        """Yields runs of which Redis knows nothing: what the ledger says of their ends."""
        canceled = self._ledger.canceled_at(batch.id) is not None
        for index, item in enumerate(self._ledger.items(batch.id, lane, start, stop), start=start):
            failure = self._ledger.failure(batch.id, lane, index)
            stands = failure is not None and not failure.retried
            state = RunState.FAILED if stands else RunState.CANCELED if canceled else RunState.WAITING
            yield RunRow(lane=lane, index=index, item=item, state=state, live=None, failure=failure, known=False)

    def _flow_rows(self, batch: Batch, lane: str, start: int, stop: int) -> Iterator[RunRow]:
        flow = self.view.flow(lane, batch.id)
        if flow is None:
            yield from self._rows_on_record(batch, lane, start, stop)
            return
        states = self.view.states(lane, batch.id, start, stop)
        items = self._ledger.items(batch.id, lane, start, stop)
        for index, (item, state) in enumerate(zip(items, states, strict=True), start=start):
            # A canceled flow drops its waiting runs at once, without touching each one's state.
            shown = RunState.CANCELED if state is RunState.WAITING and flow.canceling else state
            yield RunRow(
                lane=lane,
                index=index,
                item=item,
                state=shown,
                live=None if shown.settled else self.view.run(lane, batch.id, index),
                failure=self._ledger.failure(batch.id, lane, index) if shown is RunState.FAILED else None,
            )


@dataclass(slots=True)
class Ends:
    """Follows one batch: which runs settled since the last reading.

    States are read of flows whose counts have moved since, half a byte a run, from the first that has not settled to
    the last that was granted.
    """

    view: View
    batch: Batch
    tell_past: bool = True
    """Whether those are told that had settled before the first reading."""
    _seen: dict[str, "_Seen"] = field(default_factory=dict)

    def read(self, seen: Sequence[Glance]) -> Iterator[RunEnd]:
        """Yields them in order of lane and index, by what was just seen of the batch's flows; none twice.

        What was given out before Redis fails is not given out again.
        """
        moved = [(each.lane.lane, each.flow) for each in seen if each.flow and self._of(each).flow != each.flow]
        for start in range(0, len(moved), _LANES_AT_ONCE):
            some = [(flow, lane, self._seen[lane].before(flow)) for lane, flow in moved[start : start + _LANES_AT_ONCE]]
            ranges = [(lane, self.batch.id, last.first, (flow.cursor + 1) // 2) for flow, lane, last in some]
            for (flow, lane, last), packed in zip(some, self.view.stretches_of_states(ranges), strict=True):
                tells = self.tell_past or last.flow is not None
                found = [*last.ends(packed)] if tells else []
                self._seen[lane] = last.then(flow, packed)
                yield from (RunEnd(lane=lane, index=index, state=state) for index, state in found)

    def in_state(self, *states: RunState, most: int) -> list[tuple[str, int]]:
        """Lists up to `most` runs that were in one of these states at the last reading, as (lane, index)."""
        runs = (
            (lane, 2 * last.first + index)
            for lane, last in self._seen.items()
            for index in in_states(last.packed, states)
        )
        return list(islice(runs, most))

    def _of(self, glance: Glance) -> "_Seen":
        return self._seen.setdefault(glance.lane.lane, _Seen())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A flow as of the last reading of its states."""

    flow: FlowView | None = None
    first: int = 0
    """The byte from which on they are kept: all runs before it have settled, and were told."""
    packed: bytes = b""
    unkept: int = 0
    """Bytes from `first` on that are not kept: nothing of them is told but what they become from now on."""

    def before(self, flow: FlowView) -> "_Seen":
        """Says from where on to read: from the beginning where failed runs were taken up again, wherever they are."""
        taken_up = self.flow is not None and flow.taken_up != self.flow.taken_up
        return replace(self, first=0, unkept=self.first) if taken_up else self

    def ends(self, packed: bytes) -> Iterator[tuple[int, RunState]]:
        """Yields the runs that have settled since; `packed` begins at `first`."""
        last = packed[: self.unkept].ljust(self.unkept, b"\0") + self.packed
        for index in differing(last, packed):
            state = state_at(packed, index)
            if state.settled:
                yield 2 * self.first + index, state

    def then(self, flow: FlowView, packed: bytes) -> "_Seen":
        settled = settled_bytes(packed)
        return _Seen(flow=flow, first=self.first + settled, packed=packed[settled:])


def _total(flows: list[FlowView], count: str) -> int:
    return sum(getattr(flow, count) for flow in flows)
