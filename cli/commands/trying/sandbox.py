"""`forebay sandbox`: a local Stripe for this API, as a process of its own. Options are the sandbox's."""

import os
import sys
from importlib.util import find_spec

import typer

from forebay.cli.embedded.children import ISOLATED
from forebay.cli.errors import NotHere

#: What the extra brings; the sandbox's own code is always there.
_EXTRA = ("duckdb", "starlette", "uvicorn")


def sandbox(context: typer.Context) -> int:
    """Run a local Stripe to try everything on. Its options: forebay sandbox --help."""
    command = sandbox_command(*context.args)
    os.execv(command[0], command)  # noqa: S606 - it becomes that process, so signals and exit code are its own


def sandbox_command(*arguments: str) -> list[str]:
    """How the sandbox is started. Raises `NotHere` without the extra."""
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise NotHere(f"the sandbox needs {', '.join(missing)}", way_out="pip install 'forebay[sandbox]'")
    return [sys.executable, *ISOLATED, "-m", "forebay.sandbox", *arguments]
