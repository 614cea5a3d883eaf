"""Reads how a batch stands: counts, lanes and single runs, joined from Redis (now) and the ledger (for good)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from forebay.governor.redis_client import Client
from forebay.governor.seen import FlowView, LaneView, PauseView, RunView
from forebay.governor.states import RunState
from forebay.governor.view import View
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, FailureRecord, Item

_STATES_PAGE = 10_000


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
    lanes: tuple[LaneView, ...]
    starting: int = 0
    """Of those that hold a slot, the runs whose create Stripe has not answered."""

    @property
    def alive(self) -> int:
        """Counts the runs that Stripe is known to run."""
        return max(0, self.held - self.starting)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A run that reached another state since the last reading."""

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
        self.view = View(client)

    def progress(self, batch: Batch) -> Progress:
        """Sums up the counts over the batch's lanes."""
        flows = [self.view.flow(flow.lane, batch.id) for flow in batch.flows]
        known = [flow for flow in flows if flow is not None]
        return Progress(
            size=batch.size,
            waiting=_total(known, "waiting"),
            held=_total(known, "held"),
            ready=_total(known, "ready"),
            landed=_total(known, "landed"),
            failed=_total(known, "failed"),
            canceled=_total(known, "canceled"),
            stored_bytes=_total(known, "stored_bytes"),
            records=_total(known, "records"),
            known=len(known) == len(flows),
            canceling=any(flow.canceling for flow in known),
            done=len(known) == len(flows) and all(flow.done for flow in known),
            paused=next((flow.paused for flow in known if flow.paused), None),
            canary_out=any(flow.hold_after is not None for flow in known),
            lanes=tuple(self.view.lane(flow.lane) for flow in batch.flows),
            starting=sum(self._starting(flow.lane, batch.id) for flow in batch.flows) if _total(known, "held") else 0,
        )

    def _starting(self, lane: str, batch_id: str) -> int:
        return self.view.starting_by_flow(lane).get(batch_id, 0)

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
class Changes:
    """Follows one batch: what changed since the last reading, of half a byte a run that is not yet settled."""

    view: View
    batch: Batch
    _seen: dict[str, list[RunState]] = field(default_factory=dict)
    _settled_before: dict[str, int] = field(default_factory=dict)

    def read(self) -> Iterator[Change]:
        """Yields what changed since the last reading, in order of lane and index.

        Lane by lane: what was given out before Redis failed on the next lane is not given out again.
        """
        for flow in self.batch.flows:
            yield from self._read(flow.lane)

    def in_state(self, *states: RunState, most: int) -> list[tuple[str, int]]:
        """Lists up to `most` runs that were in one of these states at the last reading, as (lane, index)."""
        runs = (
            (lane, index)
            for lane, seen in self._seen.items()
            for index in range(self._settled_before.get(lane, 0), len(seen))
            if seen[index] in states
        )
        return list(islice(runs, most))

    def _read(self, lane: str) -> list[Change]:
        flow = self.view.flow(lane, self.batch.id)
        if flow is None:
            return []
        seen = self._seen.setdefault(lane, [])
        first = self._settled_before.get(lane, 0)
        seen.extend([RunState.WAITING] * (flow.cursor - len(seen)))
        changes = []
        for index, state in enumerate(self.view.states(lane, self.batch.id, first, len(seen)), start=first):
            if state is not seen[index]:
                changes.append(Change(lane=lane, index=index, state=state))
                seen[index] = state
        while first < len(seen) and seen[first].settled:
            first += 1
        self._settled_before[lane] = first
        return changes


def _total(flows: list[FlowView], count: str) -> int:
    return sum(getattr(flow, count) for flow in flows)
