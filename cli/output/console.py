"""Lets a command talk: which audience fits what the user wants to see."""

import os
from dataclasses import dataclass

from forebay.cli import options
from forebay.cli.output import plain_text
from forebay.cli.output.audience import Audience
from forebay.cli.output.display import Display
from forebay.cli.output.events import JsonEvents
from forebay.cli.output.lines import Lines, Quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What the user wants to see."""

    as_json: options.Json = False
    quiet: options.Quiet = False
    no_progress: options.NoProgress = False

    def audience(self) -> Audience:
        """Chooses who is told of the progress of batches."""
        if self.as_json:
            return JsonEvents()
        if self.quiet:
            return Quiet()
        console = plain_text.stderr()
        if self.no_progress or os.environ.get("CI") or not console.is_terminal:
            return Lines()
        return Display(console)

    def remark(self, text: str) -> None:
        """Tells people on stderr; scripts get the same in the result."""
        if not self.as_json:
            plain_text.remark(*text.split("\n"))
