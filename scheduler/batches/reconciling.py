"""Makes Redis what the ledger says, of which it may know less: after it was emptied or put back, and all the time.

Each minute one worker process lists the open marks (`store/ledger/open_marks.py`): that one LIST is all that an idle
deployment costs. A batch that Redis does not know is restored (`restoring.py`); what people asked of one, and Redis was
not told or has forgotten, is told again (`enforcing.py`). A batch that is settled loses its marks.

A lane that is unreconciled (`governor/lua/unreconciled.lua`) grants nothing until here the same was done with all of
its batches, and what may be alive at Stripe (`store/ledger/sent_records.py`) holds slots again. In this order:

    the lane's id is read      so that a Redis that is lost once more meanwhile is found out at the end
    marks and notes are read   all that was confirmed before the loss stands there by now
    batches are restored       paused, so that nothing begins before the rest is known
    retries and cancels        read after the flow exists: whoever cancels now writes the ledger first, then Redis, so
                               one of the two sees the other
    sent runs are adopted      after retries, since a retried run may have been sent already
    pauses, classes, limits    which let the batch go on, if nobody paused it
    the lane is reconciled     with its id; refused if Redis is not the same any more, and then done again

Dying anywhere leaves the lane unreconciled: the next one begins anew, and each of these may be done twice.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from forebay.config.connections import Config
from forebay.config.errors import ConfigError
from forebay.governor.deployment.closing_queue import AT_ONCE, ClosingQueue
from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.errors import GovernorError, RedisUnavailable
from forebay.governor.reconciliation import Reconciliation
from forebay.governor.redis_client import Client
from forebay.governor.view import View
from forebay.landing.errors import LandingError
from forebay.scheduler.batches.enforcing import Enforcer
from forebay.scheduler.batches.opening import enlist
from forebay.scheduler.batches.restoring import Restored, Restorer
from forebay.store.errors import NotFound, StoreError
from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.open_marks import accepted_at, is_retried
from forebay.store.ledger.records import Batch
from forebay.store.ledger.sent_records import SentRun

#: A mark without a batch is of a submit that died: none takes so long between the two.
NEVER_CAME = timedelta(days=1)

#: So long Redis keeps the flow of a settled batch (`governor/lua/shared/moves.lua`).
KEPT_SETTLED = timedelta(days=30)

#: What is wrong with one batch, and stops no other.
_OF_ONE = (StoreError, LandingError, ConfigError, GovernorError)

_NO_MARKS: frozenset[str] = frozenset()


class Beyond(Enum):
    """Which batches are gone through beside those that have something left to do."""

    NOTHING = auto()  # none
    SETTLED_LATELY = auto()  # those that Redis would not have forgotten by itself, so that a retry can take them up
    ALL = auto()  # every one, those too that are older than the marks by which batches are found


@dataclass(slots=True, kw_only=True)
class Reconciled:
    """What a reconciliation came to."""

    restored: list[Restored] = field(default_factory=list)
    adopted: int = 0
    """Runs that hold a slot again, since Stripe may run them."""
    enforced: list[str] = field(default_factory=list)
    """What Redis was told again, for people."""
    problems: dict[str, str] = field(default_factory=dict)
    """By batch or lane: why it could not be done."""


@dataclass(slots=True, kw_only=True)
class _Round:
    """One reconciliation under way."""

    marks: Mapping[str, frozenset[str]]
    waiting: dict[str, str]
    """Lane → id of the reconciliation that it waits for."""
    alive: Mapping[str, Collection[SentRun]] | None = None
    """What may be alive, by lane; read where a lane waits, or something had to be restored."""
    beyond: Beyond = Beyond.NOTHING
    result: Reconciled = field(default_factory=Reconciled)
    unclear: set[str] = field(default_factory=set)
    """Lanes with runs that may be alive, and that could not be adopted."""


class Reconciler:
    """Reconciles one deployment's Redis with its ledger. One thread uses it."""

    def __init__(
        self,
        ledger: Ledger,
        client: Client,
        config: Config,
        open_store: Callable[[str], Store],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger, self._redis, self._now = ledger, client, now
        self._restorer = Restorer(ledger, client, config, open_store)
        self._enforcer = Enforcer(ledger, client)
        self._view = View(client)
        self._known: dict[str, frozenset[str]] = {}
        """Marks of batches, by folder, whose intents Redis was told since it last forgot anything."""
        self._too_old: set[str] = set()

    def all(self, *, beyond: Beyond = Beyond.NOTHING, keep: Callable[[], None] = lambda: None) -> Reconciled:
        """Reconciles all open batches, all lanes that wait for it, and what is `beyond` these.

        What is wrong with one batch is told, and stops no other. `keep` is called before each; what it raises ends it.
        Raises StoreError and `RedisUnavailable`.
        """
        return self._reconcile(None, beyond=beyond, keep=keep)

    def lanes(self, lanes: Collection[str]) -> Reconciled:
        """Reconciles these lanes, those of them that wait for it; costs next to nothing where none does."""
        if not any(self._waits_for(lane) for lane in lanes):
            return Reconciled()
        return self._reconcile(set(lanes))

    def bring_back(self, batch: Batch) -> list[Restored]:
        """Restores one batch, as far as Redis does not know it, with what people want of it.

        Raises StoreError, LandingError, `ConfigError` and `GovernorError`.
        """
        lanes = {flow.lane for flow in batch.flows}
        restored = [flow for flow in self.lanes(lanes).restored if flow.batch_id == batch.id]
        if any(self._view.flow(lane, batch.id) is None for lane in lanes):
            current = _Round(marks={}, waiting={})
            self._batch(batch, _NO_MARKS, current)
            self.lanes(lanes)  # such as it has just made
            restored += current.result.restored
        elif RecentBatches(self._redis).unknown([batch.id]):
            enlist(self._redis, batch)  # who opened it died before the end
        return restored

    def _reconcile(
        self, only: set[str] | None, *, beyond: Beyond = Beyond.NOTHING, keep: Callable[[], None] = lambda: None
    ) -> Reconciled:
        current = _Round(marks=self._ledger.open_marks.all(), waiting={}, beyond=beyond)
        for lane in sorted(only if only is not None else {*self._view.lanes(), *self._lanes_of(current.marks)}):
            with self._problems_of(lane, current):
                waits_for = self._waits_for(lane)
                if waits_for:
                    current.waiting[lane] = waits_for
        if current.waiting:
            current.marks = self._ledger.open_marks.all()  # once more: what it names is older than these
            current.alive = self._ledger.sent.may_be_alive(self._now())
        for folder in self._folders(current):
            keep()
            self._folder(folder, only, current)
        for lane in current.waiting:
            with self._problems_of(lane, current):
                self._end(lane, current)
        self._known = {folder: known for folder, known in self._known.items() if folder in current.marks}
        return current.result

    def _folders(self, current: _Round) -> Iterator[str]:
        """Yields each batch once: those with marks, those of which something was sent lately, and what is beyond."""
        alive = current.alive or {}
        sent = {segment(run.flow) for lane in current.waiting for run in alive.get(lane, ())}
        yield from sorted({*current.marks, *sent})
        others: Iterable[str] = ()
        if current.beyond is Beyond.ALL:
            others = self._ledger.names.folders()
        elif current.beyond is Beyond.SETTLED_LATELY:
            lately = self._ledger.acceptances.between(self._now() - KEPT_SETTLED, self._now() + NEVER_CAME)
            others = dict.fromkeys(acceptance.folder for acceptance in lately)
        yield from (folder for folder in others if folder not in {*current.marks, *sent})

    def _lanes_of(self, marks: Mapping[str, frozenset[str]]) -> Iterator[str]:
        """Yields the lanes of open batches: an empty Redis does not know any."""
        for folder in marks:
            with suppress(StoreError):  # told of when it is its turn
                yield from (flow.lane for flow in self._ledger.batch_in(folder).flows)

    def _waits_for(self, lane: str) -> str | None:
        return Reconciliation(self._redis, lane).unreconciled()

    def _folder(self, folder: str, only: set[str] | None, current: _Round) -> None:
        marks = current.marks.get(folder, _NO_MARKS)
        with self._problems_of(folder, current):
            try:
                batch = self._ledger.batch_in(folder)
            except NotFound:
                self._sweep_without_batch(folder, marks)
                if current.beyond is Beyond.ALL:
                    self._ledger.adopt_left(folder, self._now())
                return
            if only is None or only & {flow.lane for flow in batch.flows}:
                self._batch(batch, marks, current)
            if current.beyond is Beyond.ALL:
                self._ledger.acceptances.add(batch.id, batch.created_at)  # it may be older than these are

    @contextmanager
    def _problems_of(self, name: str, current: _Round) -> Iterator[None]:
        """Goes on past what is wrong with one batch or lane, and keeps it for people."""
        try:
            yield
        except RedisUnavailable:
            raise
        except _OF_ONE as error:
            current.result.problems[name] = str(error)
            alive = current.alive or {}
            current.unclear |= {lane for lane, runs in alive.items() if any(segment(run.flow) == name for run in runs)}

    def _batch(self, batch: Batch, marks: frozenset[str], current: _Round) -> None:
        folder = segment(batch.id)
        if self._is_part_of_what_is_closed(batch):
            self._ledger.open_marks.remove(folder, marks)
            return
        flows = {flow.lane: self._view.flow(flow.lane, batch.id) for flow in batch.flows}
        lost = [lane for lane, flow in flows.items() if flow is None]
        if lost and not self._restore(batch, folder, current):
            return
        forgetful = {*lost, *(lane for lane in flows if lane in current.waiting)}
        if forgetful or (marks and self._known.get(folder) != marks):
            self._known.pop(folder, None)
            self._tell(batch, marks, forgetful, current)
            self._known[folder] = marks
        if not lost:
            self._look_after(batch, marks, done=all(flow is not None and flow.done for flow in flows.values()))

    def _is_part_of_what_is_closed(self, batch: Batch) -> bool:
        return bool(batch.policy and batch.policy.whole) and self._is_closed(batch)

    def _is_closed(self, batch: Batch) -> bool:
        closed_by = (batch.policy and batch.policy.whole) or batch.id
        return self._ledger.closing(closed_by) is not None

    def _restore(self, batch: Batch, folder: str, current: _Round) -> bool:
        """Restores a batch; False if it is too old for that, which is told once."""
        if folder in self._too_old:
            return False
        restored = list(self._restorer.restore(batch))
        current.result.restored += restored
        if any(flow.waiting for flow in restored) and folder not in current.marks:
            self._ledger.open_marks.accept(batch.id, batch.created_at)  # it is older than marks are
        if any(flow.too_old for flow in restored):
            self._too_old.add(folder)
            return False
        return True

    def _tell(self, batch: Batch, marks: frozenset[str], forgetful: Collection[str], current: _Round) -> None:
        """Tells Redis what people want, and what may be alive of lanes that may have forgotten it."""
        enforced = current.result.enforced
        enforced += self._enforcer.end(batch, retried=is_retried(marks))
        for lane in sorted(forgetful):
            self._adopt(batch, lane, current)
        enforced += self._enforcer.steer(batch)
        # Also where nothing was lost: who opened it may have died before people could find it.
        RecentBatches(self._redis).add(batch.id, batch.created_at)

    def _adopt(self, batch: Batch, lane: str, current: _Round) -> None:
        if current.alive is None:
            current.alive = self._ledger.sent.may_be_alive(self._now())
        sent = [run for run in current.alive.get(lane, ()) if run.flow == batch.id]
        if sent:
            runs = [(run.index, run.attempt) for run in sent]
            answered = {(run.index, run.attempt) for run in sent if run.answered}
            current.result.adopted += Reconciliation(self._redis, lane).adopt(batch.id, runs, answered)

    def _look_after(self, batch: Batch, marks: frozenset[str], *, done: bool) -> None:
        """Takes the marks of a settled batch away; sees to it that one of the spec is closed by somebody."""
        if done and (batch.policy is None or self._is_closed(batch)):
            self._ledger.open_marks.remove(segment(batch.id), marks)
            return
        if not marks:
            self._ledger.open_marks.accept(batch.id, batch.created_at)  # it is older than marks are
        if batch.needs_closing:
            ClosingQueue(self._redis).add_new(batch.id, AT_ONCE)

    def _sweep_without_batch(self, folder: str, marks: frozenset[str]) -> None:
        accepted = accepted_at(marks)
        if marks and (accepted is None or self._now() - accepted > NEVER_CAME):
            self._ledger.open_marks.remove(folder, marks)

    def _end(self, lane: str, current: _Round) -> None:
        """Ends the reconciliation of a lane, unless something of it may be alive that holds no slot."""
        problems = current.result.problems
        if lane not in self._view.lanes():
            return  # none of its batches could be restored, which was told
        current.result.enforced += self._enforcer.steer_lane(lane)
        if lane in current.unclear:
            problems[lane] = "it waits for a batch that cannot be read: runs of it may be alive at Stripe"
        elif not Reconciliation(self._redis, lane).reconciled(current.waiting[lane]):
            problems[lane] = "Redis is not the one any more with which this began; it is done again"
