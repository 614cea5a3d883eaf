"""What an observed QueryRun means for its run. Called by the steps that look."""

import dataclasses
import logging

from forebay.governor.contract import Custody
from forebay.governor.governor import Governor
from forebay.governor.looks import next_look_s
from forebay.governor.states import RunState
from forebay.queryrun.models import QueryRun, ResultFile, RunFailure
from forebay.worker.runtime import Runtime
from forebay.worker.steps.settling import Reason, cancel, fail, names
from forebay.worker.steps.timing import DOWNLOAD_CUSTODY_MS
from forebay.worker.steps.transfer import Subject, transfer
from forebay.worker.steps.verdict import judge

log = logging.getLogger(__name__)


def observe(rt: Runtime, governor: Governor, custody: Custody, subject: Subject, seen: QueryRun) -> None:
    """Moves a running run by what Stripe says of it."""
    if not seen.ended:
        wait_s = next_look_s((custody.since_create_ms or 0) / 1000, governor.outlook(subject.query))
        governor.defer(custody, int(wait_s * 1000))
    elif custody.canceling:
        cancel(governor, custody)
    elif seen.succeeded:
        _succeeded(rt, governor, custody, subject, seen)
    else:
        _failed(rt, governor, custody, seen)


def _succeeded(rt: Runtime, governor: Governor, custody: Custody, subject: Subject, seen: QueryRun) -> None:
    small = _small(seen.result, rt.express_bytes)
    took = custody.took(governor.outlook(subject.query).durations)
    landing_ms = DOWNLOAD_CUSTODY_MS if small else 0
    if not governor.ready(custody, query=subject.query, took=took, landing_ms=landing_ms):
        return
    facts = {"event": "ready", "elapsed_ms": custody.since_create_ms, **names(governor, custody)}
    log.info("ended at Stripe", extra=facts)
    if small:
        rt.wake()  # the freed slot need not wait for this landing
        ready = dataclasses.replace(custody, state=RunState.READY, since_end_ms=0)
        transfer(rt, governor, ready, subject, seen, small)


def _small(result: ResultFile | None, most_bytes: int) -> ResultFile | None:
    """The result, if its URL is best used here and now: the retrieve that gave it was the last one then."""
    if result is None or result.size_bytes is None or result.size_bytes > most_bytes:
        return None
    return result


def _failed(rt: Runtime, governor: Governor, custody: Custody, seen: QueryRun) -> None:
    failure = seen.failure or RunFailure(code=None, message=f"Stripe ended the run as {seen.status}.")
    verdict = judge(failure, elapsed_ms=custody.since_create_ms or 0, attempt=custody.attempt)
    if verdict.again:
        governor.requeue(custody, attempt=custody.attempt + 1)
        return
    reason = Reason(verdict.error_class, verdict.message, code=failure.code, request_id=seen.request_id)
    fail(rt, governor, custody, reason)
