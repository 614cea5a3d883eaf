"""Defines what people and tools see of lanes, flows and runs. `view.py` reads it from Redis."""

from dataclasses import dataclass

from forebay.config.standing import Standing
from forebay.governor.errors import GovernorError
from forebay.governor.states import Gate, RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseView:
    """That somebody stopped granting."""

    reason: str
    since_ms: int
    """By Redis's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreconciledView:
    """That a lane waits for its reconciliation with the ledger."""

    since_ms: int | None
    """By Redis's clock; None when nothing has asked to run since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """That the clock of Redis jumped, and all that the lane waits for was moved with it."""

    by_ms: int
    """Less than 0: back."""
    at_ms: int
    """By the new time."""
    times: int
    """How often this happened to the lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowView:
    """Counts of one flow's runs."""

    size: int
    waiting: int
    held: int
    landed: int
    failed: int
    canceled: int
    stored_bytes: int
    records: int
    cursor: int
    """No run at or past this index was ever granted."""
    canceling: bool
    done: bool
    standing: Standing
    paused: PauseView | None
    hold_after: int | None
    """The cursor stops at this index until the flow is released."""
    taken_up: int
    """How many runs that had failed were taken up again, so far."""

    @property
    def ready(self) -> int:
        """Counts the runs that ended well at Stripe and have still to land."""
        return self.size - self.waiting - self.held - self.landed - self.failed - self.canceled


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedGate:
    """Why a lane sends less than it could."""

    gate: Gate
    reason: str
    since_ms: int
    """By Redis's clock, as the next."""
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetView:
    """Requests a second."""

    per_s: float
    """What was decided."""
    now_per_s: float
    """What a refusal has left of it for now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneGlance:
    """Slots of one lane, and what stands in the way of filling them: what tells whoever follows a batch."""

    lane: str
    cap: int
    margin: int
    held: int
    """Slots, from the grant to the observed end: some of their runs are not at Stripe yet, or no more."""
    gates: tuple[ClosedGate, ...]
    paused: PauseView | None
    unreconciled: UnreconciledView | None
    """Nothing new runs, though something asked to: Redis is new or older than it was, and has to be reconciled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView(LaneGlance):
    """All that is shown of one lane. Its `unreconciled` is told before anything has asked to run, too."""

    limit: int
    """What others leave of the cap, as far as refusals have shown."""
    aside: int
    """Slots kept for what runs beside all flows; none of those that are held."""
    held_by_class: dict[str, int]
    reserves: dict[str, int]
    budgets: dict[str, BudgetView]
    """Of create, retrieve and all."""
    clock_moved: ClockView | None
    """The last time that Redis's clock jumped."""
    stats: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A granted, running or ready run."""

    state: RunState
    attempt: int
    query_run: str | None
    trouble: str | None
    tries: int
    received_bytes: int | None
    granted_ms: int
    """By Redis's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableLane:
    """A lane that cannot be shown, and why."""

    lane: str
    error: GovernorError
