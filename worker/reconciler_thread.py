"""Reconciles Redis with the ledger, again and again: a thread in each worker process (`bootsteps.py`).

Once a minute for all of them together, and at once where a lane waits for it or Redis was emptied
(`scheduler/batches/reconciling.py`).
"""

import logging
import random
import threading

from forebay.governor.deployment.reconciling_turn import ReconcilingTurn
from forebay.governor.errors import GovernorError
from forebay.governor.redis_client import Client
from forebay.scheduler.batches.reconciling import Reconciled, Reconciler
from forebay.store.errors import StoreError

log = logging.getLogger(__name__)

#: One LIST of the ledger a minute, however many workers there are.
EVERY_S = 60
#: How late an emptied Redis is noticed where no lane is left to wait for it: one EXISTS of Redis each time.
LOOK_EVERY_S = 2.0
#: By then whoever reconciles has done so, or has died over it, and the next one begins.
LOCK_S = 60.0


class _LeftOff(Exception):
    """Raised where a reconciliation can be left: the next one begins it anew."""


class ReconcilerThread:
    """Looks whether it is time, until it is stopped; `wake` says that a lane waits."""

    def __init__(self, reconciler: Reconciler, client: Client) -> None:
        self._reconciler = reconciler
        self._client = client
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._told: dict[str, str] = {}
        self.thread = threading.Thread(target=self._run, name="reconciler", daemon=True)

    def wake(self) -> None:
        """Reconciles at once: a lane waits for it."""
        self._wake.set()

    def stop(self) -> threading.Thread:
        """Asks the thread to end, and gives it back to be joined."""
        self._stopping.set()
        self._wake.set()
        return self.thread

    def look(self, *, awaited: bool) -> Reconciled | None:
        """Reconciles if it is time, or a lane waits, and nobody else does; None if not."""
        turn = ReconcilingTurn(self._client, good_for_s=LOCK_S)
        if not (awaited or turn.is_time(EVERY_S)) or not turn.take():
            return None
        try:
            reconciled = self._reconciler.all(keep=lambda: self._keep(turn))
            turn.done(EVERY_S)
        finally:
            turn.release()
        self._tell(reconciled)
        return reconciled

    def _keep(self, turn: ReconcilingTurn) -> None:
        """Goes on, unless this process has to stop; that another began meanwhile would do no harm."""
        if self._stopping.is_set():
            raise _LeftOff
        turn.renew()

    def _run(self) -> None:
        while not self._stopping.is_set():
            awaited = self._wake.wait(LOOK_EVERY_S * random.uniform(0.8, 1))
            self._wake.clear()
            try:
                self.look(awaited=awaited)
            except _LeftOff:
                return
            except (StoreError, GovernorError) as error:
                log.warning("not reconciled: %s", error, extra={"event": "reconciling_put_off"})
                self._stopping.wait(LOOK_EVERY_S)
            except Exception:
                log.exception("reconciling failed, which is a bug", extra={"event": "bug"})

    def _tell(self, reconciled: Reconciled) -> None:
        for flow in reconciled.restored:
            what = "left alone, too old" if flow.too_old else f"{flow.waiting} runs to go on with"
            about = {"event": "restored", "lane": flow.lane, "batch": flow.batch_id}
            log.warning("%s was not in Redis: %s", flow.batch_id, what, extra=about)
        for told in reconciled.enforced:
            log.warning("Redis was told again: %s", told, extra={"event": "enforced"})
        if reconciled.adopted:
            log.warning("%d runs may be alive at Stripe", reconciled.adopted, extra={"event": "adopted"})
        for name, problem in reconciled.problems.items():
            if self._told.get(name) != problem:
                log.warning("not reconciled: %s: %s", name, problem, extra={"event": "reconciling_put_off"})
        self._told = dict(reconciled.problems)
