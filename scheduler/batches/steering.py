"""Steers batches that were accepted, and lanes, as a person asks: pause, resume, change how they are served, cancel.

What is wanted stands in the ledger before Redis hears of it, so that a Redis that forgets it is told again
(`reconciling.py`).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from forebay.config.errors import ConfigError
from forebay.config.standing import StandingChange
from forebay.governor.contract import LaneLimits
from forebay.governor.deployment.closing_queue import AT_ONCE, ClosingQueue
from forebay.governor.governor import Governor
from forebay.governor.redis_client import Client
from forebay.governor.view import View
from forebay.landing.errors import LandingError
from forebay.scheduler.batches.lookup import find_batch, parts_of
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.errors import NotDropped
from forebay.store.errors import StoreError
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch


@dataclass(frozen=True, slots=True)
class CancelReport:
    """What canceling came to."""

    dropped: int
    """Runs that waited, and are dropped."""
    held: int
    """Runs that Stripe runs to their end, or may have been asked to run."""


class Steering:
    """Steers the batches of one deployment. Each method raises `BatchUnknown`."""

    def __init__(
        self,
        ledger: Ledger,
        client: Client,
        reconciler: Reconciler | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Dates by `now` what is canceled. Without a reconciler a Redis that lost something is told by others."""
        self._ledger = ledger
        self._redis = client
        self._reconciler = reconciler
        self._view = View(client)
        self._now = now
        self._closing_queue = ClosingQueue(client)

    def change(self, batch_id: str, standing: StandingChange) -> bool:
        """Changes how a batch is served, from its next grant on; False if Redis does not know it (any more)."""
        batch = find_batch(self._ledger, batch_id)
        self._ledger.intents.change_batch(batch_id, batch.standing, standing, self._now().astimezone(UTC))
        changed = [governor.set_flow(batch_id, standing) for governor in self._governors(batch)]
        return any(changed)

    def pause(self, batch_id: str, reason: str) -> bool:
        """Grants its waiting runs nothing more, until `resume`; what Stripe runs goes on and lands."""
        batch = find_batch(self._ledger, batch_id)
        self._ledger.intents.pause_batch(batch_id, reason, self._now().astimezone(UTC))
        paused = [governor.pause(reason, batch_id) for governor in self._governors(batch)]
        return any(paused)

    def resume(self, batch_id: str) -> bool:
        """Grants again; False if it was not paused. What its closer stopped goes on, and is not stopped again."""
        batch = find_batch(self._ledger, batch_id)
        stop = self._ledger.stop(batch_id) if batch.policy else None
        governors = self._governors(batch)
        self._ledger.intents.pause_batch(batch_id, None, self._now().astimezone(UTC))
        if stop and not stop.resumed:
            self._ledger.resume(batch_id)
            for governor in governors:
                governor.release(batch_id)
        resumed = [governor.resume(batch_id) for governor in governors]
        self._closing_queue.postpone(batch_id, AT_ONCE)
        return any(resumed)

    def cancel(self, batch_id: str) -> CancelReport:
        """Drops what waits. Stripe goes on running what it has started: there is no cancel in its API.

        A Redis that lost something is reconciled in between, since it is told as held what Stripe may have been asked
        for: whether it was, only a replay of the create shows, which starts the query if it was not. Raises
        `NotDropped` where that cannot be done here; canceled it is all the same.
        """
        batch = find_batch(self._ledger, batch_id)
        self._ledger.record_cancel(batch_id, self._now().astimezone(UTC))
        if self._reconciler:
            try:
                self._reconciler.bring_back(batch)
            except (StoreError, LandingError, ConfigError) as error:
                raise NotDropped(batch_id, str(error)) from error
        dropped = held = 0
        for governor in self._governors(batch):
            canceled = governor.cancel(batch_id)
            flow = self._view.flow(governor.lane, batch_id)
            if canceled:
                if canceled.alive is not None:
                    self._ledger.note_alive_at_cancel(batch_id, governor.lane, canceled.alive)
                dropped, held = dropped + canceled.dropped, held + canceled.held
            elif flow and flow.canceling:
                dropped, held = dropped + flow.canceled, held + flow.held
        for parts in parts_of(self._ledger, batch):
            report = self.cancel(parts.id)
            dropped, held = dropped + report.dropped, held + report.held
        self._closing_queue.postpone(batch_id, AT_ONCE)
        return CancelReport(dropped, held)

    def _governors(self, batch: Batch) -> list[Governor]:
        return [Governor(self._redis, flow.lane) for flow in batch.flows]


class LaneSteering:
    """Steers the lanes of one deployment."""

    def __init__(
        self, ledger: Ledger, client: Client, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Dates by `now` what is wanted."""
        self._intents = ledger.intents
        self._redis = client
        self._now = now

    def limit(self, lane: str, limits: LaneLimits) -> None:
        """Sets limits at run time: they outlive what later batches bring along from the spec, and a lost Redis."""
        named = {name: value for name, value in asdict(limits).items() if value is not None}
        self._intents.limit_lane(lane, named, self._now().astimezone(UTC))
        Governor(self._redis, lane).override(limits)

    def pause(self, lane: str, reason: str) -> bool:
        """Grants nothing more in the lane; False if it was paused."""
        self._intents.pause_lane(lane, reason, self._now().astimezone(UTC))
        return Governor(self._redis, lane).pause(reason)

    def resume(self, lane: str) -> bool:
        """Grants again; False if it was not paused."""
        self._intents.pause_lane(lane, None, self._now().astimezone(UTC))
        return Governor(self._redis, lane).resume()
