"""Moves ready → landed: retrieves a fresh URL, and lands what it leads to."""

from forebay.landing.errors import NoResult
from forebay.queryrun.errors import QueryRunError
from forebay.worker.steps.poll_step import observe
from forebay.worker.steps.react import react
from forebay.worker.steps.transfer import landing_failed, transfer
from forebay.worker.steps.turn import Turn


def download(turn: Turn) -> None:
    """Lands the result of one run."""
    if turn.custody.canceling:
        turn.cancel()
        return
    try:
        observed = turn.retrieve()
    except QueryRunError as error:
        react(turn, error)
        return
    if observed.result:
        transfer(turn, observed, observed.result)
    elif observed.succeeded:
        landing_failed(turn, NoResult("Stripe says that the query succeeded, and shows no result"))
    else:
        # Stripe took its word back: what it shows now means what it would mean to `poll`.
        observe(turn, observed)
