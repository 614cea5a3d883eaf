"""ready → landed: retrieve a fresh URL, stream the result into the store, prove it whole, write the manifest.

Whatever breaks on the way, the query is not run again: its result is safe at Stripe for 90 days.
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from governor.governor import Custody, Governor
from governor.states import RunState
from landing.errors import LandingError
from landing.land import Landed, land
from landing.manifest import Manifest, csv_part, object_part, object_stem, write_manifest
from queryrun.errors import QueryRunError
from queryrun.models import QueryRun, ResultFile
from store.interface import Store
from store.records import Batch, Item
from worker.runtime import Runtime
from worker.steps.observe import observe
from worker.steps.reactions import react
from worker.steps.settling import Reason, cancel, fail, names
from worker.steps.timing import DOWNLOAD_CUSTODY_MS, REPORT_EVERY_S, backoff_ms

log = logging.getLogger(__name__)

#: Each with a fresh URL. A transfer that broke so often is not bad luck, and `retry` can land it once it is mended.
MOST_TRIES = 8


class _Stopped(Exception):
    """Raised inside a transfer when this process has to stop, or somebody else holds the run."""


def download(rt: Runtime, governor: Governor, custody: Custody) -> None:
    """Lands the result of one run."""
    if custody.canceling:
        cancel(governor, custody)
        return
    batch = rt.ledger.batch(custody.flow)
    item = rt.ledger.item(custody.flow, governor.lane, custody.index)
    try:
        seen = rt.client(batch.connection).retrieve(custody.bound_to, account=item.account)
    except QueryRunError as error:
        react(rt, governor, custody, error)
        return
    governor.open_gates(custody.closed_gates)
    if seen.result is None:
        # Stripe took its word back. What it says now is handled like any other look.
        observe(rt, governor, custody, seen)
        return
    _land(rt, governor, custody, _Task(batch=batch, item=item, seen=seen, result=seen.result))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What is to be landed."""

    batch: Batch
    item: Item
    seen: QueryRun
    result: ResultFile

    @property
    def stem(self) -> str:
        return object_stem(self.batch.id, self.item.account, self.item.name)


def _land(rt: Runtime, governor: Governor, custody: Custody, task: _Task) -> None:
    store = rt.store(task.batch.output)
    try:
        landed = land(
            rt.fetcher(task.batch.connection),
            task.result.url,
            content_type=task.result.content_type,
            size=task.result.size_bytes,
            store=store,
            stem=task.stem,
            limits=rt.limits,
            progress=_Reporter(rt, governor, custody),
        )
    except _Stopped:
        governor.again(custody, 0)
        return
    except LandingError as error:
        _landing_failed(rt, governor, custody, error)
        return
    api_version = rt.client(task.batch.connection).connection.api_version
    write_manifest(store, task.stem, _manifest(governor.lane, custody, task, store, landed, api_version))
    if governor.finish(custody, RunState.LANDED, stored_bytes=landed.bytes, records=landed.records or 0):
        log.info("landed", extra={"event": "landed", "stored_bytes": landed.bytes, **names(governor, custody)})


def _landing_failed(rt: Runtime, governor: Governor, custody: Custody, error: LandingError) -> None:
    if error.retry and custody.tries < MOST_TRIES:
        log.warning("%s", error, extra={"event": "landing_failed", **names(governor, custody)})
        governor.again(custody, backoff_ms(custody.tries), str(error))
        return
    times = f" ({custody.tries} tries)" if error.retry else ""
    fail(rt, governor, custody, Reason("transfer", f"{error}{times}"))


class _Reporter:
    """Called with each chunk: keeps custody while bytes come, and stops the transfer when it must."""

    def __init__(self, rt: Runtime, governor: Governor, custody: Custody) -> None:
        self._rt, self._governor, self._custody = rt, governor, custody
        self._reported_s = rt.monotonic_s()

    def __call__(self, received_bytes: int) -> None:
        if self._rt.stopping.is_set():
            raise _Stopped
        now_s = self._rt.monotonic_s()
        if now_s - self._reported_s < REPORT_EVERY_S:
            return
        self._reported_s = now_s
        if not self._governor.keep(self._custody, DOWNLOAD_CUSTODY_MS, received_bytes):
            raise _Stopped


def _manifest(lane: str, custody: Custody, task: _Task, store: Store, landed: Landed, api_version: str) -> Manifest:
    now = datetime.now(UTC)
    ended_ms = custody.since_end_ms
    return Manifest(
        batch=task.batch.id,
        lane=lane,
        run=custody.run,
        name=task.item.name,
        account=task.item.account,
        attempt=custody.attempt,
        query_run=task.seen.id,
        sql_sha256=hashlib.sha256(task.item.sql.encode()).hexdigest(),
        object=object_part(store, landed),
        csv=csv_part(landed),
        compress=True,
        submitted_at=task.seen.created,
        ended_at=None if ended_ms is None else now - timedelta(milliseconds=ended_ms),
        landed_at=now,
        livemode=task.seen.livemode,
        api_version=api_version,
        request_ids=(task.seen.request_id,) if task.seen.request_id else (),
    )
