"""Does what a lane should do about requests: gates, budgets, and what a claim may hand out."""

from collections.abc import Sequence
from math import floor, inf

from forebay.governor.states import Gate, Step
from tests.governor.model_lane import ModelLane
from tests.governor.model_records import BACK_TO_FULL_MS, GATES_OF, OPERATION_OF, STEP_OF, SURELY_OVER_MS, ClosedGate


class ModelGates(ModelLane):
    """A lane that is asked for, within its budgets."""

    def close_gate(self, gate: Gate, first_ms: int, longest_ms: int) -> None:
        self.stats[f"closed_{gate}"] += 1
        closed = self.gates.get(gate)
        if closed and not closed.probing:
            return
        wait_ms = min(closed.wait_ms * 2, longest_ms) if closed else first_ms
        self.gates[gate] = ClosedGate(wait_ms, self.now_ms + wait_ms)
        if gate in (Gate.CREATE, Gate.RETRIEVE):
            self.parts[gate] = (max(1 / 16, self._part(gate) / 2), self.now_ms)

    def _part(self, operation: str) -> float:
        part, since_ms = self.parts.get(operation, (1.0, 0))
        return min(1.0, part + (self.now_ms - since_ms) / BACK_TO_FULL_MS)

    def _interval_ms(self, operation: str) -> float:
        return self.intervals_ms[operation] / self._part(operation)

    def closed_gates(self, step: Step) -> set[Gate]:
        return GATES_OF[step] & set(self.gates)

    def left(self, operation: str) -> int:
        interval_ms = self._interval_ms(operation)
        arrival_ms = max(self.arrivals_ms.get(operation, 0), self.now_ms)
        # Less than none where a refusal has slowed the rate since.
        burst_ms = max(interval_ms, 250, min(500, 5 * interval_ms))
        return max(0, floor((self.now_ms + burst_ms - arrival_ms) / interval_ms))

    def _spend(self, operation: str, requests: int) -> None:
        arrival_ms = max(self.arrivals_ms.get(operation, 0), self.now_ms)
        self.arrivals_ms[operation] = arrival_ms + requests * self._interval_ms(operation)

    def spend(self, operation: str) -> int:
        """0 if a request beside all steps may be sent, 1 if it has to wait, -1 if such requests are held back."""
        if self.closed_gates(Step.SUBMIT if operation == "create" else Step.POLL):
            return -1
        if min(self.left(operation), self.left("all")) < 1:
            return 1
        self._spend(operation, 1)
        self._spend("all", 1)
        return 0

    def first_due_ms(self, step: Step) -> float:
        return min((run.due_ms for run in self.runs.values() if STEP_OF[run.state] is step), default=inf)

    def claim(self, step: Step, want: int, taken: Sequence[str], resend_ms: int) -> None:
        """Redis handed out `taken`, in an order that is its own among runs due at the same time: follow it."""
        allowed = min(want, self.left(OPERATION_OF[step]), self.left("all"))
        for gate in self.closed_gates(step):
            allowed = min(allowed, 0 if self.now_ms < self.gates[gate].until_ms else 1)
        if step is Step.SUBMIT and (self.paused or not self.reconciled):
            allowed = 0
        assert len(taken) == len(set(taken))
        followed = 0
        for due, most in self._due(step):
            of_these = [name for name in taken if name in due]
            assert len(of_these) == max(0, min(allowed - followed, len(due), most))
            passed_over = [due_ms for name, due_ms in due.items() if name not in of_these]
            # What was told of is due since before its word came, and so maybe since before the first moment of all, 0.
            assert max((due[name] for name in of_these), default=-inf) <= min(passed_over, default=self.now_ms)
            followed += len(of_these)
        assert followed == len(taken), "something was handed out that was not due"
        for name in taken:
            self.stats["unserved"] += self.runs[name].claimed
            self.runs[name].due_ms, self.runs[name].claimed = self.now_ms + resend_ms, True
            self.runs[name].cleared = True
        if taken:
            self._spend(OPERATION_OF[step], len(taken))
            self._spend("all", len(taken))
            for gate in self.closed_gates(step):
                self.gates[gate].until_ms, self.gates[gate].probing = self.now_ms + resend_ms, True

    def _due(self, step: Step) -> list[tuple[dict[str, int], int]]:
        """Runs that are due, with the moment, and how many may go; those of the first group before the others."""
        due = {
            name: run.due_ms
            for name, run in self.runs.items()
            if STEP_OF[run.state] is step and run.due_ms <= self.now_ms
        }
        if step is not Step.SUBMIT or self.slots <= self.room:
            return [(due, len(due))]
        answered = {name: due_ms for name, due_ms in due.items() if self.runs[name].answered}
        unclear = {name: due_ms for name, due_ms in due.items() if name not in answered and self._may_be_alive(name)}
        unsent = {name: due_ms for name, due_ms in due.items() if name not in (*answered, *unclear)}
        may_be_alive = self.slots - len(unsent)
        return [
            (answered, len(answered)),
            (unclear, len(unclear) if may_be_alive <= self.own_slots else 0),
            (unsent, self.room - may_be_alive),
        ]

    def _may_be_alive(self, name: str) -> bool:
        sent_ms = self.runs[name].sent_ms
        return sent_ms is not None and self.now_ms - sent_ms < SURELY_OVER_MS
