"""Does to the run and to its lane what a refusal of Stripe asks for: docs/architecture.md, answers from Stripe.

One function for all steps, since the answer decides, not the question.
"""

import logging

from forebay.governor.states import Gate, RunState
from forebay.queryrun import errors
from forebay.worker.steps.retry_rules import Reason, surely_over
from forebay.worker.steps.turn import Turn

log = logging.getLogger(__name__)


def react(turn: Turn, error: errors.QueryRunError) -> None:
    """Moves the run, and closes the gate that the refusal asks for."""
    cause = {"error_class": error.error_class, "code": error.code, "request_id": error.request_id}
    # Without Stripe's words: an engine's error may quote the rows that it stumbled over.
    log.warning("refused: %s", error.error_class, extra={"event": "refused", **cause, **turn.log_fields})
    match error:
        case errors.CapReachedError():
            turn.close_gate(Gate.CAP, str(error))
            turn.give_back(str(error))
        case errors.TooFastError() | errors.TooManyInFlightError():
            gate = Gate.CREATE if turn.custody.state is RunState.GRANTED else Gate.RETRIEVE
            turn.close_gate(gate, str(error))
            turn.defer(0, str(error))
        # A 403 to one account of many is that account's own affair: its run fails, and can be retried once access is
        # granted; the lane goes on for the others.
        case errors.AuthError() if not (error.status == 403 and turn.one_account_of_many):
            turn.await_operator(f"{error}: {error.hint}")
        case errors.ProviderError() | errors.ThrottledError():
            turn.back_off(error.facts)
        # A look that is refused says nothing about the query: Stripe may be running it, and then its slot is taken.
        case _ if turn.custody.query_run and not surely_over(turn.custody):
            turn.back_off(error.facts)
        case _:
            turn.fail(Reason(error.error_class, error.message, code=error.code, request_id=error.request_id))
