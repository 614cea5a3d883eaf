"""Starts a local Stripe for this API as a process of its own, whose options are the sandbox's: `forebay sandbox`."""

import os
import sys

import typer

from forebay.cli.embedded.prepared import ISOLATED
from forebay.cli.errors import NotHere
from forebay.sandbox import extra


def sandbox(context: typer.Context) -> int:
    """Run a local Stripe to try everything on.

    Its options: forebay sandbox --help.
    """
    command = sandbox_command(*context.args)
    os.execv(command[0], command)  # noqa: S606 - it becomes that process, so signals and exit code are its own


def sandbox_command(*arguments: str) -> list[str]:
    """Spells the command that starts the sandbox. Raises `NotHere` without the extra."""
    if problem := extra.missing():
        raise NotHere(problem, way_out=extra.WAY_OUT)
    return [sys.executable, *ISOLATED, "-m", "forebay.sandbox", *arguments]
