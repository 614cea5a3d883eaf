"""One schedule: worker processes, a broker that loses and doubles, a user, a Stripe, and time, under one seed."""

import itertools
from typing import Any

import redis
from pydantic import SecretStr

from forebay.config.connections import Budgets, Config, Connection
from forebay.config.secrets import HeldSecret
from forebay.config.stripe import DOWNLOAD_HOSTS, Mode
from forebay.governor.contract import Claimed
from forebay.governor.errors import GovernorError
from forebay.governor.governor import Governor
from forebay.governor.states import Step
from forebay.governor.view import View
from forebay.landing.fetch import Fetcher
from forebay.landing.formats.format import Limits
from forebay.queryrun.client import QueryRunClient
from forebay.runtime.runtime import Runtime
from forebay.scheduler.batches.budgets import DailyBudget
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.retrying import Retrier
from forebay.scheduler.batches.steering import Steering
from forebay.scheduler.batches.submitting import Submitter
from forebay.scheduler.errors import BatchCanceled, SchedulerError
from forebay.store.errors import StoreError
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import BatchTerms, Item
from forebay.store.ledger.spent_records import SpentRecords
from forebay.worker.steps.carry_out import carry_out
from forebay.worker.steps.retry_rules import RESEND_MS, SURELY_OVER_MS
from tests.interleaving.baton import MOST_TURNS, Actor, Baton
from tests.interleaving.seams import CLOCK, CutRedis, CutTransport, SharedStore
from tests.interleaving.stripe import FakeStripe

LANE = "default:test"
FLOW = "b1"
START_S = 1_800_000_000
#: A result up to this size is landed by the step that saw its end: some of `stripe.csv_of` are, some are not.
EXPRESS_BYTES = 150
#: Past every custody and backoff: whoever is in the middle of a step finds, if it goes on, that it has lost its run.
LONG_S = 61


class World:
    """What all actors share, and what only the scheduler does: letting time pass, ending queries, restarting."""

    def __init__(self, seed: int, pool: redis.ConnectionPool) -> None:
        self.baton = Baton(seed)
        dice = self.baton.dice
        self.size, self.cap = dice.randint(4, 8), dice.randint(2, 3)
        self.plan = dice.choice(("wait", "wait", "retry", "cancel"))
        self.haste = dice.choice((0.02, 0.05, 0.2))  # the part of all moves that are the world's
        self.others = dice.choice((True, False))  # whether others fill Stripe's cap now and then
        self.stripe = FakeStripe(self.baton)
        self.ledger, self.results = SharedStore("ledger"), SharedStore("out")
        self.messages: list[tuple[Step, Claimed]] = []
        self.client: Any = redis.Redis(connection_pool=pool, decode_responses=True)
        self.view = View(self.client)
        self.keys = Governor(self.client, LANE).keys
        self._pool = pool
        self._now_us = START_S * 1_000_000
        self._set_forward_us = 0
        self._started = 0
        connection = Connection(
            name="default",
            mode=Mode.TEST,
            secret=HeldSecret(origin="STRIPE_API_KEY", value=SecretStr("rk_test_secret")),
            cap=self.cap,
            budgets=Budgets(creates_per_s=1e6, retrieves_per_s=1e6, requests_per_s=1e6),
            api_base="http://127.0.0.1:1",
        )
        self._config = Config(connections={"default": connection}, default_connection="default")

    def run(self) -> None:
        """Plays the schedule until all is settled and nobody has anything left to do."""
        self.client.flushall()
        self._pass_time(0)
        self._user = self.baton.start("user", self._be_a_user)
        for _ in range(self.baton.dice.randint(2, 3)):
            self._start_worker()
        for _ in range(MOST_TURNS):
            if not self._turn():
                return
        raise AssertionError("a run is lost: the schedule does not come to an end")

    def _turn(self) -> bool:
        """One move of an actor, or of the world; False once all is over."""
        actors_move = self.baton.dice.random() > self.haste
        actor = self.baton.turn() if actors_move else None
        if actor is None:
            if actors_move and self._over():
                return False
            self._world_moves()
        elif actor.dead and actor is self._user:
            self._user = self.baton.start("user", self._be_a_user)  # types the command again
        elif actor.dead:
            self._start_worker()
        self._check(self._passing_time(1_000))
        return True

    def _world_moves(self) -> None:
        if self.others and self.baton.dice.random() < 0.3:
            self.stripe.filled_by_others = not self.stripe.filled_by_others
            self.baton.note("others fill the cap" if self.stripe.filled_by_others else "others leave the cap")
        elif self.stripe.alive and self.baton.dice.random() < 0.6:
            self.stripe.end_one()
        else:
            seconds = self.baton.dice.choice((1, 10, LONG_S, LONG_S))
            self.baton.note(f"{seconds} s pass")
            self._pass_time(seconds * 1_000_000)
        self.baton.wake_all()

    def _pass_time(self, us: int) -> None:
        self._passing_time(us).execute()

    def _set_clock_forward(self, us: int) -> None:
        """Sets the clock of Redis, which no other clock follows."""
        self._set_forward_us += us
        self._pass_time(us)

    def _passing_time(self, us: int) -> Any:
        """Begins a pipeline with the new time. It needs no transaction: nobody else has the baton meanwhile."""
        self._now_us += us
        pipeline = self.client.pipeline(transaction=False)
        return pipeline.delete(CLOCK).rpush(CLOCK, *divmod(self._now_us, 1_000_000))

    def _check(self, pipeline: Any) -> None:
        """Checks what must hold at every moment, in the same round trip as the pipeline."""
        keys = self.keys
        for key in (keys.slots, keys.due("submit"), keys.due("poll")):
            pipeline.zrange(key, 0, -1)
        pipeline.hmget(keys.config, "limit", "server").hmget(
            keys.flow(FLOW), "size", "next", "canceling", "paused"
        ).llen(keys.requeued(FLOW))
        found = pipeline.execute()[-6:]
        slots, granted, running, (limit, server), (size, cursor, canceling, paused), requeue = found
        assert sorted(slots) == sorted(granted + running), "a slot is held by who does not need it, or by nobody"
        assert len(slots) <= self.cap, f"{len(slots)} slots, cap {self.cap}"
        alive = {f"{FLOW}/{run.sql.split()[-1]}" for run in self.stripe.alive}
        assert alive <= set(slots), f"alive without a slot: {sorted(alive - set(slots))}"
        # Paused by a reconciler alone, which could not read yet what people want of a flow that came back.
        waiting = 0 if size is None or canceling or paused else int(size) - int(cursor) + requeue
        is_reconciled = server is not None  # before, nobody may be granted anything
        assert not (waiting and is_reconciled) or len(slots) >= int(limit or self.cap), "a slot is free, somebody waits"
        assert not self.stripe.complaints, self.stripe.complaints

    def _over(self) -> bool:
        return self._user.over and self.settled()

    def settled(self) -> bool:
        flow = self.view.flow(LANE, FLOW)
        return flow is not None and flow.done

    # What actors do.

    def _start_worker(self) -> None:
        self._started += 1
        self.baton.start(f"worker {self._started}", self._be_a_worker)

    def _be_a_worker(self, actor: Actor) -> None:
        rt = self.runtime(actor)
        while True:
            if self.messages:
                step, claimed = self._take_message()
                actor.doing = step
                carry_out(rt, step, LANE, [claimed])
                continue
            actor.doing = "pump"
            if not self._pump(rt):
                actor.rest()

    def _take_message(self) -> tuple[Step, Claimed]:
        """In any order, and now and then twice."""
        at = self.baton.dice.randrange(len(self.messages))
        return self.messages[at] if self.baton.trouble() else self.messages.pop(at)

    def _pump(self, rt: Runtime) -> bool:
        """One round of a pump; False if it found nothing."""
        room = self.baton.dice.randint(1, 8)
        governor = rt.governor(LANE)
        try:
            if self.baton.dice.random() < 0.1:
                audit = governor.audit(every_ms=30_000, surely_over_ms=SURELY_OVER_MS)
                assert not audit or not any(audit), f"the audit had to repair: {audit}"
            claims = governor.claim(submits=room, downloads=room, polls=room, resend_ms=RESEND_MS)
            if claims.unreconciled:
                self._reconciler(rt).all()
        except (GovernorError, StoreError):
            return True
        messages = [(step, claimed) for step, due in claims.due.items() for claimed in due]
        self.messages += [message for message in messages if not self.baton.trouble()]
        if messages:
            self.baton.wake_all()
        return bool(messages)

    def _reconciler(self, rt: Runtime) -> Reconciler:
        return Reconciler(rt.ledger, rt.redis, self._config, rt.open_store)

    def _be_a_user(self, actor: Actor) -> None:
        """Submits, and sees to it that it worked; then waits, cancels, or retries what failed."""
        actor.doing = "forebay submit"
        rt = self.runtime(actor)
        items = [Item(name=f"q{index}", sql=f"SELECT {index}", account=None) for index in range(self.size)]
        terms = BatchTerms(id=FLOW, output="out", source="test")
        budget = DailyBudget(definition="fees", runs=len(items))
        new = NewBatch(terms=terms, connection=self._config.connection(), items=items, budget=budget)
        reconciler = self._reconciler(rt)
        self._insist(lambda: Submitter(rt.ledger, rt.redis, reconciler).submit(new))
        # As the workers' reconcilers do each minute, for what the one of the submit could not read.
        while (flow := self.view.flow(LANE, FLOW)) and flow.paused:
            self._insist(reconciler.all)
        if self.plan == "cancel":
            for _ in range(self.baton.dice.randrange(8)):
                actor.rest()
            self._insist(lambda: Steering(rt.ledger, rt.redis).cancel(FLOW))
        if self.plan == "retry":
            while not self.settled():
                actor.rest()
            self._insist(lambda: Retrier(rt.ledger, rt.redis).retry(FLOW))

    def _insist(self, command: Any) -> None:
        while True:
            try:
                command()
            except BatchCanceled:
                pass
            except (GovernorError, SchedulerError, StoreError, redis.RedisError):
                continue
            self.baton.wake_all()
            return

    def runtime(self, actor: Actor) -> Runtime:
        """Makes what one process holds; nothing in it outlives a crash."""

        def make_client(connection: Connection, _: str | None) -> QueryRunClient:
            return QueryRunClient(connection, transport=CutTransport.to_api(actor, self.stripe))

        readings = itertools.count(step=2)
        store = self.ledger.as_seen_by(actor)
        ledger = Ledger(store)
        ledger.spent = SpentRecords(store, lot=lambda: "1")  # by chance no schedule would be the same twice
        return Runtime(
            config=self._config,
            redis=CutRedis.of(actor, self._pool),
            ledger=ledger,
            open_store=lambda _: self.results.as_seen_by(actor),
            limits=Limits(),
            express_bytes=EXPRESS_BYTES,
            make_client=make_client,
            # A second and more between any two readings of the clock: a download reports after every piece. And what
            # passes for Redis passes here, or each wait would be a clock that was set.
            monotonic_s=lambda: next(readings) + (self._now_us - self._set_forward_us) / 1_000_000,
            made_room=self.baton.wake_all,
            _fetchers={
                "default": Fetcher(allowed_hosts=DOWNLOAD_HOSTS, transport=CutTransport.to_files(actor, self.stripe))
            },
        )
