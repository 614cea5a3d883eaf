"""From a URL to a landed run: stream the result into the store, prove it whole, write the manifest, settle the run.

Called by `download`, and by `observe` for results so small that a message and another retrieve would cost more than
they do. Whatever breaks on the way, the query is not run again: its result is safe at Stripe for RESULT_DAYS.
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from forebay.governor.contract import Custody
from forebay.governor.governor import Governor
from forebay.governor.states import RunState
from forebay.landing.errors import LandingError
from forebay.landing.land import Landed, land
from forebay.landing.manifest import Manifest, ObjectPart, csv_part, object_part, write_manifest
from forebay.landing.places import first_stem
from forebay.queryrun.models import QueryRun, ResultFile
from forebay.store.failures import FailureClass
from forebay.store.records import Batch, Item
from forebay.worker.runtime import Runtime
from forebay.worker.steps.settling import Reason, fail, names
from forebay.worker.steps.timing import DOWNLOAD_CUSTODY_MS, REPORT_EVERY_S, backoff_ms

log = logging.getLogger(__name__)

#: Each with a fresh URL. A transfer that broke so often is not bad luck, and `retry` can land it once it is mended.
MOST_TRIES = 8
#: Durations are remembered by query only in flows up to this size: a larger one is a list of one-off queries, and
#: would fill Redis with what nobody asks for again.
MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a run is about, from the ledger."""

    batch: Batch
    item: Item
    flow_size: int

    @classmethod
    def of(cls, rt: Runtime, governor: Governor, custody: Custody) -> "Subject":
        batch = rt.ledger.batch(custody.flow)
        item = rt.ledger.item(custody.flow, governor.lane, custody.index)
        (flow_size,) = (flow.size for flow in batch.flows if flow.lane == governor.lane)
        return cls(batch=batch, item=item, flow_size=flow_size)

    @property
    def stem(self) -> str:
        return first_stem(self.batch, self.item)

    def account_of_its_own(self, lane: str) -> str | None:
        """The account that the run names, if its lane is not that account's alone."""
        account = self.item.account
        return None if account is None or lane.endswith(":" + account.replace("/", ".")) else account

    @property
    def query(self) -> str:
        """What the query's durations are remembered under: its name, whatever window its text asks for today."""
        if self.flow_size > MOST_REMEMBERED:
            return ""
        return hashlib.sha256(f"{self.item.account}\n{self.item.name}".encode()).hexdigest()[:16]


class _Stopped(Exception):
    """Raised inside a transfer when this process has to stop, or somebody else holds the run."""


def transfer(
    rt: Runtime, governor: Governor, custody: Custody, subject: Subject, seen: QueryRun, result: ResultFile
) -> None:
    """Lands one result from the URL that was just given for it, and settles its run."""
    store = rt.store(subject.batch.output)
    try:
        landed = land(
            rt.fetcher(subject.batch.connection),
            result.url,
            content_type=result.content_type,
            size=result.size_bytes,
            store=store,
            stem=subject.stem,
            limits=rt.limits,
            progress=_Reporter(rt, governor, custody),
        )
    except _Stopped:
        governor.defer(custody, 0)
        return
    except LandingError as error:
        landing_failed(rt, governor, custody, error)
        return
    if not governor.renew(custody, DOWNLOAD_CUSTODY_MS, landed.received_bytes):
        # Somebody else holds the run, or it was canceled meanwhile. Without a manifest the object does not exist.
        governor.defer(custody, 0)
        return
    api_version = rt.client(subject.batch.connection).connection.api_version
    manifest = _manifest(governor.lane, custody, subject, seen, object_part(store, landed), landed, api_version)
    write_manifest(store, subject.stem, manifest)
    if governor.finish(custody, RunState.LANDED, stored_bytes=landed.bytes, records=landed.records or 0):
        log.info("landed", extra={"event": "landed", "stored_bytes": landed.bytes, **names(governor, custody)})


def landing_failed(rt: Runtime, governor: Governor, custody: Custody, error: LandingError) -> None:
    """Tries again with a fresh URL, so often; the query is never run again for it."""
    if error.retry and custody.tries < MOST_TRIES:
        log.warning("%s", error, extra={"event": "landing_failed", **names(governor, custody)})
        governor.defer(custody, backoff_ms(custody.tries), str(error))
        return
    times = f" ({custody.tries} tries)" if error.retry else ""
    fail(rt, governor, custody, Reason(FailureClass.TRANSFER, f"{error}{times}"))


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
        if not self._governor.renew(self._custody, DOWNLOAD_CUSTODY_MS, received_bytes):
            raise _Stopped


def _manifest(
    lane: str, custody: Custody, subject: Subject, seen: QueryRun, stored: ObjectPart, landed: Landed, api_version: str
) -> Manifest:
    now = datetime.now(UTC)
    ended_ms = custody.since_end_ms
    return Manifest(
        batch=subject.batch.id,
        lane=lane,
        run=custody.run,
        name=subject.item.name,
        account=subject.item.account,
        attempt=custody.attempt,
        query_run=seen.id,
        sql_sha256=hashlib.sha256(subject.item.sql.encode()).hexdigest(),
        object=stored,
        csv=csv_part(landed),
        compress=True,
        delivered_bytes=landed.received_bytes,
        submitted_at=seen.created,
        ended_at=None if ended_ms is None else now - timedelta(milliseconds=ended_ms),
        landed_at=now,
        livemode=seen.livemode,
        api_version=api_version,
        request_ids=(seen.request_id,) if seen.request_id else (),
    )
