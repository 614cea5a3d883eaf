"""Says what the model of a lane is made of: runs, flows, places, gates, and the numbers that rules go by.

Every duration is a multiple of `TICK_MS`, so that the moments that pass in reality while an example runs decide
nothing.
"""

from collections import Counter
from dataclasses import dataclass, field

from forebay.config.standing import FlowClass
from forebay.governor.states import Gate, RunState, Step

TICK_MS = 50_000
#: Looks that were planned go together with others that are due within this.
TOGETHER_MS = 200

#: How far one run moves a flow's start tag on, for weight 1.
TAG_PER_RUN = 1_000_000
BACK_TO_FULL_MS = 60_000
KEEP_ENDS_MS = 40 * 24 * 3_600_000
KEEP_EARLY_MS = 120_000
#: After a look that saw it alive, a run whose end was just told of is looked at again.
AFTER_TOLD_MS = 1_000
#: A look at an end that was told goes before looks that were due for less.
HEAD_START_MS = 30_000
SURELY_OVER_MS = 95 * 60_000
KEEP_FLOW_MS = 30 * 24 * 3_600_000
RANKED = list(FlowClass)

STEP_OF = {RunState.GRANTED: Step.SUBMIT, RunState.RUNNING: Step.POLL, RunState.READY: Step.DOWNLOAD}
OPERATION_OF = {Step.SUBMIT: "create", Step.POLL: "retrieve", Step.DOWNLOAD: "retrieve"}
GATES_OF = {
    Step.SUBMIT: {Gate.AUTH, Gate.PERMISSION, Gate.CAP, Gate.CREATE},
    Step.POLL: {Gate.AUTH, Gate.RETRIEVE},
    Step.DOWNLOAD: {Gate.AUTH, Gate.RETRIEVE},
}


@dataclass
class Run:
    flow: str
    index: int
    attempt: int
    query_run: str
    state: RunState
    due_ms: int
    granted_ms: int
    submitted_ms: int | None
    looked_ms: int | None = None
    ended_ms: int | None = None
    fence: int | None = None  # None until Redis said which
    key: str | None = None
    sent_ms: int | None = None
    answered: bool = False  # Stripe named its QueryRun, by the ledger
    cleared: bool = False  # claimed since the lane was reconciled
    unanswered: bool = False
    tries: int = 0
    trouble: str | None = None
    received: int | None = None
    claimed: bool = False
    in_hands: bool = False  # a step has begun and did not end
    look_again: bool = False  # its end was told since that step began
    told_ms: int | None = None  # when its end was told first
    charge: tuple[FlowClass, int, int] = (FlowClass.SCHEDULED, 0, 0)  # what the grant took: of class, tag, promoted

    @property
    def holds_slot(self) -> bool:
        return self.state in (RunState.GRANTED, RunState.RUNNING)


@dataclass
class Place:
    """A place among the flows that may be served next; the least one of the first class is."""

    counted_in: FlowClass
    share: float  # slots held / weight
    tag: int


@dataclass
class Flow:
    size: int
    states: list[RunState]
    flow_class: FlowClass = FlowClass.SCHEDULED
    weight: float = 1.0
    ceiling: int = 0
    tag: int = 0
    promoted: int = 0
    place: Place | None = None
    paused: bool = False
    cursor: int = 0
    requeued: list[tuple[int, int, str]] = field(default_factory=list)
    outcomes: Counter[RunState] = field(default_factory=Counter)
    stored_bytes: int = 0
    records: int = 0
    canceling: bool = False
    done_ms: int | None = None
    hold_after: int | None = None

    @property
    def waiting(self) -> int:
        return self.size - self.cursor + len(self.requeued)

    @property
    def eligible(self) -> bool:
        """Something waits that is not held back."""
        return bool(self.requeued) or self.cursor < min(
            self.size, self.size if self.hold_after is None else self.hold_after
        )


@dataclass
class ClosedGate:
    wait_ms: int
    until_ms: int
    probing: bool = False


@dataclass
class Aside:
    """Slots that flows leave free for runs beside them."""

    holder: str
    slots: int
    until_ms: int


def no_times() -> dict[FlowClass, int]:
    return dict.fromkeys(FlowClass, 0)
