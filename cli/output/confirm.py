"""Asks a person before a command does what costs something or cannot be taken back; `--yes` has answered beforehand."""

import sys
from typing import Annotated

import typer

from forebay.cli.errors import NotConfirmed
from forebay.cli.options import flag

Yes = Annotated[bool, flag("--yes", "Do not ask: go on.", "-y")]


def confirm(question: str, *, yes: bool, as_json: bool = False) -> bool:
    """Asks, and tells whether to go on. Raises `NotConfirmed` where nobody is there to answer."""
    if yes:
        return True
    if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NotConfirmed(f"{question} Nobody is here to answer", way_out="the same command with --yes goes on")
    return typer.confirm(question, err=True)
