"""How a run ends without a landing: the ledger first, so that a lost Redis cannot bring the run back."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from forebay.governor.contract import Custody
from forebay.governor.governor import Governor
from forebay.governor.shared_runs import Leads, Question
from forebay.governor.states import RunState
from forebay.store.failures import FailureClass
from forebay.store.records import FailureRecord
from forebay.worker.runtime import Runtime

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a run fails, in the words of the taxonomy of docs/architecture.md and of whoever refused."""

    error_class: FailureClass
    message: str
    code: str | None = None
    request_id: str | None = None


def fail(rt: Runtime, governor: Governor, custody: Custody, reason: Reason) -> None:
    """Settles the run as failed, with the reason in the ledger."""
    record = FailureRecord(
        attempt=custody.attempt,
        error_class=reason.error_class,
        code=reason.code,
        message=reason.message,
        query_run=custody.query_run,
        request_id=reason.request_id,
        at=datetime.now(UTC),
    )
    rt.ledger.record_failure(custody.flow, governor.lane, custody.index, record)
    if not reason.error_class.has_result:
        _leave_lead(rt, governor, custody)
    if governor.finish(custody, RunState.FAILED):
        facts = {"error_class": reason.error_class, "request_id": reason.request_id, **names(governor, custody)}
        # The message stays in the ledger: an engine's error may quote the rows that it stumbled over.
        log.warning("failed: %s", reason.error_class, extra={"event": "failed", "code": reason.code, **facts})


def _leave_lead(rt: Runtime, governor: Governor, custody: Custody) -> None:
    """A QueryRun that failed is shared by nobody who comes after; done before the run settles, so never forgotten.

    A result that only did not land is good: whoever shares it may well land it.
    """
    item = rt.ledger.item(custody.flow, governor.lane, custody.index)
    Leads(rt.redis).leave(Question(governor.lane, item.account, item.sql), item.share or custody.run)


def cancel(governor: Governor, custody: Custody) -> None:
    """Settles the run as canceled; the batch's cancel marker in the ledger says so already."""
    if governor.finish(custody, RunState.CANCELED):
        log.info("canceled", extra={"event": "canceled", **names(governor, custody)})


def names(governor: Governor, custody: Custody) -> dict[str, object]:
    """The ids that every log line of a run carries."""
    return {
        "lane": governor.lane,
        "run": custody.run,
        "attempt": custody.attempt,
        "query_run": custody.query_run,
    }
