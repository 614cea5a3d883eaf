"""A simulated month: a deployment in one process, whose calendar belongs to the test.

The sandbox is real HTTP and Valkey is real; workers are rounds of the pump that carry their claims out in threads of
this process, without Celery. Two clocks: runs live on the real one and take milliseconds, while what should run, and
when, is asked of `World.now`, which only `advance` moves. Whatever a run waits for (a look, a backoff, a custody) has
passed by the next hour of the month, so each round makes it due.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from governor.governor import Claimed
from governor.states import Gate, Step
from governor.view import View
from worker.custody import carry_out
from worker.runtime import Runtime

#: More rounds than any hour of a month needs; an hour that takes them all would never end.
MOST_ROUNDS = 200
#: Of one lane and step in one round.
ROOM = 200


@dataclass
class World:
    """The deployment, and what its hours brought. `workers_down` and `stripe_down` are for whoever tells the story."""

    rt: Runtime
    stripe_url: str
    now: datetime
    workers_down: bool = False
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, thread_name_prefix="worker"))

    def __post_init__(self) -> None:
        self.view = View(self.rt.redis)
        self._api = httpx.Client(base_url=self.stripe_url, timeout=30)

    def advance(self, by: timedelta) -> None:
        self.now += by

    def work(self) -> None:
        """Lets workers go on until nothing is due; with Stripe away, until each run was tried."""
        if self.workers_down:
            return
        self._let_time_pass()
        for _ in range(MOST_ROUNDS):
            if not self._round():
                return
            if not self._stripe_down:
                self._let_time_pass()
        raise AssertionError(f"at {self.now} there is always something due")

    def control(self, **settings: Any) -> None:
        """Tells the sandbox how to behave."""
        self._api.post("/sandbox/control", json=settings).raise_for_status()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Closes what it holds at the end."""
        try:
            yield
        finally:
            self._threads.shutdown()
            self._api.close()
            self.rt.close()

    _stripe_down: bool = False

    def stripe_goes_down(self) -> None:
        """Requests are not answered any more; what they asked for is done for all that, as it may be."""
        self._stripe_down = True
        self.control(
            faults=[{"name": "drop_reply", "operation": "create"}, {"name": "drop_request", "operation": "retrieve"}]
        )

    def stripe_comes_back(self) -> None:
        self._stripe_down = False
        self.control(faults=[])

    def _round(self) -> int:
        """One round of the pump, and its messages carried out; how many there were."""
        messages: list[tuple[Step, str, Claimed]] = []
        for lane in self.view.lanes():
            claims = self.rt.governor(lane).claim(submits=ROOM, downloads=ROOM, polls=ROOM)
            messages += [(step, lane, run) for step, due in claims.due.items() for run in due]
        list(self._threads.map(self._carry_out, messages))
        return len(messages)

    def _carry_out(self, message: tuple[Step, str, Claimed]) -> None:
        step, lane, run = message
        carry_out(self.rt, step, lane, [run])

    def _let_time_pass(self) -> None:
        """Whatever waits for a moment has waited long enough: each run, and a lane that was told to hold on."""
        for lane in self.view.lanes():
            governor = self.rt.governor(lane)
            governor.open_gates(Gate)
            for step in Step:
                key = governor.keys.due(step)
                runs = self.rt.redis.zrange(key, 0, -1)
                if runs:
                    self.rt.redis.zadd(key, dict.fromkeys(runs, 0))

    # What Stripe saw, which is the judge.

    def stripe_runs(self) -> list[dict[str, Any]]:
        """Every QueryRun that there ever was."""
        found: list[dict[str, Any]] = []
        start: int | None = 0
        while start is not None:
            page = self._api.get("/sandbox/runs", params={"start": start, "limit": 1000}).raise_for_status().json()
            found += page["data"]
            start = page["next_start"]
        return found

    def executions(self) -> Counter[tuple[str, str]]:
        """How often each account's SQL was run: by owner and the text's SHA-256."""
        return Counter((run["owner"], run["sql_sha256"]) for run in self.stripe_runs())
