"""Calls the scripts of a lane, each by one typed function: its parameters are the script's ARGV, by name and in order.

The header of `lua/<name>.lua` says what the script does, what its arguments mean and what it costs. `governor.py`,
`reconciliation.py` and `lane_events.py` call these with the values that steps and scheduler have in hand. Durations are
milliseconds; instants never leave Redis.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from forebay.config.standing import Standing, StandingChange
from forebay.governor.contract import Audit, Canceled, Retry, Woken
from forebay.governor.durations import Took
from forebay.governor.keys import LaneKeys
from forebay.governor.redis_client import Client
from forebay.governor.scripts import Argument, Scripts
from forebay.governor.states import Gate, RunState

#: Pairs of field and value of a hash in Redis; what is None is left out.
Fields = Mapping[str, Argument]


@dataclass(frozen=True, slots=True)
class Begun:
    """A run in the custody that `begin` has taken of it; None for what is not known yet."""

    fence: int
    """The new one."""
    tries: int
    since_grant_ms: int
    since_sent_ms: int | None
    since_unanswered_ms: int | None
    since_create_ms: int | None
    since_poll_ms: int | None
    """Since the last look that saw it alive."""
    since_end_ms: int | None
    since_told_ms: int | None
    told_late_ms: int | None
    """How late that was, if it is known."""
    flow: str
    index: int
    attempt: int
    query_run: str | None
    key: str | None
    planned: int
    """1 if the look is due because it was planned with the create's answer, and for no other reason, else 0."""
    canceling: int
    """1 if its flow is canceled, else 0."""
    closed_gates: list[str]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a script sees of a lane: requests a second that its budgets allow now, and whether it is reconciled."""

    create: str
    retrieve: str
    all: str
    reconciled: int
    """1 or 0."""


@dataclass(frozen=True, slots=True)
class Due:
    """Runs that `claim` hands out, step by step: flat lists of run, fence, attempt, run, …"""

    sleep_ms: list[int | None]
    """Of submits, downloads and polls each: after how long to ask again; 0 if more is due than the caller could use,
    None if only a bell can tell."""
    submits: list[str]
    downloads: list[str]
    polls: list[str]
    sweep: int
    """The fence of a sweep that is due, or 0."""
    unreconciled: int
    """1 if something would have been granted or submitted, were the lane reconciled, else 0."""
    now_ms: int
    clock_moves: int
    """How often the lane's instants were moved because somebody had set the clock."""


class ClaimArguments(NamedTuple):
    """What `claim` takes, in the order of its ARGV; a step of which no number is given is not asked for."""

    submits: int | None
    downloads: int | None
    polls: int | None
    resend_ms: int
    expected_ms: int
    surely_over_ms: int
    sweep_ms: int | None
    unless_quiet: bool


class LaneScripts:
    """The scripts of one lane. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client, keys: LaneKeys) -> None:
        self._keys = keys.fixed
        self._scripts = Scripts(client)

    def _run(self, name: str, *args: Argument) -> Any:
        return self._scripts.run(name, self._keys, args)

    # The lane.

    def configure(self, *, by_operator: bool, fields: Fields) -> None:
        self._run("configure", by_operator, *_flat(fields))

    def audit(self, *, every_ms: int, surely_over_ms: int) -> Audit | None:
        reply = self._run("audit", every_ms, surely_over_ms)
        return Audit(*reply) if reply else None

    def close_gate(self, *, gate: Gate, first_ms: int, longest_ms: int, reason: str) -> None:
        self._run("close_gate", gate, first_ms, longest_ms, reason)

    def open_gates(self, *, gates: Iterable[Gate]) -> None:
        self._run("open_gates", *gates)

    def move_clock(self, *, moves: int, by_ms: int, before_ms: int) -> bool:
        return bool(self._run("move_clock", moves, by_ms, before_ms))

    def survey(self) -> Survey:
        return Survey(*self._run("survey"))

    def unreconciled(self) -> str | None:
        reconciliation_id: str | None = self._run("unreconciled")
        return reconciliation_id

    def reconciled(self, *, reconciliation_id: str) -> bool:
        return bool(self._run("reconciled", reconciliation_id))

    def set_aside(self, *, holder: str, aside: int, for_ms: int) -> bool:
        return bool(self._run("set_aside", holder, aside, for_ms))

    def spend(self, *, operation: str) -> int:
        return int(self._run("spend", operation))

    # Flows.

    def open_flow(self, *, flow: str, fields: Fields) -> bool:
        return bool(self._run("open_flow", flow, *_flat(fields)))

    def restore_flow(self, *, flow: str, states: bytes, requeued: str, fields: Fields) -> bool:
        return bool(self._run("restore_flow", flow, states, requeued, *_flat(fields)))

    def set_flow(self, *, flow: str, fields: Fields) -> bool:
        return bool(self._run("set_flow", flow, *_flat(fields)))

    def release(self, *, flow: str) -> bool:
        return bool(self._run("release", flow))

    def pause(self, *, flow: str, reason: str) -> bool:
        return bool(self._run("pause", flow, reason))

    def resume(self, *, flow: str) -> bool:
        return bool(self._run("resume", flow))

    def retry(self, *, flow: str, runs: Sequence[Retry]) -> int:
        flat = [part for run in runs for part in (run.index, run.attempt, run.query_run)]
        return int(self._run("retry", flow, *flat))

    def adopt(self, *, flow: str, sent: Iterable[tuple[int, int, bool]]) -> int:
        return int(self._run("adopt", flow, *(part for run in sent for part in run)))

    def cancel_flow(self, *, flow: str) -> Canceled | None:
        reply = self._run("cancel_flow", flow)
        if not reply:
            return None
        dropped, held, alive = reply
        return Canceled(dropped, held, None if alive is None else frozenset(alive))

    # Runs.

    def claim(
        self,
        *,
        submits: int | None,
        downloads: int | None,
        polls: int | None,
        resend_ms: int,
        expected_ms: int,
        surely_over_ms: int,
        sweep_ms: int | None,
        unless_quiet: bool,
    ) -> Due:
        limits = (resend_ms, expected_ms, surely_over_ms, sweep_ms, unless_quiet)
        return Due(*self._run("claim", *ClaimArguments(submits, downloads, polls, *limits)))

    def begin(self, *, run: str, fence: int, state: RunState, custody_ms: int, holder: str) -> Begun | None:
        reply = self._run("begin", run, fence, state, custody_ms, holder)
        return Begun(*reply) if reply else None

    def mark_sent(self, *, run: str, fence: int, key: str) -> str | None:
        sent: str | None = self._run("mark_sent", run, fence, key)
        return sent

    def bind(self, *, run: str, fence: int, query_run: str, first_poll_ms: int) -> bool:
        return bool(self._run("bind", run, fence, query_run, first_poll_ms))

    def defer(self, *, run: str, fence: int, delay_ms: int, trouble: str, create: str, put_off: bool = False) -> bool:
        return bool(self._run("defer", run, fence, delay_ms, trouble, create, put_off))

    def renew(self, *, run: str, fence: int, custody_ms: int, received_bytes: int) -> bool:
        return bool(self._run("renew", run, fence, custody_ms, received_bytes))

    def wake(self, *, path: str, ended: bool, ends: Iterable[tuple[str, int | None]]) -> Woken:
        return Woken(*self._run("wake", path, ended, *(part for end in ends for part in end)))

    def wake_all(self) -> int:
        return int(self._run("wake_all"))

    def begin_sweep(self, *, fence: int, custody_ms: int) -> int:
        return int(self._run("begin_sweep", fence, custody_ms))

    def swept(self, *, fence: int, next_ms: int, alone_ms: int, since: str, trouble: str, observed: str) -> bool:
        return bool(self._run("swept", fence, next_ms, alone_ms, since, trouble, observed))

    def requeue(self, *, run: str, fence: int, attempt: int, refused: bool) -> bool:
        return bool(self._run("requeue", run, fence, attempt, refused))

    def ready(self, *, run: str, fence: int, landing_ms: int, query: str, took: Took | None) -> bool:
        return bool(self._run("ready", run, fence, landing_ms, query, *((took.ln_s, took.square) if took else ())))

    def finish(
        self, *, run: str, fence: int, outcome: RunState, stored_bytes: int, records: int, why: str, attempt: int
    ) -> bool:
        return bool(self._run("finish", run, fence, outcome, stored_bytes, records, why, attempt))


def _flat(fields: Fields) -> list[Argument]:
    return [part for field, value in fields.items() if value is not None for part in (field, value)]


def standing_fields(standing: Standing | StandingChange) -> Fields:
    """Names how a flow is served as the scripts that set it take it; what is None stays as it is."""
    return {"class": standing.flow_class, "weight": standing.weight, "ceiling": standing.ceiling}
