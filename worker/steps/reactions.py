"""What each refusal of Stripe does to the run and to the lane: docs/architecture.md, answers from Stripe.

One function for all steps, since the answer decides, not the question.
"""

import logging
import random

from forebay.governor.contract import Custody
from forebay.governor.governor import Governor
from forebay.governor.states import Gate, RunState
from forebay.queryrun import errors
from forebay.worker.runtime import Runtime
from forebay.worker.steps.settling import Reason, fail, names
from forebay.worker.steps.timing import STRIPE_GRACE_MS, STRIPE_LIMIT_MS, backoff_ms

log = logging.getLogger(__name__)

#: A cap that others fill empties again within seconds to minutes; probes are cheap, so the wait stays short.
CAP_FIRST_MS, CAP_LONGEST_MS = 1_000, 8_000
#: Stripe's rate limits are per second, and customers' payments share them: step aside at once, for a moment.
RATE_FIRST_MS, RATE_LONGEST_MS = 1_000, 16_000
#: A refused key waits for a person; a probe a minute notices the mended permission by itself.
AUTH_FIRST_MS, AUTH_LONGEST_MS = 5_000, 60_000


def react(
    rt: Runtime, governor: Governor, custody: Custody, error: errors.QueryRunError, *, account: str | None
) -> None:
    """Moves the run, and closes the gate that the refusal asks for.

    `account`: the one that the run names, if its lane serves others too. A 403 is then that account's own affair: its
    run fails (and can be retried once access is granted), and the lane goes on for the others.
    """
    facts = {"error_class": error.error_class, "request_id": error.request_id, **names(governor, custody)}
    # Without Stripe's words: an engine's error may quote the rows that it stumbled over.
    log.warning("refused: %s", error.error_class, extra={"event": "refused", "code": error.code, **facts})
    match error:
        case errors.CapReachedError():
            governor.close_gate(
                Gate.CAP, first_ms=_jittered(CAP_FIRST_MS), longest_ms=CAP_LONGEST_MS, reason=str(error)
            )
            _give_back(governor, custody, str(error))
        case errors.TooFastError() | errors.TooManyInFlightError():
            gate = Gate.CREATE if custody.state is RunState.GRANTED else Gate.RETRIEVE
            governor.close_gate(gate, first_ms=_jittered(RATE_FIRST_MS), longest_ms=RATE_LONGEST_MS, reason=str(error))
            governor.defer(custody, 0, str(error))
        case errors.AuthError() if not (account and error.status == 403):
            await_operator(governor, custody, f"{error}: {error.hint}")
        case errors.ProviderError() | errors.ThrottledError():
            governor.defer(custody, backoff_ms(custody.tries), error.facts)
        case _ if custody.query_run and not _surely_over(custody):
            # A look that is refused says nothing about the query: Stripe may be running it, and then its slot is taken.
            governor.defer(custody, backoff_ms(custody.tries), error.facts)
        case _:
            reason = Reason(error.error_class, error.message, code=error.code, request_id=error.request_id)
            fail(rt, governor, custody, reason)


def _give_back(governor: Governor, custody: Custody, refusal: str) -> None:
    """The slot of a refused create, unless an earlier sending of it may still reach Stripe.

    Its sender may be a process that sleeps, or a proxy. It would then start a query that holds no slot, so the slot
    stays until this key is answered.
    """
    if custody.key:
        governor.defer(custody, 0, refusal)
    else:
        governor.requeue(custody, attempt=custody.attempt, refused=True)


def await_operator(governor: Governor, custody: Custody, reason: str) -> None:
    """Stops the lane's requests but for a probe now and then: no run fails because of a key."""
    governor.close_gate(Gate.AUTH, first_ms=AUTH_FIRST_MS, longest_ms=AUTH_LONGEST_MS, reason=reason)
    governor.defer(custody, 0, reason)


def _surely_over(custody: Custody) -> bool:
    """Whether Stripe's own limit has ended the run, whatever it says."""
    return (custody.since_create_ms or 0) > STRIPE_LIMIT_MS + STRIPE_GRACE_MS


def _jittered(most_ms: int) -> int:
    return int(most_ms * random.uniform(0.75, 1.25))
