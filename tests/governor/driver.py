"""One lane under test, with short words for what tests do again and again."""

from typing import Any

import redis

from forebay.governor.contract import Claimed, Custody, LaneLimits, Retry
from forebay.governor.governor import Governor
from forebay.governor.lane_events import LaneEvents
from forebay.governor.reconciliation import Reconciliation
from forebay.governor.seen import FlowView, LaneView, RunView
from forebay.governor.states import RunState, Step
from forebay.governor.view import View
from tests.governor.keyspace import pass_time

LANE = "acme:live"
CUSTODY_MS = 60_000

#: So many requests a second that no test notices the budgets, unless it is about them.
PLENTY = 1e6

STATE_OF = {Step.SUBMIT: RunState.GRANTED, Step.POLL: RunState.RUNNING, Step.DOWNLOAD: RunState.READY}


def reconcile(governor: Governor, by: Reconciliation | None = None) -> None:
    """Takes what Redis knows of a lane for what the ledger knows, so that it grants."""
    reconciliation = by or Reconciliation(governor._client, governor.lane)
    waits_for = reconciliation.unreconciled()
    assert waits_for is None or reconciliation.reconciled(waits_for)


class Lane:
    """A governor, a view and a client of the same lane."""

    def __init__(self, client: redis.Redis, name: str = LANE) -> None:
        self.client: Any = client
        self.name = name
        self.governor = Governor(client, name)
        self.reconciliation = Reconciliation(client, name)
        self.events = LaneEvents(client, name)
        self.keys = self.governor.keys

    def configure(
        self,
        cap: int,
        margin: int = 0,
        creates_per_s: float = PLENTY,
        retrieves_per_s: float = PLENTY,
        requests_per_s: float = PLENTY,
    ) -> None:
        self.governor.configure(
            LaneLimits(
                cap=cap,
                margin=margin,
                creates_per_s=creates_per_s,
                retrieves_per_s=retrieves_per_s,
                requests_per_s=requests_per_s,
            )
        )
        reconcile(self.governor, self.reconciliation)

    def open(self, flow: str = "f", size: int = 1, *, cap: int | None = None) -> None:
        if cap is not None:
            self.configure(cap)
        assert self.governor.open_flow(flow, size)

    def claim(self, step: Step, at_most: int = 1000, *, resend_ms: int = 30_000) -> list[Claimed]:
        """Claims what is due for one step; the others are left alone."""
        wanted = {"submits": None, "downloads": None, "polls": None, f"{step}s": at_most}
        return self.governor.claim(**wanted, resend_ms=resend_ms).due[step]

    def begin(self, step: Step, claimed: Claimed) -> Custody:
        custody = self.governor.begin(claimed, STATE_OF[step], CUSTODY_MS)
        assert custody is not None
        return custody

    def hold(self, step: Step) -> Custody:
        """Custody of the run that is due first for a step."""
        (claimed,) = self.claim(step, 1)
        return self.begin(step, claimed)

    def hold_all(self, step: Step) -> list[Custody]:
        return [self.begin(step, claimed) for claimed in self.claim(step)]

    def bind_one(self, query_run: str = "qr_1") -> Custody:
        """Brings the first granted run to `running`, due now."""
        custody = self.hold(Step.SUBMIT)
        assert self.governor.bind(custody, query_run, 0)
        return custody

    def hold_running(self) -> Custody:
        self.bind_one()
        return self.hold(Step.POLL)

    def hold_ready(self) -> Custody:
        assert self.governor.ready(self.hold_running())
        return self.hold(Step.DOWNLOAD)

    def hold_in(self, state: RunState) -> Custody:
        """Custody of a fresh run in one of the three states that have one."""
        ways = {
            RunState.GRANTED: lambda: self.hold(Step.SUBMIT),
            RunState.RUNNING: self.hold_running,
            RunState.READY: self.hold_ready,
        }
        return ways[state]()

    def finish_all(self, outcome: RunState = RunState.FAILED) -> None:
        """Settles all that the lane has, in the order in which it is granted."""
        while custodies := self.hold_all(Step.SUBMIT):
            for custody in custodies:
                assert self.governor.finish(custody, outcome)

    def retry_all(self, flow: str = "f") -> int:
        """Takes up every failed run of a flow, each as its next attempt."""
        failed = [index for index, state in enumerate(self.states(flow)) if state is RunState.FAILED]
        return self.governor.retry(flow, [Retry(index, 1) for index in failed])

    def pass_time(self, ms: int) -> None:
        pass_time(self.client, ms)

    @property
    def view(self) -> LaneView:
        return View(self.client).lane(self.name)

    def flow(self, flow: str = "f") -> FlowView:
        view = View(self.client).flow(self.name, flow)
        assert view is not None
        return view

    def states(self, flow: str = "f") -> list[RunState]:
        return View(self.client).states(self.name, flow, 0, self.flow(flow).size)

    def run(self, index: int, flow: str = "f") -> RunView | None:
        return View(self.client).run(self.name, flow, index)

    def slots(self) -> set[str]:
        return set(self.client.zrange(self.keys.slots, 0, -1))

    def due_in_ms(self, step: Step, run: str) -> float:
        """Tells how long until a run is due for this step; fails if it is not."""
        score = self.client.zscore(self.keys.due(step), run)
        assert score is not None
        return score - View(self.client).now_ms()

    def where_due(self, run: str) -> list[Step]:
        return [step for step in Step if self.client.zscore(self.keys.due(step), run) is not None]
