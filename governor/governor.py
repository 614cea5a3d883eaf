"""One typed function for each script of a lane: what may run now, and who holds it.

Called by the steps (through a fence), by the pump (`claim`) and by the scheduler (`open_flow`, `retry`,
`cancel`). Durations are milliseconds; instants never leave Redis.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import redis

from forebay.config.standing import DEFAULT_STANDING, FlowClass, Standing
from forebay.governor.contract import Audit, Canceled, Claimed, Claims, Custody, LaneLimits, Remembered, Retry
from forebay.governor.durations import Durations, Took, fitted
from forebay.governor.errors import FlowCanceled, FlowUnknown
from forebay.governor.keys import LANES, LaneKeys
from forebay.governor.looks import Outlook
from forebay.governor.scripts import Scripts, translated
from forebay.governor.states import Gate, RunState, Step, pack

#: How long a settled batch stays visible in Redis; its manifests stay in the store for good.
KEEP_FLOW_MS = 30 * 24 * 3600 * 1000


class Governor:
    """The scripts of one lane. Thread safe."""

    def __init__(self, client: redis.Redis, lane: str) -> None:
        self.lane = lane
        self.keys = LaneKeys(lane)
        self._client = client
        self._scripts = Scripts(client)

    def configure(self, limits: LaneLimits) -> None:
        """Sets the lane's limits; a raised cap is filled at once, a lowered one is reached as runs end."""
        self._configure("spec", limits)

    def override(self, limits: LaneLimits) -> None:
        """Sets limits at run time: they outlive what later batches bring along from the spec."""
        self._configure("operator", limits)

    def _configure(self, source: str, limits: LaneLimits) -> None:
        self._scripts.run("configure", self.keys, source, *limits.fields())
        try:
            self._client.sadd(LANES, self.lane)
        except redis.RedisError as error:
            raise translated(error) from error

    def open_flow(
        self, flow: str, size: int, standing: Standing = DEFAULT_STANDING, *, hold_after: int | None = None
    ) -> bool:
        """Makes `size` runs eligible, until `release` only those before `hold_after`; False if the flow was open
        already."""
        how = (standing.flow_class, standing.weight, standing.ceiling, "" if hold_after is None else hold_after)
        return bool(self._scripts.run("open_flow", self.keys, flow, size, KEEP_FLOW_MS, *how))

    def release(self, flow: str) -> bool:
        """Makes all runs of a flow eligible that was opened with `hold_after`; False if it was not held back."""
        return bool(self._scripts.run("release", self.keys, flow))

    def set_flow(
        self,
        flow: str,
        *,
        flow_class: FlowClass | None = None,
        weight: float | None = None,
        ceiling: int | None = None,
    ) -> bool:
        """Changes how a flow is served from its next grant on; None leaves as it is. False if it is unknown."""
        given = (flow_class, weight, ceiling)
        return bool(self._scripts.run("set_flow", self.keys, flow, *("" if one is None else one for one in given)))

    def pause(self, reason: str, flow: str = "") -> bool:
        """Grants nothing more, to a flow or to the whole lane; False if it was paused, or is unknown."""
        return bool(self._scripts.run("pause", self.keys, flow, "pause", reason))

    def resume(self, flow: str = "") -> bool:
        """Grants again; False if it was not paused."""
        return bool(self._scripts.run("pause", self.keys, flow, "resume", ""))

    def audit(self, *, every_ms: int, surely_over_ms: int) -> Audit | None:
        """Counts slots again and repairs a drift; None if somebody did so a moment ago."""
        reply = self._scripts.run("audit", self.keys, every_ms, surely_over_ms)
        return Audit(*reply) if reply else None

    def restore_flow(self, flow: str, remembered: Remembered) -> bool:
        """Opens a flow that Redis lost; False if Redis knows it, and nothing is changed."""
        states = remembered.states
        waiting = [index for index, state in enumerate(states) if not state.settled]
        cursor = max(_tail(states), max(remembered.attempts, default=-1) + 1)
        entries = [f"{index}|{remembered.attempts.get(index, 0)}|" for index in waiting if index < cursor]
        counts = [states.count(state) for state in (RunState.LANDED, RunState.FAILED, RunState.CANCELED)]
        numbers = (remembered.size, cursor, *counts, remembered.stored_bytes, remembered.records)
        canceling = "1" if remembered.canceling else ""
        how = (remembered.standing.flow_class, remembered.standing.weight, remembered.standing.ceiling)
        held = ("" if remembered.hold_after is None else remembered.hold_after, remembered.paused or "")
        reply = self._scripts.run(
            "restore_flow", self.keys, flow, *numbers, canceling, KEEP_FLOW_MS, *how, *held, pack(states), *entries
        )
        return bool(reply)

    def claim(
        self, *, submits: int, downloads: int, polls: int, resend_ms: int = 30_000, longest_ms: int = 1_000
    ) -> Claims:
        """What is due, within the budgets; for the pump alone."""
        wanted = (submits, downloads, polls)
        sleep_ms, *lists = self._scripts.run("claim", self.keys, *wanted, resend_ms, longest_ms)
        steps = (Step.SUBMIT, Step.DOWNLOAD, Step.POLL)
        return Claims(int(sleep_ms), {step: _claimed(flat) for step, flat in zip(steps, lists, strict=True)})

    def begin(self, claimed: Claimed, state: RunState, custody_ms: int) -> Custody | None:
        """Takes custody of a run; None if the message is stale: somebody else has it, or had it."""
        reply = self._scripts.run("begin", self.keys, claimed.run, claimed.fence, state, custody_ms)
        if not reply:
            return None
        fence, tries, since_grant, *since, flow, index, attempt, query_run, key, canceling, gates = reply
        since_create, since_look, since_end = (None if age_ms < 0 else age_ms for age_ms in since)
        return Custody(
            run=claimed.run,
            fence=fence,
            state=state,
            tries=tries,
            since_grant_ms=since_grant,
            since_create_ms=since_create,
            since_look_ms=since_look,
            since_end_ms=since_end,
            flow=flow,
            index=index,
            attempt=attempt,
            query_run=query_run or None,
            key=key or None,
            canceling=bool(canceling),
            closed_gates=frozenset(Gate(name) for name in gates.split(",") if name),
        )

    def mark_sent(self, custody: Custody, key: str) -> str | None:
        """Records the idempotency key before the create; returns the key to send, None if the fence is stale."""
        sent: str | None = self._scripts.run("mark_sent", self.keys, custody.run, custody.fence, key)
        return sent

    def bind(self, custody: Custody, query_run: str, first_look_ms: int) -> bool:
        """Stripe named the QueryRun: granted → running."""
        return bool(self._scripts.run("bind", self.keys, custody.run, custody.fence, query_run, first_look_ms))

    def ready(self, custody: Custody, *, query: str = "", took: Took | None = None, landing_ms: int = 0) -> bool:
        """The run ended well: its slot goes to the next run, its result may land.

        `query` names what `took` is remembered under, beside the lane. With `landing_ms` the caller keeps custody for
        so long, and lands the result itself.
        """
        learned = (took.ln_s, took.square) if took else ("", "")
        return bool(self._scripts.run("ready", self.keys, custody.run, custody.fence, landing_ms, query, *learned))

    def outlook(self, query: str) -> Outlook:
        """What is known for planning the next look at a run of this query."""
        pipeline: Any = self._client.pipeline(transaction=False)
        for scope in (query, ""):
            pipeline.hmget(self.keys.durations(scope), "ends", "sum", "squares")
        pipeline.zcard(self.keys.due(Step.POLL))
        pipeline.hmget(self.keys.config, "retrieve_per_s", "all_per_s")
        try:
            of_query, of_lane, alive, (retrieves_per_s, requests_per_s) = pipeline.execute()
        except redis.RedisError as error:
            raise translated(error) from error
        return Outlook(
            durations=_fitted(of_query) or _fitted(of_lane),
            alive=alive,
            retrieves_per_s=float(retrieves_per_s),
            requests_per_s=float(requests_per_s),
        )

    def finish(self, custody: Custody, outcome: RunState, *, stored_bytes: int = 0, records: int = 0) -> bool:
        """Settles the run as landed, failed or canceled. What proves it must be in the store already."""
        numbers = (stored_bytes, records, KEEP_FLOW_MS)
        return bool(self._scripts.run("finish", self.keys, custody.run, custody.fence, outcome, *numbers))

    def requeue(self, custody: Custody, *, attempt: int, refused: bool = False) -> bool:
        """Gives the slot back; the run waits at the front of its flow. `refused`: by Stripe's cap, so uncharged."""
        flags = (attempt, KEEP_FLOW_MS, "1" if refused else "")
        return bool(self._scripts.run("requeue", self.keys, custody.run, custody.fence, *flags))

    def defer(self, custody: Custody, delay_ms: int, trouble: str = "") -> bool:
        """Ends the step; the run is due again after a delay. `trouble` says what stands in the way."""
        return bool(self._scripts.run("defer", self.keys, custody.run, custody.fence, delay_ms, trouble))

    def renew(self, custody: Custody, custody_ms: int, received_bytes: int) -> bool:
        """Keeps custody during a long step; False: it was lost, stop."""
        return bool(self._scripts.run("renew", self.keys, custody.run, custody.fence, custody_ms, received_bytes))

    def close_gate(self, gate: Gate, *, first_ms: int, longest_ms: int, reason: str) -> None:
        """After a refusal: requests that the gate guards wait, doubling with each refused probe."""
        self._scripts.run("gate", self.keys, gate, "close", first_ms, longest_ms, reason)

    def open_gates(self, gates: Iterable[Gate]) -> None:
        """After a success of a request that passed these gates."""
        for gate in gates:
            self._scripts.run("gate", self.keys, gate, "open")

    def retry(self, flow: str, runs: Sequence[Retry]) -> int:
        """Makes failed runs wait again; returns how many were failed until now.

        Raises `FlowUnknown` and `FlowCanceled`.
        """
        flat = [part for run in runs for part in (run.index, run.attempt, run.query_run or "")]
        retried = int(self._scripts.run("retry", self.keys, flow, *flat))
        if retried == -2:
            raise FlowUnknown(flow)
        if retried == -1:
            raise FlowCanceled(flow)
        return retried

    def cancel(self, flow: str) -> Canceled | None:
        """Drops what waits; None if there is nothing to cancel."""
        reply = self._scripts.run("cancel_flow", self.keys, flow, KEEP_FLOW_MS)
        return Canceled(*reply) if reply else None


def _claimed(flat: Sequence[str]) -> list[Claimed]:
    return [Claimed(run, int(fence)) for run, fence in zip(flat[::2], flat[1::2], strict=True)]


def _tail(states: Sequence[RunState]) -> int:
    """From where on every run waits for the first time: what the cursor may stand at."""
    settled = (index for index in range(len(states) - 1, -1, -1) if states[index].settled)
    return next(settled, -1) + 1


def _fitted(sums: list[str | None]) -> Durations | None:
    ends, total, squares = (float(one or 0) for one in sums)
    return fitted(ends, total, squares)
