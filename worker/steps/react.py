"""Does to the run and to its lane what a refusal of Stripe asks for: docs/architecture.md, answers from Stripe.

One function for all steps, since the answer decides, not the question.
"""

import logging

from forebay.config.stripe import RESULT_DAYS
from forebay.governor.contract import CreateOutcome
from forebay.governor.states import Gate, RunState
from forebay.queryrun import errors
from forebay.queryrun.auth_reasons import AuthReason
from forebay.worker.steps.retry_rules import Reason, surely_over
from forebay.worker.steps.turn import Turn

log = logging.getLogger(__name__)


def _create_outcome(turn: Turn, error: errors.QueryRunError) -> CreateOutcome:
    """Says what the error means for the create that this step sent, if it sent one."""
    if turn.custody.state is not RunState.GRANTED:
        return CreateOutcome.NONE
    if isinstance(error, errors.ProviderError) and not error.unsent:
        return CreateOutcome.UNANSWERED
    return CreateOutcome.UNSENT if turn.custody.since_sent_ms is None else CreateOutcome.REFUSED


def react(turn: Turn, error: errors.QueryRunError) -> None:
    """Moves the run, and closes the gate that the refusal asks for."""
    cause = {"error_class": error.error_class, "code": error.code, "request_id": error.request_id}
    # Without Stripe's words: an engine's error may quote the rows that it stumbled over.
    tries = f" (try {turn.custody.tries})" if turn.custody.tries > 1 else ""
    log.warning("refused: %s%s", error.cause, tries, extra={"event": "refused", **cause, **turn.log_fields})
    turn.came_to["error.type"] = str(error.error_class)
    if error.status:
        turn.came_to["http.response.status_code"] = error.status
    if error.request_id:
        turn.came_to["forebay.request_id"] = error.request_id
    create = _create_outcome(turn, error)
    match error:
        case errors.CapReachedError():
            turn.close_gate(Gate.CAP, str(error))
            turn.give_back(str(error), create)
        case errors.TooFastError() | errors.TooManyInFlightError():
            gate = Gate.CREATE if turn.custody.state is RunState.GRANTED else Gate.RETRIEVE
            turn.close_gate(gate, str(error))
            turn.defer(0, str(error), create)
        # A 403 to one account of many is that account's own affair: its run fails, and can be retried once access is
        # granted; the lane goes on for the others.
        case errors.AuthError() if not (error.status == 403 and turn.one_account_of_many):
            # A key that may not create may look and fetch: where it may not, those requests are told so themselves.
            denied = error.reason is AuthReason.DENIED and turn.custody.state is RunState.GRANTED
            turn.await_operator(Gate.PERMISSION if denied else Gate.AUTH, error.told, create)
        # Past Stripe's own limit nothing of it is alive, though nobody says so: what waits need not wait for it.
        case errors.ProviderError() | errors.ThrottledError() if turn.is_running and surely_over(turn.custody):
            turn.let_go()
        case errors.ProviderError() | errors.ThrottledError():
            turn.back_off(error.cause, create)
        # Of one that was there before nothing is under way that a later look could find.
        case errors.NotFoundError() if error.code and turn.item.fetched:
            query_run = turn.item.fetched.query_run
            gone = f"Stripe has no {query_run} for this key any more: results are kept {RESULT_DAYS} days"
            turn.fail(Reason(error.error_class, gone, code=error.code, request_id=error.request_id))
        # A look that is refused says nothing about the query: Stripe may be running it, and then its slot is taken.
        case _ if turn.custody.query_run and not surely_over(turn.custody):
            turn.back_off(error.cause)
        case _:
            turn.fail(Reason(error.error_class, error.message, code=error.code, request_id=error.request_id))
