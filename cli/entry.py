"""Begins a command for the shell: first what takes longest to start, beside which the rest loads."""

import gc
import os
import sys

#: Commands that run queries. With services of their own those are begun at once.
RUN_QUERIES = {"run", "submit", "refetch", "adopt", "backfill"}
#: What ends a command before it does anything.
_ONLY_TOLD = {"--help", "-h", "--dry-run"}


def main() -> None:
    """Runs the command that the shell was given."""
    gc.disable()  # all that is loaded lives on, and each collection would look at it: `invoke` ends that
    arguments = sys.argv[1:]
    if not arguments or arguments[0] not in RUN_QUERIES or _ONLY_TOLD & set(arguments):
        _run()
        return
    from forebay.cli.embedded import ahead  # loads what starts processes, which no other command needs so early

    ahead.start_ahead(os.environ)
    try:
        _run()
    finally:
        ahead.drop()


def _run() -> None:
    from forebay.cli.main import main as run  # a tenth of a second, beside what was started

    run()
