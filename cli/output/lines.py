"""Tells progress where no terminal moves a cursor: one plain line for each change that matters, on stderr."""

from collections import defaultdict

from forebay.cli.output import plain_text, words
from forebay.cli.output.audience import Settled, Snapshot
from forebay.cli.output.cause import Cause, CauseKind, News
from forebay.cli.output.events import tell_causes, tell_news
from forebay.store.ledger.records import Batch

SUMMARY_EVERY_S = 10.0


class Lines:
    """An audience."""

    def __init__(self) -> None:
        self._next_summary_s = defaultdict[str, float](lambda: SUMMARY_EVERY_S)
        self._news = News()

    def show(self, snapshot: Snapshot) -> None:
        # A refused key ends the command, which then says all about it.
        causes = (cause for cause in snapshot.causes if cause.kind is not CauseKind.KEY_REFUSED)
        tell_news(self._news, causes, snapshot.elapsed_s, as_json=False)
        if snapshot.elapsed_s >= self._next_summary_s[snapshot.batch.id]:
            self._next_summary_s[snapshot.batch.id] = snapshot.elapsed_s + SUMMARY_EVERY_S
            self._say(summary(snapshot))

    def settled(self, settled: Settled) -> None:
        self._say(settled_line(settled))

    def trouble(self, cause: Cause, elapsed_s: float) -> None:
        tell_causes(self._news.begun([cause], elapsed_s), as_json=False)

    def close(self) -> None:
        """Holds nothing that would have to be let go."""

    def _say(self, line: str) -> None:
        plain_text.remark(line)


class Quiet:
    """An audience that says nothing."""

    def show(self, snapshot: Snapshot) -> None: ...

    def settled(self, settled: Settled) -> None: ...

    def trouble(self, cause: Cause, elapsed_s: float) -> None: ...

    def close(self) -> None: ...


def named(settled: Settled) -> str:
    """Writes `fees (acct_1)`; of two batches that are compared `data: fees (acct_1)`."""
    account = f" ({settled.item.account})" if settled.item.account else ""
    return f"{_side(settled.batch)}{settled.item.name}{account}"


def _side(batch: Batch) -> str:
    return f"{batch.api}: " if batch.policy and batch.policy.shadow else ""


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
        f"{_side(snapshot.batch)}{words.duration(snapshot.elapsed_s)}: {progress.waiting} queued, "
        f"{snapshot.taken} of {snapshot.slots} slots in use, "
        f"{progress.ready} landing, {progress.landed} landed ({words.size(progress.stored_bytes)}), "
        f"{progress.failed} failed" + (f", {progress.canceled} canceled" if progress.canceled else "")
    )
