"""Accepts a batch and follows it to its end: what `run`, `refetch` and `adopt` share."""

from forebay.cli.deployment import open_deployment
from forebay.cli.exits import Exit
from forebay.cli.following.session import Session
from forebay.cli.output import events, words
from forebay.cli.output.console import Manner
from forebay.cli.submitting.accept import accept
from forebay.cli.submitting.request import Request


def accept_and_follow(request: Request, timeout_s: float | None, manner: Manner, *, left_out: int = 0) -> Exit:
    """Returns the command's exit code, once all is told. `left_out`: so much that was asked for is not in it."""
    with open_deployment(request.settings, request.config) as deployment:
        accepted = accept(deployment, request)
        if manner.as_json:
            events.submitted(accepted)
        elif not manner.quiet:
            # Before the first round: whoever interrupts now must know what to come back to.
            runs = words.runs(accepted.size)
            manner.remark(f"batch {accepted.id}: {runs} → {words.folder(accepted)}")
        deployment.start_work()
        return Session(deployment, accepted, manner, left_out=left_out).follow(timeout_s)
