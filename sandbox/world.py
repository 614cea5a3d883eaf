"""Holds everything one sandbox is made of, in one place: built by asgi.py, handed to every request.

The only mutable root. `settings` and `faults` are replaced whole by a control request; the books are emptied by a
reset; the engine and its data live as long as the process.
"""

import asyncio
import random
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from forebay.sandbox.apis import SandboxApi
from forebay.sandbox.counts import Counts
from forebay.sandbox.dataset import account_names
from forebay.sandbox.events.event_book import EventBook
from forebay.sandbox.events.outbox import Outbox
from forebay.sandbox.faults import FaultBook
from forebay.sandbox.http.callers import Caller
from forebay.sandbox.http.files.links import Links
from forebay.sandbox.limits import Limiters
from forebay.sandbox.replays import IdempotencyBook
from forebay.sandbox.runs import RunBook
from forebay.sandbox.sandbox_settings import SandboxSettings
from forebay.sandbox.setting_choices import CapScope
from forebay.sandbox.sql.engine import Engine, Ticket

_CAP_LIVE, _CAP_TEST = 500, 100


@dataclass(slots=True, kw_only=True)
class World:
    """One sandbox."""

    settings: SandboxSettings
    initial: SandboxSettings
    """The settings of the start, to which a reset returns."""
    spool: Path
    """The folder where results rest."""
    engine: Engine
    accounts: list[str]
    faults: FaultBook
    executing: ThreadPoolExecutor
    planning: ThreadPoolExecutor
    links: Links = field(default_factory=Links)
    runs: RunBook = field(default_factory=RunBook)
    events: EventBook = field(default_factory=EventBook)
    outbox: Outbox = field(default_factory=Outbox)
    idempotency: IdempotencyBook = field(default_factory=IdempotencyBook)
    limiters: Limiters = field(default_factory=Limiters)
    counts: Counts = field(default_factory=Counts)
    tasks: dict[asyncio.Task[None], Ticket] = field(default_factory=dict)
    dice: random.Random = field(default_factory=random.Random)
    event_dice: random.Random = field(default_factory=random.Random)
    """Of their own: whether events come late changes no run's duration."""

    def cap(self, caller: Caller) -> int:
        """Gives the runs that may be alive at once where the caller's are counted."""
        if self.settings.cap is not None:
            return self.settings.cap
        return _CAP_LIVE if caller.livemode else _CAP_TEST

    def cap_scope(self, caller: Caller, api: SandboxApi) -> str:
        """Names what the caller's runs of a generation are counted under."""
        holder = {
            CapScope.ACCOUNT: caller.owner,
            CapScope.ORGANIZATION: "organization",
            CapScope.KEY: f"key_{caller.key_id}",
        }[self.settings.cap_scope]
        return f"{holder}:{caller.mode}" + (f":{api}" if self.settings.cap_per_api else "")

    def now(self) -> datetime:
        """Reads the clock."""
        return datetime.now(UTC)

    def now_ns(self) -> int:
        """Reads the clock, as URLs expire by it."""
        return time.time_ns()

    def change(self, settings: SandboxSettings, *, faults_too: bool) -> None:
        """Replaces the settings; with `faults_too` the faults begin anew."""
        self.settings = settings
        if faults_too:
            self.faults = FaultBook(settings.faults, seed=settings.seed)

    async def reset(self) -> None:
        """Goes back to the start: no runs, no keys remembered, no counts, the settings of the first hour."""
        await self.stop_runs()
        await self.outbox.close()
        for api in SandboxApi:
            for file in self.spool.glob(f"{api.id_prefix(livemode=True)}*"):
                file.unlink(missing_ok=True)
        self.runs, self.idempotency, self.limiters, self.counts = RunBook(), IdempotencyBook(), Limiters(), Counts()
        self.events, self.outbox = EventBook(), Outbox()
        self.dice, self.event_dice = random.Random(self.initial.seed), random.Random(self.initial.seed)
        self.change(self.initial, faults_too=True)

    async def stop_runs(self) -> None:
        """Interrupts what executes and waits for its end."""
        for task, ticket in self.tasks.items():
            ticket.interrupt()
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def close(self) -> None:
        """Stops everything, and removes a spool that was made for this sandbox."""
        await self.stop_runs()
        await self.outbox.close()
        self.planning.shutdown(cancel_futures=True)
        self.executing.shutdown(cancel_futures=True)
        self.engine.close()
        if self.initial.spool_dir is None:
            shutil.rmtree(self.spool, ignore_errors=True)


def build_world(settings: SandboxSettings) -> World:
    """Generates the data, and makes the rest around it."""
    spool = settings.spool_dir or Path(tempfile.mkdtemp(prefix="forebay-sandbox-"))
    spool.mkdir(parents=True, exist_ok=True)
    spool = spool.resolve()
    return World(
        settings=settings,
        initial=settings,
        spool=spool,
        engine=Engine(settings, spool),
        accounts=account_names(settings.accounts),
        faults=FaultBook(settings.faults, seed=settings.seed),
        executing=ThreadPoolExecutor(settings.engine_threads, thread_name_prefix="execute"),
        # Its own pool: a POST must be answered while every executing thread is busy with long queries.
        planning=ThreadPoolExecutor(2, thread_name_prefix="plan"),
        dice=random.Random(settings.seed),
        event_dice=random.Random(settings.seed),
    )
