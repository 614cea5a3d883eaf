"""Does what a lane should do about the list of events: when it is asked for, and by one at a time."""

from dataclasses import dataclass
from math import inf

from forebay.governor.states import Step
from tests.governor.model_gates import ModelGates
from tests.governor.model_records import HEAD_START_MS


@dataclass
class ModelSweep(ModelGates):
    """A lane whose list of events is asked for while something runs."""

    sweep_at_ms: int | None = None
    alone_ms: int = 0
    """So much later a single run's is due."""
    sweep_fence: int | None = None
    """Of whoever was asked for it, or has it in hand."""

    @property
    def sweep_due_ms(self) -> float:
        if not self.running:
            return inf
        return (self.sweep_at_ms or 0) + (self.alone_ms if self.running == 1 else 0)

    @property
    def _told_before_ms(self) -> float:
        return self.sweep_due_ms - HEAD_START_MS - self.first_due_ms(Step.POLL)

    @property
    def may_wait(self) -> bool:
        """Says whether an end was told when it was due: the moments that really passed between say which was first."""
        return self._told_before_ms == 0

    @property
    def has_no_retrieve(self) -> bool:
        return min(self.left("retrieve"), self.left("all")) < 1

    def may_sweep(self) -> bool:
        """Says whether a claim has it asked for now: looks at ends that were told before it was due go first."""
        told_before = self._told_before_ms > 0
        held_back = told_before or self.has_no_retrieve or self.closed_gates(Step.POLL)
        return self.sweep_due_ms <= self.now_ms and not held_back

    def sweep(self, fence: int, custody_ms: int) -> None:
        self._spend("retrieve", 1)
        self._spend("all", 1)
        self.sweep_fence, self.sweep_at_ms = fence, self.now_ms + custody_ms

    def begin_sweep(self, fence: int, begun: int | None, custody_ms: int) -> None:
        """It was taken in hand by the fence `begun`; None: another one was asked for since, or somebody has it."""
        assert (begun is not None) == (fence == self.sweep_fence), "one sweep at a time"
        if begun is not None:
            self.sweep_fence, self.sweep_at_ms = begun, self.now_ms + custody_ms

    def swept(self, fence: int, next_ms: int, alone_ms: int) -> bool:
        if fence != self.sweep_fence:
            return False
        self.sweep_fence, self.sweep_at_ms, self.alone_ms = None, self.now_ms + next_ms, alone_ms
        self.has_feed = True
        return True
