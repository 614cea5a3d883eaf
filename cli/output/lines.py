"""Tells progress where no terminal moves a cursor: one plain line for each change that matters, on stderr."""

from forebay.cli.output import plain_text, words
from forebay.cli.output.audience import Settled, Snapshot
from forebay.governor.states import Gate

SUMMARY_EVERY_S = 10.0


class Lines:
    """An audience."""

    def __init__(self) -> None:
        self._next_summary_s = SUMMARY_EVERY_S
        self._gates: set[tuple[str, str]] = set()
        self._standing: set[str] = set()
        self._trouble = ""

    def show(self, snapshot: Snapshot) -> None:
        for lane, gate in snapshot.gates:
            # A refused key ends the command, which then says all about it.
            if gate.gate is not Gate.AUTH and (lane, gate.gate) not in self._gates:
                self._say(f"waiting: {words.gate(gate, snapshot.now_ms)}")
        self._gates = {(lane, gate.gate) for lane, gate in snapshot.gates}
        for remark in standing(snapshot):
            if remark not in self._standing:
                self._say(remark)
        self._standing = {*standing(snapshot)}
        self._trouble = ""
        if snapshot.elapsed_s >= self._next_summary_s:
            self._next_summary_s = snapshot.elapsed_s + SUMMARY_EVERY_S
            self._say(summary(snapshot))

    def settled(self, settled: Settled) -> None:
        self._say(settled_line(settled))

    def trouble(self, message: str) -> None:
        """Tells each new text once: the loop repeats itself as long as it lasts."""
        if message != self._trouble:
            self._say(message)
            self._trouble = message

    def close(self) -> None:
        """Holds nothing that would have to be let go."""

    def _say(self, line: str) -> None:
        plain_text.remark(line)


class Quiet:
    """An audience that says nothing."""

    def show(self, snapshot: Snapshot) -> None: ...

    def settled(self, settled: Settled) -> None: ...

    def trouble(self, message: str) -> None: ...

    def close(self) -> None: ...


def standing(snapshot: Snapshot) -> list[str]:
    """Says what holds the batch as a whole back."""
    if snapshot.standstill:
        return [snapshot.standstill]
    progress = snapshot.progress
    if progress.done:
        return [] if snapshot.ended else ["all settled: checking and publishing"]
    if progress.paused:
        return [f"paused: {progress.paused.reason}"]
    return ["its first run goes alone; the others follow once it has ended well"] if progress.canary_out else []


def named(settled: Settled) -> str:
    """Writes `fees (acct_1)`."""
    account = f" ({settled.item.account})" if settled.item.account else ""
    return settled.item.name + account


def settled_line(settled: Settled) -> str:
    """Writes `landed fees`, `failed fees (acct_1): sql: …`."""
    why = ""
    if settled.failure:
        why = f": {settled.failure.error_class}: {words.first_line(settled.failure.message)}"
    return f"{settled.state:<8} {named(settled)}{why}"


def summary(snapshot: Snapshot) -> str:
    """Writes all counts in one line."""
    progress = snapshot.progress
    return (
        f"{words.duration(snapshot.elapsed_s)}: {progress.waiting} queued, "
        f"{snapshot.alive} of {snapshot.slots} slots in use, "
        f"{progress.ready} landing, {progress.landed} landed ({words.size(progress.stored_bytes)}), "
        f"{progress.failed} failed" + (f", {progress.canceled} canceled" if progress.canceled else "")
    )
