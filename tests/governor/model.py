"""Does what a lane should do, in plain Python: the machine (`machine.py`) does everything here and in Redis.

Here is what people, the scheduler and the holders of fences do; slots, time and whose turn it is: `model_lane.py`;
gates, budgets and claims: `model_gates.py`; the list of events: `model_sweep.py`.
"""

from collections.abc import Collection, Mapping, Sequence
from math import ceil, floor
from types import MappingProxyType

from forebay.config.standing import Standing, StandingChange
from forebay.governor.states import RunState, Step
from tests.governor.model_records import (
    AFTER_TOLD_MS,
    HEAD_START_MS,
    KEEP_EARLY_MS,
    STEP_OF,
    Flow,
    Run,
)
from tests.governor.model_sweep import ModelSweep


class Model(ModelSweep):
    """One lane."""

    # -- what the operator and the scheduler do

    def configure(self, settings: dict[str, int], *, by_operator: bool = False) -> None:
        for name, value in settings.items():
            if by_operator or name not in self.kept:
                self.settings[name] = value
        self.kept |= set(settings) if by_operator else set()
        self.grant()

    def open_flow(
        self,
        name: str,
        states: Sequence[RunState],
        attempts: dict[int, int],
        standing: Standing,
        *,
        canceling: bool = False,
        hold_after: int | None = None,
        paused: bool = False,
        query_runs: Mapping[int, str] = MappingProxyType({}),
    ) -> bool:
        """Opens a flow, or restores one: then some runs settled already, or were retried."""
        if name in self.flows:
            return False
        flow = self.flows[name] = Flow(
            len(states), list(states), standing.flow_class, standing.weight, standing.ceiling, canceling=canceling
        )
        flow.hold_after, flow.paused = hold_after, paused
        flow.outcomes.update(state for state in states if state.settled)
        touched = [index for index, state in enumerate(states) if state.settled or index in (*attempts, *query_runs)]
        flow.cursor = max(touched, default=-1) + 1
        waiting = [index for index in range(flow.cursor) if not states[index].settled]
        flow.requeued = [(index, attempts.get(index, 0), query_runs.get(index, "")) for index in waiting]
        self.take_place(name)
        self._close_if_done(flow)
        self.grant()
        return True

    def retry(self, name: str, runs: Sequence[tuple[int, int, str]]) -> int:
        flow = self.flows[name]
        retried = 0
        for index, attempt, query_run in runs:
            if index < flow.size and flow.states[index] is RunState.FAILED:
                flow.states[index] = RunState.WAITING
                flow.outcomes[RunState.FAILED] -= 1
                flow.requeued.append((index, attempt, query_run))
                flow.done_ms = None
                retried += 1
        if retried:
            self.take_place(name)
            self.grant()
        return retried

    def set_flow(self, name: str, change: StandingChange) -> bool:
        flow = self.flows.get(name)
        if flow is None:
            return False
        if change.flow_class not in (None, flow.flow_class):
            flow.flow_class, flow.tag, flow.promoted = change.flow_class, self.times[change.flow_class], 0
        flow.weight = flow.weight if change.weight is None else change.weight
        flow.ceiling = flow.ceiling if change.ceiling is None else change.ceiling
        self.take_place(name)
        self.grant()
        return True

    def release(self, name: str) -> bool:
        flow = self.flows.get(name)
        if flow is None or flow.hold_after is None:
            return False
        flow.hold_after = None
        self.take_place(name)
        self.grant()
        return True

    def pause(self, name: str, *, paused: bool) -> bool:
        """Of a flow, or without a name of the lane; whether that changed anything."""
        if name and name not in self.flows:
            return False
        of = self.flows[name] if name else self
        changed, of.paused = of.paused != paused, paused
        if name and changed:
            self.take_place(name)
        if changed and not paused:
            self.grant()
        return changed

    def reconcile(self) -> None:
        self.reconciled = True
        for run in self.runs.values():
            run.cleared = False
        self.grant()

    def adopt(self, name: str, sent: dict[int, int], answered: Collection[int]) -> int:
        """Runs may be alive at Stripe: each has a slot from now on, and its flow waits without it."""
        flow = self.flows[name]
        adopted = [
            index
            for index in sorted(sent)
            if index < flow.size and self._adopt(name, index, sent[index], index in answered)
        ]
        if adopted:
            if flow.hold_after is not None and adopted[-1] >= flow.hold_after:
                flow.hold_after = None
            flow.done_ms = None
            self.stats["adopted"] += len(adopted)
            self.take_place(name)
            self.grant()
        return len(adopted)

    def _adopt(self, name: str, index: int, attempt: int, answered: bool) -> bool:
        flow, known = self.flows[name], self.runs.get(f"{name}/{index}")
        if known and known.attempt >= attempt:
            if known.state is RunState.GRANTED and known.attempt == attempt:
                known.sent_ms = self.now_ms if known.sent_ms is None else known.sent_ms
                known.answered = known.answered or answered
            return False
        if known:
            del self.runs[f"{name}/{index}"]
        elif flow.states[index] in (RunState.LANDED, RunState.FAILED) or not self._stop_waiting(flow, index, attempt):
            return False
        charge = known.charge if known else (flow.flow_class, 0, 0)
        adopted = Run(name, index, attempt, "", RunState.GRANTED, self.now_ms, self.now_ms, None, charge=charge)
        adopted.sent_ms, adopted.answered = self.now_ms, answered
        self.runs[f"{name}/{index}"] = adopted
        flow.states[index] = RunState.GRANTED
        return True

    def _stop_waiting(self, flow: Flow, index: int, attempt: int) -> bool:
        if index >= flow.cursor:
            flow.requeued += [(skipped, 0, "") for skipped in range(flow.cursor, index)]
            flow.cursor = index + 1
            return True
        for entry in flow.requeued:
            if entry[0] == index:
                if entry[1] > attempt or (entry[1] == attempt and entry[2]):
                    return False
                flow.requeued.remove(entry)
                return True
        flow.outcomes[RunState.CANCELED] -= flow.canceling
        return flow.canceling

    def cancel(self, name: str) -> tuple[int, int, frozenset[int] | None] | None:
        flow = self.flows.get(name)
        if flow is None or flow.canceling or flow.done_ms is not None:
            return None
        dropped = flow.waiting
        flow.outcomes[RunState.CANCELED] += dropped
        flow.canceling, flow.cursor, flow.requeued = True, flow.size, []
        self.take_place(name)
        self._close_if_done(flow)
        alive = frozenset(run.index for run in self.runs.values() if run.flow == name and run.holds_slot)
        return dropped, len(alive), alive if self.reconciled else None

    # -- what the holder of a fence does

    def holds(self, run: str, fence: int, state: RunState | None = None) -> Run | None:
        held = self.runs.get(run)
        if held and held.fence == fence and state in (None, held.state):
            return held
        self.stats["stale"] += 1
        return None

    def begin(self, run: str, fence: int, state: RunState, custody_ms: int) -> Run | None:
        held = self.holds(run, fence, state)
        if held:
            held.tries += 1
            held.fence, held.claimed, held.in_hands, held.look_again = None, False, True, False
            held.due_ms = self.now_ms + custody_ms
        return held

    def move(self, run: Run, to: RunState, delay_ms: int) -> None:
        run.state, run.tries, run.trouble, run.due_ms = to, 0, None, self.now_ms + delay_ms
        run.in_hands = run.look_again = False
        self.flows[run.flow].states[run.index] = to

    def bind(self, run: Run, query_run: str, delay_ms: int) -> None:
        run.query_run, run.submitted_ms = query_run, self.now_ms
        told = self.early.pop(query_run, None) is not None
        if told:
            run.told_ms = self.now_ms
        self.move(run, RunState.RUNNING, -HEAD_START_MS if told else delay_ms)
        # One that was there before, of which no create was sent, shows no room.
        if self.limit is not None and run.key and self._raise_limit(self.limit):
            self.grant()

    def _raise_limit(self, before: int) -> bool:
        """Raise the limit, and tell whether it rose."""
        limit = before
        self.successes += self.alive_at_stripe >= limit - 1
        slowest = min(10, ceil(limit / 4))
        if self.successes and self.successes >= slowest // 2 ** max(0, limit - self.refused_at):
            limit, self.successes = limit + 1, 0
        self.limit = limit if limit < self.settings["cap"] else None
        return limit > before

    def defer(self, run: Run, delay_ms: int, trouble: str, create: str = "") -> None:
        at_once = not trouble and (run.look_again or run.told_ms == self.now_ms)
        # Told since, it is looked at again at once; told before, in a moment, which is less than a tick.
        again_ms = 0 if run.told_ms is None else -HEAD_START_MS
        soon_ms = min(delay_ms, again_ms if run.look_again else AFTER_TOLD_MS) if at_once else delay_ms
        run.due_ms, run.trouble = self.now_ms + soon_ms, trouble or None
        if not trouble and not run.look_again and run.told_ms != self.now_ms:
            run.told_ms = None
        run.in_hands, run.look_again = False, run.look_again and not at_once
        if create:
            run.unanswered = create == "unanswered"
        if create == "unsent":
            run.sent_ms = None
        if not trouble:
            run.tries, run.looked_ms = 0, self.now_ms

    def ready(self, run: Run, query: str, landing_ms: int) -> None:
        run.ended_ms = self.now_ms
        for scope in {"", query}:
            self.ends[scope] += 1
            self.last_end_ms[scope] = self.now_ms
        self.move(run, RunState.READY, landing_ms)
        self.take_place(run.flow)
        self.grant()

    def finish(self, run: str, outcome: RunState, stored_bytes: int, records: int) -> None:
        freed = self.runs[run].holds_slot
        flow = self._drop(run, outcome)
        flow.outcomes[outcome] += 1
        flow.stored_bytes += stored_bytes
        flow.records += records
        self._close_if_done(flow)
        if freed:
            self.grant()

    def requeue(self, run: str, attempt: int, *, refused: bool = False) -> None:
        index, (charged_class, charge, promoted) = self.runs[run].index, self.runs[run].charge
        flow = self._drop(run, RunState.WAITING, keeps_tag=refused)
        name = run.rpartition("/")[0]
        self.stats["refused" if refused else "requeue"] += 1
        if refused:
            self.limit = max(1, floor(0.98 * self.running))
            self.refused_at, self.successes = self.running, 0
            if charged_class is flow.flow_class:
                flow.tag, flow.promoted = flow.tag - charge, max(flow.promoted, promoted)
        if flow.canceling:
            flow.states[index] = RunState.CANCELED
            flow.outcomes[RunState.CANCELED] += 1
            self._close_if_done(flow)
        else:
            flow.requeued.insert(0, (index, attempt, ""))
            self.take_place(name, keeps_tag=refused)
        self.grant()

    def wake(self, query_runs: Sequence[str], *, ended: bool, unheard: set[str]) -> tuple[int, int, int]:
        """Events tell of ends; of those in `unheard` looks have known before."""
        woken = early = late = 0
        for query_run in query_runs:
            alive = [run for run in self.runs.values() if (run.state, run.query_run) == (RunState.RUNNING, query_run)]
            woken += bool(alive)
            for run in alive:
                if ended and run.told_ms is None:
                    run.told_ms = self.now_ms
                if run.in_hands:
                    run.look_again = True
                elif not run.claimed:
                    run.due_ms = min(run.due_ms, self.now_ms - (HEAD_START_MS if ended else 0))
            if ended and not alive and query_run in unheard:
                late += 1
                unheard.remove(query_run)
            elif ended and not alive and any(STEP_OF[run.state] is Step.SUBMIT for run in self.runs.values()):
                early += 1
                self.early[query_run] = self.now_ms
                self.early = {key: ms for key, ms in self.early.items() if ms > self.now_ms - KEEP_EARLY_MS}
                self.early_until_ms = self.now_ms + KEEP_EARLY_MS
        return woken, early, late
