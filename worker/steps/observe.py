"""What an observed QueryRun means for its run. Called by the two steps that look: `submit` and `poll`."""

import logging

from governor.governor import Custody, Governor
from queryrun.models import QueryRun, RunFailure
from worker.runtime import Runtime
from worker.steps.settling import Reason, cancel, fail, names
from worker.steps.timing import next_look_ms
from worker.steps.verdict import judge

log = logging.getLogger(__name__)


def observe(rt: Runtime, governor: Governor, custody: Custody, seen: QueryRun) -> None:
    """Moves a running run by what Stripe says of it."""
    elapsed_ms = custody.since_create_ms or 0
    if not seen.ended:
        governor.again(custody, next_look_ms(elapsed_ms))
    elif custody.canceling:
        cancel(governor, custody)
    elif seen.succeeded:
        if governor.ready(custody):
            log.info("ended at Stripe", extra={"event": "ready", "elapsed_ms": elapsed_ms, **names(governor, custody)})
    else:
        _failed(rt, governor, custody, seen, elapsed_ms)


def _failed(rt: Runtime, governor: Governor, custody: Custody, seen: QueryRun, elapsed_ms: int) -> None:
    failure = seen.failure or RunFailure(code=None, message=f"Stripe ended the run as {seen.status}.")
    verdict = judge(failure, elapsed_ms=elapsed_ms, attempt=custody.attempt)
    if verdict.again:
        governor.put_back(custody, attempt=custody.attempt + 1)
        return
    reason = Reason(verdict.error_class, verdict.message, code=failure.code, request_id=seen.request_id)
    fail(rt, governor, custody, reason)
