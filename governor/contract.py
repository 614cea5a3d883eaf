"""Defines the values that a lane's scripts take and give: limits, claims, custody, what canceling or an audit found.

`governor.py` has a function for each script. Durations are milliseconds; instants never leave Redis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from forebay.config.standing import DEFAULT_STANDING, Standing
from forebay.config.stripe import MAX_QUERY_S
from forebay.governor.durations import Durations, Took, took_between
from forebay.governor.errors import GovernorError
from forebay.governor.states import Gate, RunState, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLimits:
    """What was decided for a lane; None leaves a value as it is.

    `cap`, `margin` and the reserves count slots. A reserve is kept free from lower classes. `ageing_s`: a flow that
    waited so long for its next grant counts as the next class up.
    """

    cap: int | None = None
    margin: int | None = None
    creates_per_s: float | None = None
    retrieves_per_s: float | None = None
    requests_per_s: float | None = None
    reserve_interactive: int | None = None
    reserve_scheduled: int | None = None
    ageing_s: float | None = None

    def fields(self) -> dict[str, int | float | None]:
        """Gives the values by the names that they have in Redis."""
        return {
            "cap": self.cap,
            "margin": self.margin,
            "create_per_s": self.creates_per_s,
            "retrieve_per_s": self.retrieves_per_s,
            "all_per_s": self.requests_per_s,
            "reserve_interactive": self.reserve_interactive,
            "reserve_scheduled": self.reserve_scheduled,
            "ageing_ms": None if self.ageing_s is None else int(self.ageing_s * 1000),
        }


class Claimed(NamedTuple):
    """A run that a step must take up, and the fence that proves who was asked to."""

    run: str
    fence: int
    attempt: int = 0
    """The one that this fence is of; nobody asks for it once it is noted that it may be sent."""


@dataclass(frozen=True, slots=True)
class AskedFor:
    """What a pump asks a lane for."""

    lane: str
    room: Mapping[Step, int]
    """How many runs it can use, of each step that it asks for."""
    believes: bool
    """The word of the last claim suffices, that nothing is to be claimed yet; else the lane looks."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What the pump may publish now, and how long it may sleep."""

    sleep_ms: dict[Step, int]
    """After how long to ask again for a step: 0 if more is due than the caller could use. None if only a bell tells."""
    due: dict[Step, list[Claimed]]
    sweep: int | None
    """The fence of a sweep of the events list that is due."""
    unreconciled: bool
    """Something would run, were the lane reconciled."""


class EndPath(StrEnum):
    """How the end of a run comes to be known."""

    LOOKS = "looks"  # somebody looks, when a look pays
    EVENTS = "events"  # the list of events is asked for
    WEBHOOKS = "webhooks"  # Stripe says so, straight or by a queue


class CreateOutcome(StrEnum):
    """What became of the create that a step sent and that named no QueryRun."""

    NONE = ""  # the step sent none
    UNANSWERED = "unanswered"  # it may have been carried out
    REFUSED = "refused"  # it was not, but an earlier one may have been
    UNSENT = "unsent"  # neither it nor an earlier one can have been carried out


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """A run in the hands of one step: only its fence can change the run."""

    run: str
    fence: int
    state: RunState
    tries: int
    """Steps begun in this state without success, this one included."""
    since_grant_ms: int
    since_sent_ms: int | None
    """Since the create was last sent, or may have been; None if it never was."""
    since_unanswered_ms: int | None
    """Since the first create that Stripe gave no answer to, nor to any after it; None if the last one was answered."""
    since_create_ms: int | None
    """None before the create was answered."""
    since_poll_ms: int | None
    """None before a look saw it alive."""
    since_end_ms: int | None
    """None before we saw that the run ended."""
    since_told_ms: int | None = None
    """Since an event told of its end; None if none did."""
    told_late_ms: int | None = None
    """From the end to that event's coming here, by Stripe's clock; None where that is not known."""
    flow: str
    index: int
    attempt: int
    query_run: str | None
    key: str | None
    """The idempotency key of a create that may have been sent; forgotten where Redis was."""
    planned: bool = False
    """The look is due because it was planned with the create's answer, and for no other reason."""
    canceling: bool
    closed_gates: frozenset[Gate]
    """What this step's success would open."""

    def took(self, known: Durations | None) -> Took | None:
        """Says what the end of this run, seen now, tells of such runs; None if nobody knows when it began.

        A run whose landing alone is retried has no key of ours, and its query ended long ago. An age past
        Stripe's limit is that of the news, or of a clock that was set, and no duration.
        """
        if self.since_create_ms is None or self.key is None or self.since_create_ms > 1000 * MAX_QUERY_S:
            return None
        alive_ms = 0 if self.since_poll_ms is None else self.since_create_ms - self.since_poll_ms
        over_ms = self.since_create_ms - (self.since_told_ms or 0)
        if self.told_late_ms is not None:
            # Told to the moment; but no event makes a run end before a look that saw it alive.
            alive_ms = over_ms = max(over_ms - self.told_late_ms, alive_ms, 0)
        return took_between(min(alive_ms, over_ms) / 1000, over_ms / 1000, known)

    @property
    def bound_to(self) -> str:
        """Gives the QueryRun's id, which every run past `granted` has."""
        if self.query_run is None:
            raise GovernorError(f"run {self.run} is {self.state} without a QueryRun")
        return self.query_run


@dataclass(frozen=True, slots=True)
class Retry:
    """A failed run to take up again; with a QueryRun, only its result has to land."""

    index: int
    attempt: int
    query_run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A flow as the ledger remembers it, for a Redis that lost it."""

    size: int
    states: Sequence[RunState]
    """Of every run; `waiting` for each that is not settled."""
    attempts: Mapping[int, int]
    """Of waiting runs that were retried: the attempt to go on with."""
    query_runs: Mapping[int, str] = field(default_factory=dict)
    """Of waiting runs whose QueryRun is there already: they are only retrieved."""
    stored_bytes: int
    records: int
    canceling: bool
    standing: Standing = DEFAULT_STANDING
    hold_after: int | None = None
    """As in `open_flow`."""
    paused: str | None = None
    """Why."""


class Audit(NamedTuple):
    """What counting again found: all zero in a healthy lane, except ghosts that wait to be over."""

    freed: int
    """Slots without a run that were surely over."""
    ghosts: int
    """Slots without a run that may still stand for a query at Stripe."""
    forgotten: int
    """Runs that nobody would have taken up again."""
    corrected: int
    """Counts put right."""


class Woken(NamedTuple):
    """What came of events that name QueryRuns; all others are of other lanes, of others, or of runs that settled."""

    woken: int
    """QueryRuns whose runs are looked at now."""
    early: int
    """QueryRuns that are kept, since a create that is under way may yet name one."""
    late: int
    """QueryRuns of whose ends looks have known already."""


class Canceled(NamedTuple):
    """What canceling a flow did: runs dropped, and runs that Stripe goes on running."""

    dropped: int
    held: int
    alive: frozenset[int] | None = None
    """The indexes of all runs that may be alive at Stripe; None where the lane may have forgotten some."""
