"""Lets a command talk: which audience fits, and the two consoles. stdout is for results, stderr for everything else."""

import os
import sys
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from forebay.cli import options
from forebay.cli.output.audience import Audience
from forebay.cli.output.display import Display
from forebay.cli.output.events import JsonEvents
from forebay.cli.output.lines import Lines, Quiet
from forebay.store.ledger.records import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What the user wants to see."""

    as_json: options.Json = False
    quiet: options.Quiet = False
    no_progress: options.NoProgress = False

    def audience(self, batch: Batch) -> Audience:
        """Chooses who is told of a batch's progress."""
        if self.as_json:
            return JsonEvents(batch.output)
        if self.quiet:
            return Quiet()
        console = Console(stderr=True, highlight=False)
        if self.no_progress or os.environ.get("CI") or not console.is_terminal:
            return Lines()
        return Display(console)

    def remark(self, text: str) -> None:
        """Tells people on stderr; scripts get the same in the result."""
        if not self.as_json:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()


def stdout() -> Console:
    """Opens where results go. Piped, a table is as wide as it needs to be: nothing is cut for a width nobody has."""
    if sys.stdout.isatty():
        return Console(highlight=False, soft_wrap=True)
    return Console(highlight=False, soft_wrap=True, width=10_000)


def whole(table: Table, console: Console) -> Table:
    """Makes the table as wide as it needs to be: a name that is cut cannot be copied, so let the terminal wrap it."""
    table.width = console.measure(table, options=console.options.update(max_width=10_000)).maximum
    return table
