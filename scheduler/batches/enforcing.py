"""Tells Redis again what people asked of a batch or a lane, where it forgot it or never heard of it: the ledger wins.

Called by the reconciler for batches whose marks are new to it, and for all of a lane that Redis may know less of. Redis
is read before the ledger, and the ledger once more after Redis was changed. People's own commands write the ledger
first, so whoever of the two comes second sees the other.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import TypeVar

from forebay.config.standing import StandingChange
from forebay.governor.contract import LaneLimits
from forebay.governor.deployment.closing_queue import AT_ONCE, ClosingQueue
from forebay.governor.governor import Governor
from forebay.governor.redis_client import Client
from forebay.governor.states import RunState
from forebay.governor.view import View
from forebay.scheduler.batches.restoring import COMING_BACK
from forebay.scheduler.batches.retrying import retry_of
from forebay.store.ledger.intents import LaneIntents
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch
from forebay.store.ledger.versions import Version

_RETRY_PAGE = 500

Wanted = TypeVar("Wanted")


class Enforcer:
    """Enforces the intents of one ledger in one Redis."""

    def __init__(self, ledger: Ledger, client: Client) -> None:
        self._ledger = ledger
        self._redis = client
        self._view = View(client)

    def end(self, batch: Batch, *, retried: bool) -> Iterator[str]:
        """Takes runs up again that were `retried`, and cancels what was canceled; yields what Redis did not know."""
        if retried:
            yield from self._retries(batch)
        yield from self._cancel(batch)

    def steer(self, batch: Batch) -> list[str]:
        """Pauses or resumes a batch, and serves it as is wanted; returns what Redis did not know."""
        return _until_it_stays(lambda: self._ledger.intents.of_batch(batch.id), lambda _: self._steer(batch))

    def steer_lane(self, lane: str) -> list[str]:
        """Pauses or resumes a lane, and sets its limits; returns what is wanted of it."""
        return _until_it_stays(
            lambda: self._ledger.intents.of_lane(lane), lambda wanted: self._steer_lane(lane, wanted)
        )

    def _retries(self, batch: Batch) -> Iterator[str]:
        """Makes runs wait again that were retried, and that Redis takes for failed."""
        for flow in batch.flows:
            seen = self._view.flow(flow.lane, batch.id)
            if seen is None or not seen.failed or seen.canceling:
                continue
            runs = [
                retry_of(index, failure)
                for index, failure in self._ledger.failures(batch.id, flow.lane)
                if failure.retried and self._view.states(flow.lane, batch.id, index, index + 1) == [RunState.FAILED]
            ]
            for start in range(0, len(runs), _RETRY_PAGE):
                Governor(self._redis, flow.lane).retry(batch.id, runs[start : start + _RETRY_PAGE])
            if runs:
                yield f"{batch.id}: {len(runs)} runs of {flow.lane} are retried"

    def _steer(self, batch: Batch) -> Iterator[str]:
        for flow in batch.flows:
            seen = self._view.flow(flow.lane, batch.id)
            if seen is None or seen.done:
                continue
            governor = Governor(self._redis, flow.lane)
            # Read after the flow: what its closer or a person stopped by then, the ledger knows.
            intents = self._ledger.intents.of_batch(batch.id)
            standing = intents.standing if intents else None
            if standing and standing != seen.standing:
                change = StandingChange(
                    flow_class=standing.flow_class, weight=standing.weight, ceiling=standing.ceiling
                )
                governor.set_flow(batch.id, change)
                yield f"{batch.id}: it is served as {standing.flow_class} on {flow.lane}"
            paused = (intents.paused if intents else None) or self._stopped(batch)
            if paused and (seen.paused is None or seen.paused.reason != paused):
                governor.pause(paused, batch.id)
                yield f"{batch.id}: it is paused on {flow.lane} ({paused})"
            elif paused is None and seen.paused:
                governor.resume(batch.id)
                if seen.paused.reason != COMING_BACK:
                    yield f"{batch.id}: it goes on on {flow.lane}"

    def _stopped(self, batch: Batch) -> str | None:
        """Tells why the batch's closer stopped it; None once a person let it go on, or retried the canary that did."""
        stop = self._ledger.stop(batch.id) if batch.policy else None
        if stop is None or stop.resumed:
            return None
        canary = self._ledger.failure(batch.id, batch.flows[0].lane, 0) if stop.by == "canary" else None
        return None if canary and canary.retried else stop.reason

    def _cancel(self, batch: Batch) -> Iterator[str]:
        if self._ledger.canceled_at(batch.id) is None:
            return
        canceled = [Governor(self._redis, flow.lane).cancel(batch.id) for flow in batch.flows]
        if any(canceled):
            ClosingQueue(self._redis).postpone(batch.id, AT_ONCE)
            yield f"{batch.id}: it is canceled"

    def _steer_lane(self, lane: str, wanted: Version[LaneIntents] | None) -> Iterator[str]:
        if wanted is None:
            return
        governor, intents = Governor(self._redis, lane), wanted.record
        known = {field.name for field in fields(LaneLimits)}
        limits = {name: value for name, value in intents.limits.items() if name in known}
        if limits:
            governor.override(LaneLimits(**limits))  # type: ignore[arg-type]
            yield f"{lane}: its limits are {', '.join(f'{name} {value:g}' for name, value in limits.items())}"
        if intents.paused:
            governor.pause(intents.paused)
            yield f"{lane}: it is paused ({intents.paused})"
        else:
            governor.resume()


def _until_it_stays(read: Callable[[], Wanted], enforce: Callable[[Wanted], Iterator[str]]) -> list[str]:
    """Enforces what is wanted, and again if somebody wanted something else meanwhile."""
    told: list[str] = []
    wanted = read()
    while True:
        told += enforce(wanted)
        again = read()
        if again == wanted:
            return told
        wanted = again
