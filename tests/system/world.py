"""A deployment in one process whose calendar belongs to the test: for stories of weeks.

The sandbox is real HTTP and Valkey is real; workers are rounds of the pump that carry out their claims in threads of
this process, without Celery. Two clocks: runs live on the real one and take milliseconds, while what should run, and
when, is asked of `World.now`, which only `advance` moves. Whatever a run waits for (a look, a backoff, a custody) has
passed by the next hour of the story, so it is made due.
"""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from forebay.config.connections import Config
from forebay.governor.contract import Claimed
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.redis_client import connect
from forebay.governor.states import Gate, Step
from forebay.governor.view import View
from forebay.landing.formats.format import Limits
from forebay.runtime.runtime import Runtime
from forebay.scheduler.closing.closer import Closer
from forebay.scheduler.closing.services import ClosingServices
from forebay.store.ledger.ledger import Ledger
from forebay.store.local import LocalStore
from forebay.worker.steps.carry_out import carry_out

#: Longer than any hour of a story needs, on a busy machine too; one that takes it all would never end.
MOST_S = 60.0
#: Claims of one lane and step in a round.
ROOM = 200
AWAY = [{"name": "drop_reply", "operation": "create"}, {"name": "drop_request", "operation": "retrieve"}]


class World:
    """The deployment, its clock, and what a story does to them."""

    def __init__(self, rt: Runtime, api: httpx.Client, threads: ThreadPoolExecutor, now: datetime) -> None:
        self.rt, self.now = rt, now
        self.workers_down = False
        self.told: list[tuple[datetime, Any]] = []
        self._stripe_down = False
        self._api, self._threads = api, threads
        self._view = View(rt.redis)
        services = ClosingServices(
            ledger=rt.ledger,
            redis=rt.redis,
            store=rt.store,
            tell=lambda notify, message: self.told.append((self.now, message)),
            now=lambda: self.now,
        )
        self._closer = Closer(services)

    def advance(self, by: timedelta) -> None:
        self.now += by

    def stripe_down(self, down: bool) -> None:
        """Leaves requests without an answer, or answers again. What a create asked for happens all the same."""
        if down != self._stripe_down:
            self._stripe_down = down
            self.control(faults=AWAY if down else [])

    def control(self, **settings: Any) -> None:
        """Tells the sandbox how to behave."""
        self._api.post("/sandbox/control", json=settings).raise_for_status()

    def work(self) -> None:
        """Lets the workers go on until nothing is due; with Stripe away each run is tried once."""
        if self.workers_down:
            return
        idle = 0
        until_s = time.monotonic() + MOST_S
        while time.monotonic() < until_s:
            self._let_time_pass()
            idle = 0 if self._round() else idle + 1
            self.close_batches()
            if idle == 2 or self._stripe_down:
                return
        raise AssertionError(f"at {self.now} something is always due")

    def close_batches(self) -> None:
        """Lets the closer look at every batch, now."""
        closing_queue = ClosingQueue(self.rt.redis)
        for batch in closing_queue.all():
            closing_queue.postpone(batch, 0)
        self._closer.round(self._view.now_ms())

    def executions(self) -> Counter[tuple[str, str]]:
        """Counts what Stripe ran, by account and SHA-256 of the text."""
        found: Counter[tuple[str, str]] = Counter()
        start: int | None = 0
        while start is not None:
            page = self._api.get("/sandbox/runs", params={"start": start, "limit": 1000}).raise_for_status().json()
            found.update((run["owner"], run["sql_sha256"]) for run in page["data"])
            start = page["next_start"]
        return found

    def _round(self) -> int:
        """One round of the pump, its messages carried out at once; how many there were."""
        messages: list[tuple[Step, str, Claimed]] = []
        for lane in self._view.lanes():
            claims = self.rt.governor(lane).claim(submits=ROOM, downloads=ROOM, polls=ROOM)
            messages += [(step, lane, run) for step, due in claims.due.items() for run in due]
        list(self._threads.map(self._carry_out, messages))
        return len(messages)

    def _carry_out(self, message: tuple[Step, str, Claimed]) -> None:
        step, lane, run = message
        carry_out(self.rt, step, lane, [run])

    def _let_time_pass(self) -> None:
        """Whatever waits for a moment has waited long enough: each run, each lane that was told to hold on or is out of
        requests. Rounds that come fast would else find nothing to do while something is due."""
        for lane in self._view.lanes():
            governor = self.rt.governor(lane)
            governor.open_gates(Gate)
            self.rt.redis.delete(governor.keys.budgets)
            for step in Step:
                key = governor.keys.due(step)
                runs: list[str] = self.rt.redis.zrange(key, 0, -1)  # type: ignore[assignment]
                if runs:
                    self.rt.redis.zadd(key, dict.fromkeys(runs, 0), xx=True)


@contextmanager
def world_of(config: Config, stripe_url: str, *, redis_url: str, ledger: Path, now: datetime) -> Iterator[World]:
    """A world that begins at `now`, with an empty Redis."""
    with (
        connect(redis_url) as client,
        httpx.Client(base_url=stripe_url, timeout=30) as api,
        ThreadPoolExecutor(4, thread_name_prefix="worker") as threads,
    ):
        client.flushall()
        rt = Runtime(
            config=config,
            redis=client,
            ledger=Ledger(LocalStore(ledger)),
            open_store=lambda url: LocalStore(Path(url)),
            limits=Limits(),
        )
        try:
            yield World(rt, api, threads, now)
        finally:
            rt.close()
