"""Loses Redis at random, while workers send creates that Stripe starts, refuses or takes up later; counts at Stripe.

All is real but Stripe, the queue and the processes: those are lists, so that each message, each create and each note
may come late, twice or never. `test_cap_after_loss.py` runs it.
"""

import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from forebay.config.standing import FlowClass, Standing
from forebay.governor.contract import Claimed, LaneLimits
from forebay.governor.states import Gate, Step
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.steering import LaneSteering
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Item
from forebay.store.ledger.use_records import run_mark
from forebay.store.local import LocalStore
from forebay.worker.sent_writer import SentPorts, SentWriter
from forebay.worker.steps.carry_out import carry_out
from tests.governor.keyspace import pass_time
from tests.scheduler.batches.losses import Snapshot, put_back, snapshot
from tests.worker.conftest import LANE, World, refusal

#: More than ours ever is, so that it is never Stripe that keeps us within ours.
STRIPES_CAP = 5
BATCHES = {"b1": FlowClass.BACKFILL, "b2": FlowClass.SCHEDULED, "b3": FlowClass.INTERACTIVE}
SIZE = 4
#: So long that nothing of before is alive at Stripe.
SURELY_OVER_MS = 100 * 60_000

PROCESSES = st.integers(0, 1)
#: What becomes of a create: it is answered, its answer is lost, or it is under way for a while.
FATES = st.sampled_from(["answered", "answered", "answered", "unheard", "late"])
LOSSES = st.sampled_from(["emptied", "put back"])


@dataclass(frozen=True)
class Create:
    """One that is sent to Stripe; `cap` is ours as it was decided by."""

    key: str
    query: str
    cap: int


@dataclass
class Stripe:
    """What Stripe knows."""

    runs: dict[str, str] = field(default_factory=dict)
    """Idempotency key, which is the QueryRun's id too here → its status."""
    queries: list[str] = field(default_factory=list)
    """What was started, in that order."""
    outsiders: int = 0
    """Runs of others that use the same cap."""
    under_way: list[Create] = field(default_factory=list)
    """Creates that have not arrived."""
    wrong: list[str] = field(default_factory=list)
    """What never may be."""

    @property
    def alive(self) -> list[str]:
        return [key for key, status in self.runs.items() if status == "running"]

    def take_up(self, create: Create) -> httpx.Response:
        """Starts what is asked for, unless its key is known or the cap is full."""
        if create.key not in self.runs:
            if len(self.alive) + self.outsiders >= STRIPES_CAP:
                return refusal(429, "query_run_rate_limit_exceeded")
            if len(self.alive) >= create.cap:
                self.wrong.append(f"{create.query} beside {len(self.alive)} is more than our cap of {create.cap}")
            if create.query in self.queries:
                self.wrong.append(f"{create.query} ran twice")
            self.runs[create.key] = "running"
            self.queries.append(create.query)
        return self.show(create.key)

    def show(self, key: str) -> httpx.Response:
        said: dict[str, Any] = {"id": key, "status": self.runs[key], "livemode": False}
        if self.runs[key] == "succeeded":
            file = {"content_type": "zip", "download_url": {"url": "http://127.0.0.1:1/r.zip"}, "size": "9999999"}
            said["result"] = {"type": "file", "file": file}
        return httpx.Response(200, json=said)


class LosingMachine(RuleBasedStateMachine):
    """One lane, three batches, and two worker processes whose parts act one at a time."""

    def __init__(self, world: World) -> None:
        super().__init__()
        world.rt.redis.flushall()
        folder = world.destination.parent
        world.rt.ledger = Ledger(LocalStore(folder / f"ledger-{len(list(folder.iterdir()))}"))
        world.rt.express_bytes = 0
        world.__post_init__()
        world.handle = self._answer  # type: ignore[method-assign]
        self.world, self.redis, self.stripe = world, world.rt.redis, Stripe()
        self.cap = world.rt.config.connection().cap
        self.fate, self.cap_of_message, self.started = "answered", 0, 0
        self.writers = [self._writer(), self._writer()]
        self.reconcilers = [self.world.reconciler] * 2
        self.messages: list[tuple[Claimed, int]] = []
        self.cap_at: dict[Claimed, int] = {}
        self.held: Snapshot = {}

    def _writer(self) -> SentWriter:
        self.started += 1
        return SentWriter(
            SentPorts(
                records=self.world.rt.ledger.sent,
                node=f"node-{self.started}",
                now=lambda: datetime.now(UTC),
                wake=lambda: None,
            )
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return self.stripe.show(request.url.path.rpartition("/")[2])
        query = json.loads(request.content)["sql"]
        create = Create(request.headers["Idempotency-Key"], query, max(self.cap, self.cap_of_message))
        if self.fate == "late":
            self.stripe.under_way.append(create)
        answer = self.stripe.take_up(create) if self.fate != "late" else None
        if answer is None or self.fate == "unheard":
            raise httpx.ReadTimeout("no answer", request=request)
        return answer

    @invariant()
    def nothing_went_wrong(self) -> None:
        assert self.stripe.wrong == []

    # -- people, and others who use the cap

    @initialize(cap=st.integers(1, 3), refused=st.booleans())
    def begin(self, cap: int, refused: bool) -> None:
        self.limit(cap)
        self.accept("b1")
        if refused:
            self.be_refused(0, "b2")

    @rule(batch=st.sampled_from(sorted(BATCHES)))
    def accept(self, batch: str) -> None:
        items = (Item(name=f"q{index}", sql=f"SELECT '{batch}/{index}'", account=None) for index in range(SIZE))
        self.world.submit(items, batch, standing=Standing(flow_class=BATCHES[batch]))

    @rule(batch=st.sampled_from(sorted(BATCHES)))
    def cancel(self, batch: str) -> None:
        if self.world.view.flow(LANE, batch):
            self.world.steering.cancel(batch)

    @rule(cap=st.integers(1, 3))
    def limit(self, cap: int) -> None:
        LaneSteering(self.world.rt.ledger, self.redis).limit(LANE, LaneLimits(cap=cap))
        self.cap = cap

    # -- workers

    @rule(process=PROCESSES, most=st.integers(1, 3))
    def claim(self, process: int, most: int) -> None:
        """A pump, when all waits are over."""
        self.world.governor.open_gates([*Gate])
        self.world.make_due(Step.SUBMIT)
        due = self.world.governor.claim(submits=most, downloads=0, polls=0).due[Step.SUBMIT]
        self.cap_at |= dict.fromkeys(due, self.cap)
        self.writers[process].note(LANE, due)

    @rule(process=PROCESSES)
    def note(self, process: int) -> None:
        self.writers[process].commit()
        self.messages += [(run, self.cap_at[run]) for _, noted in self.writers[process].noted() for run in noted]

    @precondition(lambda self: self.messages)
    @rule(data=st.data(), process=PROCESSES, fate=FATES, again=st.booleans())
    def send(self, data: st.DataObject, process: int, fate: str, again: bool) -> None:
        """A step takes a message up, which may come `again`."""
        message = data.draw(st.sampled_from(self.messages))
        if not again:
            self.messages.remove(message)
        self._send(message, process, fate)

    def send_next(self, process: int, fate: str) -> None:
        self._send(self.messages.pop(0), process, fate)

    def _send(self, message: tuple[Claimed, int], process: int, fate: str) -> None:
        (claimed, self.cap_of_message), self.fate = message, fate
        self.world.rt.answered = self.writers[process].answered
        carry_out(self.world.rt, Step.SUBMIT, LANE, [claimed])
        self.fate = "answered"

    @rule(process=PROCESSES, most=st.integers(1, 3), fate=FATES)
    def work(self, process: int, most: int, fate: str) -> None:
        """Claims, notes and sends in one go, so that lanes often get far."""
        self.claim(process, most)
        self.note(process)
        while self.messages:
            self.send_next(process, fate)

    @rule(process=PROCESSES, batch=st.sampled_from(sorted(BATCHES)))
    def be_refused(self, process: int, batch: str) -> None:
        """Others have the cap when creates arrive, and another batch takes the slots that these give back."""
        self.claim(process, 3)
        self.note(process)
        self.accept(batch)
        self.stripe.outsiders = STRIPES_CAP - len(self.stripe.alive)
        while self.messages:
            self.send_next(process, "answered")
        self.stripe.outsiders = 0
        self.work(process, 3, "answered")

    def look(self) -> None:
        self.world.make_due(Step.POLL)
        due = self.world.governor.claim(submits=0, downloads=0, polls=9).due[Step.POLL]
        carry_out(self.world.rt, Step.POLL, LANE, due)

    def end_all(self) -> None:
        self.stripe.runs |= dict.fromkeys(self.stripe.alive, "failed")
        self.look()

    def die(self, process: int) -> None:
        """Takes away what a process had in memory."""
        rt, self.writers[process] = self.world.rt, self._writer()
        self.reconcilers[process] = Reconciler(rt.ledger, rt.redis, rt.config, rt.open_store)

    # -- Stripe

    @precondition(lambda self: self.stripe.under_way)
    @rule(data=st.data())
    def arrive(self, data: st.DataObject) -> None:
        create = data.draw(st.sampled_from(self.stripe.under_way))
        self.stripe.under_way.remove(create)
        self.stripe.take_up(create)

    @precondition(lambda self: self.stripe.alive)
    @rule(data=st.data(), status=st.sampled_from(["succeeded", "failed"]), seen=st.booleans())
    def end(self, data: st.DataObject, status: str, seen: bool) -> None:
        self.stripe.runs[data.draw(st.sampled_from(self.stripe.alive))] = status
        if seen:
            self.look()

    # -- Redis

    @rule()
    def snapshot(self) -> None:
        self.held = snapshot(self.world)

    @rule(loss=LOSSES, deaths=st.sets(PROCESSES))
    def lose(self, loss: str, deaths: Collection[int] = ()) -> None:
        put_back(self.world, self.held if loss == "put back" else {})
        for process in deaths:
            self.die(process)

    @rule(process=PROCESSES, at=st.one_of(st.none(), st.integers(0, 2)), loss=st.one_of(st.none(), LOSSES))
    def reconcile(self, process: int, at: int | None = None, loss: str | None = None) -> None:
        """Reconciles; `at` a batch it dies, or Redis is lost once more."""
        batches = 0

        def keep() -> None:
            nonlocal batches
            if batches == at and loss:
                self.lose(loss)
            elif batches == at:
                raise _Died
            batches += 1

        with suppress(_Died):
            assert self.reconcilers[process].all(keep=keep).problems.keys() <= {LANE}

    @rule(loss=LOSSES, most=st.integers(1, 3))
    def lose_and_go_on(self, loss: str, most: int) -> None:
        self.lose(loss)
        self.reconcile(0)
        self.work(0, most, "answered")

    def teardown(self) -> None:
        """Whatever happened, all of it comes to an end, and within the cap."""
        self.stripe.outsiders = 0
        self.stripe.under_way.clear()
        for _ in range(2):  # what nobody can tell waits for Stripe's own limit
            self.reconcile(0)
            for _ in range(3 * SIZE):
                if not self.world.view.lane(LANE).held:
                    break
                self.work(0, 3, "answered")
                self.end_all()
            pass_time(self.redis, SURELY_OVER_MS)
        assert self.world.view.lane(LANE).held == 0
        assert self.world.view.is_busy(LANE) == bool(self.redis.exists(self.world.governor.keys.due(Step.DOWNLOAD)))
        self.nothing_went_wrong()
        self.all_is_counted()

    def all_is_counted(self) -> None:
        """Holds what was spent by the ledger against what Stripe has run; what has not landed is not settled."""
        today, waiting = datetime.now(UTC).date(), self.redis.zrange(self.world.governor.keys.due(Step.DOWNLOAD), 0, -1)
        days = self.world.rt.ledger.uses.days(today - timedelta(days=2), today + timedelta(days=2))
        uses = [use for _, found in days for use in found]
        counted, unknown = (
            {use.query_run for use in uses if use.query_run},
            {use.run for use in uses if not use.query_run},
        )
        counted |= {self.redis.hget(self.world.governor.keys.run(run), "query_run") for run in waiting}
        assert counted <= set(self.stripe.runs)
        for key, query in zip(self.stripe.runs, self.stripe.queries, strict=True):
            assert key in counted or run_mark(query.split("'")[1]) in unknown, f"{query} was executed, and nobody knows"


class _Died(Exception):
    """Raised where a process ends in the midst of something."""
