"""Shows progress on a terminal: a few lines at the bottom of stderr that change, failures above them that stay."""

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from forebay.cli.output import plain_text, words
from forebay.cli.output.audience import Settled, Snapshot
from forebay.cli.output.lines import named, settled_line, standing
from forebay.cli.output.plain_text import styled
from forebay.governor.states import RunState
from forebay.scheduler.closing.grouping import cause_of

#: Causes of failures that scroll by before only their number counts: the summary groups them anyway.
MOST_CAUSES = 10
_BAR = (("landed", "green"), ("failed", "red"), ("canceled", "magenta"), ("ready", "cyan"), ("held", "yellow"))


class Display:
    """An audience."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._causes: set[tuple[str, str]] = set()
        self._silent = False
        self._landed: list[str] = []
        self._live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False)
        self._live.start()

    def show(self, snapshot: Snapshot) -> None:
        self._live.update(self._lines(snapshot), refresh=True)

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

    def trouble(self, message: str) -> None:
        self._live.update(styled(words.first_line(message, 400), style="yellow"), refresh=True)

    def close(self) -> None:
        self._live.stop()

    def _lines(self, snapshot: Snapshot) -> RenderableType:
        lines: list[RenderableType] = [
            styled((snapshot.batch.id, "bold"), "  ", (words.duration(snapshot.elapsed_s), "dim")),
            self._bar(snapshot),
            _counts(snapshot),
        ]
        if self._landed:
            lines.append(_one_line(f"last: {', '.join(reversed(self._landed))}", "dim"))
        others = snapshot.alive - snapshot.progress.held
        if others > 0:
            lines.append(_one_line(f"{others} slots are taken by other batches", "dim"))
        lines += [_one_line(words.gate(gate, snapshot.now_ms), "yellow") for _, gate in snapshot.gates]
        lines += [_one_line(f"retrying: {trouble}", "yellow") for trouble in snapshot.troubles[:2]]
        lines += [_one_line(remark, "yellow") for remark in standing(snapshot)]
        if snapshot.progress.canceling:
            lines.append(_one_line("canceled: following what Stripe still runs to its end", "yellow"))
        return Group(*lines)

    def _bar(self, snapshot: Snapshot) -> Text:
        """Draws a cell for each share of the runs, by state; the counts below are what it is drawn from."""
        width = max(10, min(self._console.width - 2, 72))
        parts: list[tuple[str, str]] = []
        done = used = 0
        for name, color in _BAR:
            done += getattr(snapshot.progress, name)
            cells = width * done // max(snapshot.progress.size, 1) - used
            parts.append(("━" * cells, color))
            used += cells
        return styled(*parts, ("─" * (width - used), "dim"), cut=True)


def _counts(snapshot: Snapshot) -> Table:
    progress = snapshot.progress
    cells = [
        ("queued", f"{progress.waiting:,}", "default"),
        ("alive", f"{progress.held} of {snapshot.slots}", "yellow"),
        ("landing", f"{progress.ready}" + _received(snapshot), "cyan"),
        ("landed", f"{progress.landed:,} ({words.size(progress.stored_bytes)})", "green"),
        ("failed", f"{progress.failed:,}", "red" if progress.failed else "default"),
    ]
    table = plain_text.table(show_header=False, padding=(0, 2, 0, 0))
    for width in (7, 12, 7, 17, 6):
        # Columns that keep their place while the numbers in them grow.
        table.add_column(no_wrap=True, min_width=width)
    table.add_row(*(styled(name, style="dim") for name, _, _ in cells))
    table.add_row(*(styled(value, style=style) for _, value, style in cells))
    return table


def _received(snapshot: Snapshot) -> str:
    return f", {words.size(snapshot.received_bytes)} received" if snapshot.received_bytes else ""


def _one_line(text: str, style: str) -> Text:
    return styled(" ".join(text.split()), style=style, cut=True)
