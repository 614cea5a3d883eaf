"""Shows progress on a terminal: lines at the bottom of stderr that change, failures above them that stay."""

from dataclasses import replace

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from forebay.cli.output import plain_text, words
from forebay.cli.output.audience import Settled, Snapshot
from forebay.cli.output.cause import Cause
from forebay.cli.output.lines import named, settled_line
from forebay.cli.output.plain_text import styled
from forebay.governor.states import RunState
from forebay.scheduler.closing.grouping import cause_of

#: Causes of failures that scroll by before only their number counts: the summary groups them anyway.
MOST_CAUSES = 10
#: Causes of a standstill that are shown at a time.
MOST_CAUSES_NOW = 4
#: What is settled is drawn otherwise than what is under way, where there are no colors, too.
_SETTLED, _UNDER_WAY, _WAITING = "━", "╌", "·"
_BAR = (
    ("landed", "green", _SETTLED),
    ("failed", "red", _SETTLED),
    ("canceled", "magenta", _SETTLED),
    ("ready", "cyan", _UNDER_WAY),
    ("held", "yellow", _UNDER_WAY),
)
#: Below so many columns counts are a list, which wraps, and no table, of which the last columns would go.
NARROW_COLUMNS = 76
_MOST_CAUSE = 300


class Display:
    """An audience."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._causes: set[tuple[str, str]] = set()
        self._silent = False
        self._last: dict[str, Snapshot] = {}
        self._landed: list[str] = []
        self._live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False)
        self._live.start()

    def show(self, snapshot: Snapshot) -> None:
        self._last[snapshot.batch.id] = snapshot
        self._live.update(self._lines(), refresh=True)

    def settled(self, settled: Settled) -> None:
        if settled.state is RunState.LANDED:
            self._landed = [*self._landed[-2:], named(settled)]
        elif settled.state is RunState.FAILED:
            self._failed(settled)

    def _failed(self, settled: Settled) -> None:
        """Prints the first of each cause: three hundred accounts without access are one thing to mend."""
        failure = settled.failure
        cause = (failure.error_class, cause_of(settled.item, failure)) if failure else ("", "")
        if cause not in self._causes and len(self._causes) < MOST_CAUSES:
            self._causes.add(cause)
            self._console.print(styled(settled_line(settled), style="red"))
        elif not self._silent:
            self._silent = True
            self._console.print(styled("further failures are counted, and grouped at the end", style="dim"))

    def trouble(self, cause: Cause, elapsed_s: float) -> None:
        if self._last:
            for snapshot in [*self._last.values()]:
                self.show(replace(snapshot, causes=(cause,), elapsed_s=elapsed_s))
        else:
            self._live.update(_one_line(cause.line, "yellow"), refresh=True)

    def close(self) -> None:
        self._live.stop()

    def _lines(self) -> RenderableType:
        snapshots = [*self._last.values()]
        lines = [line for snapshot in snapshots for line in self._of_batch(snapshot)]
        if self._landed:
            lines.append(_one_line(f"last: {', '.join(reversed(self._landed))}", "dim"))
        others = snapshots[-1].taken - sum(snapshot.progress.held for snapshot in snapshots)
        if others > 0:
            lines.append(_one_line(f"{others} slots are taken by other batches", "dim"))
        starting = sum(snapshot.progress.starting for snapshot in snapshots)
        if starting:
            lines.append(_one_line(f"{starting} more slots are for runs that Stripe has not confirmed yet", "dim"))
        # Each once, and not cut: the way out stands at the end.
        causes = {cause.identity: cause for snapshot in snapshots for cause in snapshot.causes}
        lines += [
            styled(words.first_line(cause.line, _MOST_CAUSE), style="yellow")
            for cause in [*causes.values()][:MOST_CAUSES_NOW]
        ]
        return Group(*lines)

    def _of_batch(self, snapshot: Snapshot) -> list[RenderableType]:
        return [
            styled((snapshot.batch.id, "bold"), "  ", (words.duration(snapshot.elapsed_s), "dim")),
            self._bar(snapshot),
            _counts(snapshot, self._console.width),
        ]

    def _bar(self, snapshot: Snapshot) -> Text:
        """Draws a cell for each share of the runs, by state; the counts below are what it is drawn from."""
        width = max(10, min(self._console.width - 2, 72))
        parts: list[tuple[str, str]] = []
        done = used = 0
        for name, color, mark in _BAR:
            done += getattr(snapshot.progress, name)
            cells = width * done // max(snapshot.progress.size, 1) - used
            parts.append((mark * cells, color))
            used += cells
        return styled(*parts, (_WAITING * (width - used), "dim"), cut=True)


def _counts(snapshot: Snapshot, width: int) -> RenderableType:
    progress = snapshot.progress
    cells = [
        ("queued", f"{progress.waiting:,}", "default"),
        ("alive", f"{progress.alive} of {snapshot.slots}", "yellow"),
        ("landing", f"{progress.ready}" + _received(snapshot), "cyan"),
        ("landed", f"{progress.landed:,} ({words.size(progress.stored_bytes)})", "green"),
        ("failed", f"{progress.failed:,}", "red" if progress.failed else "default"),
    ]
    if width < NARROW_COLUMNS:
        listed = sorted(cells, key=lambda cell: cell[0] != "failed")
        return styled(*(part for name, value, style in listed for part in ((f"{name} ", "dim"), (f"{value}  ", style))))
    table = plain_text.table(show_header=False, padding=(0, 2, 0, 0))
    for least in (7, 12, 7, 17, 6):
        # Columns that keep their place while the numbers in them grow.
        table.add_column(no_wrap=True, min_width=least)
    table.add_row(*(styled(name, style="dim") for name, _, _ in cells))
    table.add_row(*(styled(value, style=style) for _, value, style in cells))
    return table


def _received(snapshot: Snapshot) -> str:
    return f", {words.size(snapshot.received_bytes)} received" if snapshot.received_bytes else ""


def _one_line(text: str, style: str) -> Text:
    return styled(" ".join(text.split()), style=style, cut=True)
