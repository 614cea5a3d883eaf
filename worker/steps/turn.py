"""Holds one run for one step: what the run is about, and everything that the step can make of it.

`carry_out` makes a turn for each message that is not stale, and hands it to the step. What a run is about stands in the
ledger and is read when first asked for; what is made of it goes through the fence of its custody, so that who has lost
the run changes nothing. Of how a run ends the ledger knows before Redis, or a lost Redis could bring the run back.
"""

import dataclasses
import hashlib
import logging
from datetime import UTC, datetime

from forebay.governor.contract import CreateOutcome, Custody
from forebay.governor.deployment.shared_runs import SharedRuns
from forebay.governor.governor import Governor
from forebay.governor.poll_times import PollOutlook, first_poll_s, next_poll_s
from forebay.governor.states import Gate, RunState
from forebay.landing.by_account.land_by_account import LandedByAccount
from forebay.landing.land import Landed
from forebay.landing.result_paths import first_stem, is_in_quarantine, version_of
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.models import QueryRun
from forebay.runtime.runtime import Runtime
from forebay.scheduler.batches.budgets import DailyBudget, take
from forebay.scheduler.batches.sharing import query_of
from forebay.scheduler.errors import BudgetExceeded
from forebay.store.ledger.records import Batch, FailureRecord, Item
from forebay.worker.steps.retry_rules import (
    DOWNLOAD_CUSTODY_MS,
    GATE_WAITS,
    Reason,
    backoff_ms,
    fault,
    jittered,
    unknown_for_ms,
)
from forebay.worker.steps.use_of import CameTo, use_of

log = logging.getLogger(__name__)

#: Durations are remembered by query only in flows up to this size: a larger one is a list of one-off queries, and
#: would fill Redis with what nobody asks for again.
MOST_REMEMBERED = 10_000
#: By less a look is not put off, nor where events are known to miss more of the ends than this.
WORTH_PUTTING_OFF_S, MOST_MISSING = 1.0, 0.5
#: How long it is good for that Redis knew the run as this step's, and not as canceled: a download asks as often.
HEARD_FOR_S = 1.0


class Turn:
    """One run in the hands of one step. Used by one thread."""

    def __init__(self, runtime: Runtime, governor: Governor, custody: Custody) -> None:
        self.runtime = runtime
        self._governor = governor
        self.custody = custody
        self._batch: Batch | None = None
        self._item: Item | None = None
        self._observed: QueryRun | None = None
        self._known: PollOutlook | None = None
        self.came_to: dict[str, str | int] = {}
        """What a trace says of this step, beside what the custody does."""
        self._heard_s = runtime.monotonic_s()

    # What the run is about. Not by `cached_property`, whose lock all turns share before Python 3.12: one slow read of
    # the ledger would then hold up every thread.

    @property
    def lane(self) -> str:
        """Names the run's lane."""
        return self._governor.lane

    @property
    def batch(self) -> Batch:
        """Reads the batch that the run belongs to, once."""
        if self._batch is None:
            self._batch = self.runtime.ledger.batch(self.custody.flow)
        return self._batch

    @property
    def item(self) -> Item:
        """Reads what this attempt asks, once."""
        if self._item is None:
            custody = self.custody
            self._item = self.runtime.ledger.item(custody.flow, self.lane, custody.index, custody.attempt)
        return self._item

    @property
    def client(self) -> QueryRunClient:
        """Finds the client of the run's connection. Raises `ConfigError`."""
        return self.runtime.client(self.batch.connection)

    @property
    def stem(self) -> str:
        """Names the place where the result lands, without its suffix."""
        return first_stem(self.batch, self.item)

    def stem_of(self, account: str | None) -> str:
        """Names the place where the part of an account lands, of a result that is sorted by account."""
        return first_stem(self.batch, dataclasses.replace(self.item, account=account))

    @property
    def version(self) -> str | None:
        """Tells its object from those of other batches, where these may land at the same place."""
        custody = self.custody
        if not self.batch.shares_places or is_in_quarantine(self.stem):
            return None
        return version_of(custody.run, custody.attempt, custody.bound_to)

    @property
    def one_account_of_many(self) -> bool:
        """Says that the run names an account, and that its lane serves others too."""
        account = self.item.account
        return bool(account and not self.lane.endswith(":" + account.replace("/", ".")))

    @property
    def query(self) -> str:
        """Names what the query's durations are remembered under, whatever window its text asks for today."""
        if self.batch.size_on(self.lane) > MOST_REMEMBERED:
            return ""
        return hashlib.sha256(f"{self.item.account}\n{self.item.name}".encode()).hexdigest()[:16]

    @property
    def log_fields(self) -> dict[str, object]:
        """Collects the ids that every log line of a run carries; what it asks, if that was read already."""
        asked = {"query": self._item.name, "account": self._item.account} if self._item else {}
        return {
            **asked,
            "lane": self.lane,
            "run": self.custody.run,
            "attempt": self.custody.attempt,
            "query_run": self.custody.query_run,
        }

    @property
    def is_running(self) -> bool:
        """Says that it holds a slot for a QueryRun that is known."""
        return self.custody.state is RunState.RUNNING

    # What a step can make of it, and still hold it.

    def retrieve(self) -> QueryRun:
        """Asks Stripe for the QueryRun, and opens the gates that this passed. Raises `QueryRunError`."""
        bound_to, account, api = self.custody.bound_to, self.item.account, self.batch.api
        observed = self._observed = self.client.retrieve(bound_to, account=account, api=api)
        self.open_gates()
        return observed

    def mark_sent(self, key: str) -> str | None:
        """Records the idempotency key before the create; gives the key to send, None if somebody else holds the run.

        Raises `LaneUnreconciled`.
        """
        return self._governor.mark_sent(self.custody, key)

    def bind(self, created: QueryRun) -> bool:
        """Moves granted → running; False if somebody else holds the run."""
        self._observed = created
        self.runtime.answered(self.lane, self.custody.run, self.custody.attempt)
        look_s = first_poll_s(self.custody.index, self._outlook())
        bound = self._governor.bind(self.custody, created.id, int(look_s * 1000))
        if bound:
            self.custody = dataclasses.replace(self.custody, state=RunState.RUNNING, query_run=created.id)
        return bound

    def take_up(self, query_run: str) -> None:
        """Moves granted → running with a QueryRun that was there before, and has it looked at at once."""
        self._governor.bind(self.custody, query_run, 0)

    def ready(self, *, landing: bool) -> bool:
        """Moves running → ready, which frees the slot; with `landing` the step goes on to land the result itself.

        False if somebody else holds the run.
        """
        self._note_data()
        took = self.custody.took(self._outlook().durations)
        landing_ms = DOWNLOAD_CUSTODY_MS if landing else 0
        if not self._governor.ready(self.custody, query=self.query, took=took, landing_ms=landing_ms):
            return False
        elapsed_ms = self.custody.since_create_ms
        log.info("ended at Stripe", extra={"event": "ready", "elapsed_ms": elapsed_ms, **self.log_fields})
        self.custody = dataclasses.replace(self.custody, state=RunState.READY, since_end_ms=0)
        return True

    def renew(self, received_bytes: int) -> bool:
        """Keeps the run for the next stretch of a download; False if it is lost."""
        self.runtime.under_way.got_on()
        self._heard_s = self.runtime.monotonic_s()
        return self._governor.renew(self.custody, DOWNLOAD_CUSTODY_MS, received_bytes)

    def keep(self, received_bytes: int) -> bool:
        """Does as `renew`; but Redis is not asked where it said so a moment ago, when the turn began or a chunk came.

        A cancel changes nothing that a step holds, so it is only heard of by asking.
        """
        return self.runtime.monotonic_s() - self._heard_s < HEARD_FOR_S or self.renew(received_bytes)

    def open_gates(self) -> None:
        """Opens the gates that a request of this turn has passed."""
        self._governor.open_gates(self.custody.closed_gates)

    def close_gate(self, gate: Gate, reason: str) -> None:
        """Holds up the lane's requests that pass this gate."""
        wait = GATE_WAITS[gate]
        self._governor.close_gate(gate, first_ms=jittered(wait.first_ms), longest_ms=wait.longest_ms, reason=reason)

    # How a turn ends: the run is due again…

    def poll_later(self) -> None:
        """Makes the run due when its next look pays."""
        self._known = None  # the look may have taken its time
        wait_s = next_poll_s((self.custody.since_create_ms or 0) / 1000, self._outlook())
        self.defer(int(wait_s * 1000))

    def put_off(self) -> bool:
        """Puts the first look off that was planned when less was known, if by now it pays later, and says so.

        Where nothing tells of most ends what is known comes from looks: these are made as they were planned. So is one
        that tries a gate, since all others wait for what it finds, and one at a canceled run.
        """
        custody, since_create_ms = self.custody, self.custody.since_create_ms
        # Releases that know no plan leave it where it is when they look, or hear of an end.
        is_first = custody.planned and custody.since_poll_ms is None and custody.since_told_ms is None
        if not is_first or since_create_ms is None or custody.closed_gates or custody.canceling:
            return False
        outlook = self._outlook()
        if outlook.feed is None or outlook.feed.missing > MOST_MISSING:
            return False
        later_s = first_poll_s(custody.index, outlook) - since_create_ms / 1000
        if later_s < WORTH_PUTTING_OFF_S:
            return False
        self._governor.put_off(custody, int(later_s * 1000))
        return True

    def defer(self, delay_ms: int, trouble: str = "", create: CreateOutcome = CreateOutcome.NONE) -> None:
        """Makes the run due after a delay; `trouble` says what stands in its way."""
        self._governor.defer(self.custody, delay_ms, trouble, create)

    def back_off(self, trouble: str, create: CreateOutcome = CreateOutcome.NONE) -> None:
        """Makes the run due after a delay that doubles with each try."""
        self.defer(backoff_ms(self.custody.tries), trouble, create)

    def await_operator(self, gate: Gate, reason: str, create: CreateOutcome = CreateOutcome.NONE) -> None:
        """Stops the lane's requests behind this gate but for a probe now and then: no run fails because of a key."""
        self.close_gate(gate, reason)
        self.defer(0, reason, create)

    def let_go(self) -> None:
        """Gives up the slot of a running run that Stripe does not answer for: its own limit has ended it meanwhile.

        What it came to is asked on, without a slot.
        """
        if self.custody.canceling:
            self.cancel()
        else:
            self._governor.ready(self.custody)

    # … or waits for a slot again…

    def give_back(self, refusal: str, create: CreateOutcome) -> None:
        """Gives back the slot of a create that the cap refused, unless an earlier sending of it may reach Stripe yet.

        Its sender may be a process that sleeps, or a proxy. It would then start a query that holds no slot, so the slot
        stays until this key is answered.
        """
        if unknown_for_ms(self.custody):
            self.defer(0, refusal, create)
        else:
            self._governor.requeue(self.custody, attempt=self.custody.attempt, refused=True)

    def words_before(self) -> str | None:
        """Reads in which words the attempt before this one ended, with the advice behind them, if there was one."""
        if not self.custody.attempt:
            return None
        failure = self.runtime.ledger.failure(self.custody.flow, self.lane, self.custody.index)
        return failure.message if failure and failure.attempt < self.custody.attempt else None

    def run_again(self, ended: QueryRun) -> None:
        """Gives the slot back for a new attempt, another QueryRun of the same text; fails it if no budget is left."""
        reason = fault(ended)
        try:
            self._take_attempt()
        except BudgetExceeded as error:
            self.fail(dataclasses.replace(reason, message=f"{reason.message} (Not asked once more: {error}.)"))
            return
        self._note_use(CameTo(reason.error_class))
        self._record(reason, retried=True)
        self._governor.requeue(self.custody, attempt=self.custody.attempt + 1)

    # … or is settled.

    def note_landed(self, landed: Landed | LandedByAccount) -> None:
        """Notes what was spent on a result that has landed; before its manifest, which settles the run, is written."""
        self._note_use(CameTo("landed", landed.records, landed.received_bytes))

    def land(self, landed: Landed | LandedByAccount) -> None:
        """Settles the run as landed; its manifest says so already."""
        if self._governor.finish(self.custody, RunState.LANDED, stored_bytes=landed.bytes, records=landed.records or 0):
            self.came_to |= {"forebay.outcome": "landed", "forebay.stored_bytes": landed.bytes}
            log.info("landed", extra={"event": "landed", "stored_bytes": landed.bytes, **self.log_fields})

    def cancel(self) -> None:
        """Settles the run as canceled; the batch's cancel marker in the ledger says so already."""
        self._note_use(CameTo("canceled"))
        if self._governor.finish(self.custody, RunState.CANCELED):
            self.came_to["forebay.outcome"] = "canceled"
            log.info("canceled", extra={"event": "canceled", **self.log_fields})

    def fail(self, reason: Reason) -> None:
        """Settles the run as failed, with the reason in the ledger."""
        self._note_use(CameTo(reason.error_class))
        self._record(reason)
        if not reason.error_class.has_result:
            self._share_no_more()
        if self._governor.finish(self.custody, RunState.FAILED, why=reason.error_class):
            self.came_to |= {"forebay.outcome": "failed", "error.type": str(reason.error_class)}
            cause = {"error_class": reason.error_class, "code": reason.code, "request_id": reason.request_id}
            # The message stays in the ledger: an engine's error may quote the rows that it stumbled over.
            log.warning("failed: %s", reason.error_class, extra={"event": "failed", **cause, **self.log_fields})

    def _note_data(self) -> None:
        """Notes up to when the data go that the QueryRun saw, if it told."""
        until = self._observed.refreshed_at if self._observed else None
        if until:
            self.runtime.seen_data.note(self.batch.connection, self.item.account, until)

    def _take_attempt(self) -> None:
        """Takes another QueryRun of its definition's day, if it has one. Raises `BudgetExceeded`."""
        today = datetime.now(UTC).date()
        budget = DailyBudget.of_batch(self.batch.policy, 1, today)
        if budget:
            take(self.runtime.ledger.spent, budget, f"{self.custody.run}#{self.custody.attempt + 1}", today)

    def _note_use(self, came_to: CameTo) -> None:
        """Notes that a QueryRun was spent; or that one may have been, of which Stripe never gave the name."""
        if self.custody.query_run is not None or self.custody.since_sent_ms is not None:
            use = use_of(self.batch, self.item, self.custody, self._observed, came_to, now=datetime.now(UTC))
            self.runtime.ledger.uses.add(use)

    def _record(self, reason: Reason, *, retried: bool = False) -> None:
        record = FailureRecord(
            attempt=self.custody.attempt,
            error_class=reason.error_class,
            code=reason.code,
            message=reason.message,
            query_run=self.custody.query_run,
            request_id=reason.request_id,
            at=datetime.now(UTC),
            fence=self.custody.fence,
            retried=retried,
        )
        self.runtime.ledger.record_failure(self.custody.flow, self.lane, self.custody.index, record)

    def _share_no_more(self) -> None:
        """Keeps a QueryRun that failed from whoever comes later; done before the run settles, so never forgotten.

        A result that only did not land is good: whoever shares it may well land it.
        """
        query = query_of(self.lane, self.item, self.batch.api)
        SharedRuns(self.runtime.redis).release(query, self.item.created_as(self.custody.run))

    def _outlook(self) -> PollOutlook:
        """Reads what is known of such runs, once: a step is short beside what changes it."""
        if self._known is None:
            self._known = self._governor.outlook(self.query)
        return self._known
