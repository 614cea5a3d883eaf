"""Governs a lane: what may run now, and who holds it. What changes a lane is one script, atomic in Redis.

Called by the steps (through a fence), by the pump (`claim`) and by the scheduler (`open_flow`, `retry`,
`cancel`). Durations are milliseconds; instants never leave Redis.
"""

import secrets
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from forebay.config.standing import DEFAULT_STANDING, Standing, StandingChange
from forebay.governor.claiming import claims_of, note_clock
from forebay.governor.contract import (
    Audit,
    Canceled,
    Claimed,
    Claims,
    CreateOutcome,
    Custody,
    LaneLimits,
    Retry,
)
from forebay.governor.durations import Took
from forebay.governor.errors import FlowCanceled, FlowUnknown
from forebay.governor.keys import LANES, LaneKeys
from forebay.governor.lane_clock import LaneClock
from forebay.governor.lane_scripts import LaneScripts, standing_fields
from forebay.governor.poll_outlook import Outlooks
from forebay.governor.poll_times import PollOutlook
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated
from forebay.governor.states import Gate, RunState


class Governor:
    """The scripts of one lane. Thread safe."""

    def __init__(self, client: Client, lane: str, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self.lane = lane
        self.keys = LaneKeys(lane)
        self._client: Any = client
        self._scripts = LaneScripts(client, self.keys)
        self._clock = LaneClock(monotonic_s)
        self._outlooks = Outlooks(client, self.keys, monotonic_s)

    def configure(self, limits: LaneLimits) -> None:
        """Sets the lane's limits; a raised cap is filled at once, a lowered one is reached as runs end."""
        self._configure(limits, by_operator=False)

    def override(self, limits: LaneLimits) -> None:
        """Sets limits at run time: they outlive what later batches bring along from the spec."""
        self._configure(limits, by_operator=True)

    def _configure(self, limits: LaneLimits, *, by_operator: bool) -> None:
        self._scripts.configure(by_operator=by_operator, fields=limits.fields())
        with translated():
            self._client.sadd(LANES, self.lane)

    def open_flow(
        self, flow: str, size: int, standing: Standing = DEFAULT_STANDING, *, hold_after: int | None = None
    ) -> bool:
        """Makes `size` runs eligible, until `release` only those before `hold_after`; False if the flow was open
        already."""
        return self._scripts.open_flow(
            flow=flow, fields={"size": size, "hold_after": hold_after, **standing_fields(standing)}
        )

    def release(self, flow: str) -> bool:
        """Makes all runs of a flow eligible that was opened with `hold_after`; False if it was not held back."""
        return self._scripts.release(flow=flow)

    def set_flow(self, flow: str, standing: StandingChange) -> bool:
        """Changes how a flow is served from its next grant on; False if it is unknown."""
        return self._scripts.set_flow(flow=flow, fields=standing_fields(standing))

    def pause(self, reason: str, flow: str = "") -> bool:
        """Grants nothing more, to a flow or to the whole lane; False if it was paused, or is unknown."""
        return self._scripts.pause(flow=flow, reason=reason)

    def resume(self, flow: str = "") -> bool:
        """Grants again; False if it was not paused."""
        return self._scripts.resume(flow=flow)

    def set_aside(self, holder: str, slots: int, for_ms: int) -> bool:
        """Keeps slots for runs that are made beside all flows; True once they are free, and the caller may create.

        Until then it asks again; each time, and before each create, `for_ms` begins anew. 0 slots gives them back.
        """
        return self._scripts.set_aside(holder=holder, aside=slots, for_ms=for_ms)

    def spend(self, operation: str) -> int:
        """Takes one request, `create` or `retrieve`, of the budgets: 0 if it may be sent now.

        Else after how many milliseconds to ask again, and -1 where the lane holds back such requests after a refusal.
        """
        return self._scripts.spend(operation=operation)

    def audit(self, *, every_ms: int, surely_over_ms: int) -> Audit | None:
        """Counts slots again and repairs a drift; None if somebody did so a moment ago."""
        return self._scripts.audit(every_ms=every_ms, surely_over_ms=surely_over_ms)

    def claim(
        self,
        *,
        submits: int | None,
        downloads: int | None,
        polls: int | None,
        resend_ms: int = 30_000,
        surely_over_ms: int = 95 * 60_000,
        sweep_ms: int | None = None,
        unless_quiet: bool = False,
    ) -> Claims:
        """Takes what is due, within the budgets, as the pump does (`claiming.py`). Notices a clock that jumped.

        None of a step: the caller does not ask for it. `surely_over_ms` after it was last sent nothing of a create can
        be alive. `sweep_ms`: the caller can have the list of events swept, too, and within so long. `unless_quiet`: it
        believes the last claim that nothing is to be claimed yet.
        """
        asked_s = self._clock.monotonic_s()
        due = self._scripts.claim(
            submits=submits,
            downloads=downloads,
            polls=polls,
            resend_ms=resend_ms,
            expected_ms=self._clock.expected_ms(),
            surely_over_ms=surely_over_ms,
            sweep_ms=sweep_ms,
            unless_quiet=unless_quiet,
        )
        note_clock(self._clock, due, asked_s, self._scripts)
        return claims_of(due)

    def begin(self, claimed: Claimed, state: RunState, custody_ms: int, holder: str = "") -> Custody | None:
        """Takes custody of a run; None if the message is stale: somebody else has it, or had it.

        Who was not answered asks again as the same `holder`, a name that nobody else has, and gets what he was given.
        """
        begun = self._scripts.begin(
            run=claimed.run,
            fence=claimed.fence,
            state=state,
            custody_ms=custody_ms,
            holder=holder or secrets.token_hex(8),
        )
        if begun is None:
            return None
        return Custody(
            run=claimed.run,
            fence=begun.fence,
            state=state,
            tries=begun.tries,
            since_grant_ms=begun.since_grant_ms,
            since_sent_ms=begun.since_sent_ms,
            since_unanswered_ms=begun.since_unanswered_ms,
            since_create_ms=begun.since_create_ms,
            since_poll_ms=begun.since_poll_ms,
            since_end_ms=begun.since_end_ms,
            since_told_ms=begun.since_told_ms,
            told_late_ms=begun.told_late_ms,
            flow=begun.flow,
            index=begun.index,
            attempt=begun.attempt,
            query_run=begun.query_run,
            key=begun.key,
            planned=bool(begun.planned),
            canceling=bool(begun.canceling),
            closed_gates=frozenset(map(Gate, begun.closed_gates)),
        )

    def mark_sent(self, custody: Custody, key: str) -> str | None:
        """Records the idempotency key before the create; returns the key to send, None if the fence is stale.

        Raises `LaneUnreconciled`: nothing may be sent yet.
        """
        return self._scripts.mark_sent(run=custody.run, fence=custody.fence, key=key)

    def bind(self, custody: Custody, query_run: str, first_poll_ms: int) -> bool:
        """Notes which QueryRun Stripe named: granted → running."""
        return self._scripts.bind(
            run=custody.run, fence=custody.fence, query_run=query_run, first_poll_ms=first_poll_ms
        )

    def ready(self, custody: Custody, *, query: str = "", took: Took | None = None, landing_ms: int = 0) -> bool:
        """Ends a run well: its slot goes to the next run, its result may land.

        `query` names what `took` is remembered under, beside the lane. With `landing_ms` the caller keeps custody for
        so long, and lands the result itself.
        """
        return self._scripts.ready(run=custody.run, fence=custody.fence, landing_ms=landing_ms, query=query, took=took)

    def outlook(self, query: str) -> PollOutlook:
        """Reads what is known for planning the next look at a run of this query."""
        return self._outlooks.of(query)

    def finish(
        self, custody: Custody, outcome: RunState, *, stored_bytes: int = 0, records: int = 0, why: str = ""
    ) -> bool:
        """Settles the run as landed, failed or canceled. What proves it must be in the store already.

        `why` is the class of its failure, which is counted.
        """
        return self._scripts.finish(
            run=custody.run,
            fence=custody.fence,
            outcome=outcome,
            stored_bytes=stored_bytes,
            records=records,
            why=why,
            attempt=custody.attempt,
        )

    def requeue(self, custody: Custody, *, attempt: int, refused: bool = False) -> bool:
        """Gives the slot back; the run waits at the front of its flow. `refused`: by Stripe's cap, so uncharged."""
        return self._scripts.requeue(run=custody.run, fence=custody.fence, attempt=attempt, refused=refused)

    def defer(
        self, custody: Custody, delay_ms: int, trouble: str = "", create: CreateOutcome = CreateOutcome.NONE
    ) -> bool:
        """Ends the step; the run is due again after a delay. `trouble` says what stands in the way."""
        return self._scripts.defer(
            run=custody.run, fence=custody.fence, delay_ms=delay_ms, trouble=trouble, create=create
        )

    def put_off(self, custody: Custody, delay_ms: int) -> bool:
        """Ends a step that has not looked, since its look pays later by now. An end that was told of goes first."""
        return self._scripts.defer(
            run=custody.run,
            fence=custody.fence,
            delay_ms=delay_ms,
            trouble="",
            create=CreateOutcome.NONE,
            put_off=True,
        )

    def renew(self, custody: Custody, custody_ms: int, received_bytes: int) -> bool:
        """Keeps custody during a long step; False: it was lost, stop."""
        return self._scripts.renew(
            run=custody.run, fence=custody.fence, custody_ms=custody_ms, received_bytes=received_bytes
        )

    def close_gate(self, gate: Gate, *, first_ms: int, longest_ms: int, reason: str) -> None:
        """Lets requests that the gate guards wait after a refusal, doubling with each refused probe."""
        self._scripts.close_gate(gate=gate, first_ms=first_ms, longest_ms=longest_ms, reason=reason)

    def open_gates(self, gates: Collection[Gate]) -> None:
        """Opens these gates after a success of a request that passed them."""
        if gates:
            self._scripts.open_gates(gates=gates)

    def retry(self, flow: str, runs: Sequence[Retry]) -> int:
        """Makes failed runs wait again; returns how many were failed until now.

        Raises `FlowUnknown` and `FlowCanceled`.
        """
        retried = self._scripts.retry(flow=flow, runs=runs)
        if retried == -2:
            raise FlowUnknown(flow)
        if retried == -1:
            raise FlowCanceled(flow)
        return retried

    def cancel(self, flow: str) -> Canceled | None:
        """Drops what waits; None if there is nothing to cancel."""
        return self._scripts.cancel_flow(flow=flow)
