"""A closer and its batches, in the world of the worker's steps: what Stripe answers to each query is up to the test."""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from forebay.config.connections import Connection
from forebay.config.stripe import Scope
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.states import RunState, Step
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.progress import Progress, Reader
from forebay.scheduler.batches.retrying import Retrier
from forebay.scheduler.batches.steering import Steering
from forebay.scheduler.closing.closer import Closer
from forebay.scheduler.closing.services import ClosingServices
from forebay.scheduler.notify import Message
from forebay.scheduler.splitting.splitter import Splitter
from forebay.store.interface import Store
from forebay.store.ledger.batch_policy import Notify, Policy, Span
from forebay.store.ledger.outcomes import Closing, Coverage
from forebay.store.ledger.records import Batch, BatchTerms, Item
from forebay.worker.steps.carry_out import carry_out
from tests.worker.conftest import FileHost, World, query_run, refusal, zipped

SQL_ERROR = refusal(400, "query_run_invalid_sql")
NO_ACCESS = refusal(403)
TOO_BIG = query_run(
    "failed", status_details={"failed": {"error_code": "file_size_above_limit", "error_message": "Too big."}}
)
TOLD = Notify(command=("true",), on=("failed", "landed"))

Result = str | httpx.Response


def policy(**more: Any) -> Policy:
    return Policy(**{"definition": "month_end", "kind": "batch", "spec_sha256": "0" * 64, **more})


def item(name: str, account: str | None = None, **more: Any) -> Item:
    return Item(name=name, sql=f"SELECT '{name}', '{account}'", account=account, **more)


def day(number: int) -> Span:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
    return Span(start=start, end=start + timedelta(days=1))


@dataclass
class House:
    """What a test does with batches, and sees of them."""

    world: World
    file_host: FileHost
    results: dict[str, Result | Callable[[str], Result]] = field(default_factory=dict)
    """By `account/name` or name; one that depends on the query is asked with its SQL."""
    told: list[Message] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    rounds: int = 0

    def __post_init__(self) -> None:
        self.rt, self.ledger = self.world.rt, self.world.rt.ledger
        self.world.handle = self.answer  # type: ignore[method-assign]
        self.closing_queue = ClosingQueue(self.rt.redis)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """A run ends with its create: in the result that the test has for its query, or in a small one."""
        account = request.headers.get("Stripe-Context")
        sql = json.loads(request.content)["sql"]
        name = sql.split("'")[1]
        self.created.append(name)
        result = self.results.get(f"{account}/{name}", self.results.get(name, "n\n1\n2\n"))
        if callable(result):
            result = result(sql)
        if isinstance(result, httpx.Response):
            return result
        self.file_host.body = zipped(result.encode())
        return query_run("succeeded", result=self.file_host.result(), id=f"qryrun_{len(self.created)}")

    @property
    def connection(self) -> Connection:
        return self.rt.config.connection()

    def lanes_by_account(self) -> None:
        only = replace(self.connection, scope=Scope.ACCOUNT)
        self.rt.config = replace(self.rt.config, connections={only.name: only})

    @property
    def retrier(self) -> Retrier:
        return Retrier(self.ledger, self.rt.redis)

    @property
    def steering(self) -> Steering:
        return Steering(self.ledger, self.rt.redis)

    def open(self, items: Iterable[Item], policy: Policy | None, batch: str = "b1", **more: Any) -> Batch:
        terms = BatchTerms(id=batch, output=str(self.world.destination), source="a test", policy=policy, **more)
        return self.world.submitter.submit(NewBatch(terms=terms, connection=self.connection, items=items))

    def work(self) -> int:
        """Does what workers may do now, until there is nothing more; returns how many runs that were."""
        done = 0
        while True:
            due = [
                (lane, self.rt.governor(lane).claim(submits=100, downloads=0, polls=0).due[Step.SUBMIT])
                for lane in self.world.view.lanes()
            ]
            if not any(claimed for _, claimed in due):
                return done
            for lane, claimed in due:
                carry_out(self.rt, Step.SUBMIT, lane, claimed)
                done += len(claimed)

    def work_once(self, runs: int) -> None:
        """Lets so many runs settle, and no more."""
        for _ in range(runs):
            due = self.world.governor.claim(submits=1, downloads=0, polls=0).due[Step.SUBMIT]
            carry_out(self.rt, Step.SUBMIT, self.world.governor.lane, due)

    @property
    def splitter(self) -> Splitter:
        return Splitter(self.ledger, self.rt.redis, self.rt.config, self.rt.store)

    def closer(self, store: Callable[[str], Store] | None = None) -> Closer:
        return Closer(self.services(store=store or self.rt.store))

    def services(self, **more: Any) -> ClosingServices:
        services = ClosingServices(
            ledger=self.ledger,
            redis=self.rt.redis,
            store=self.rt.store,
            tell=lambda _, message: self.told.append(message),
            split=self.splitter.split,
        )
        return replace(services, **more)

    def later_ms(self) -> int:
        """A moment at which everything is due again."""
        self.rounds += 1
        return self.world.view.now_ms() + self.rounds * 3_600_000

    def round(self) -> int:
        return self.closer().round(self.later_ms())

    def finish(self) -> Closing:
        """Everything goes on until the first batch is closed."""
        for _ in range(10):
            self.work()
            self.round()
            closing = self.ledger.closing("b1")
            if closing:
                return closing
        raise AssertionError("the batch does not close")

    def progress(self, batch: str = "b1") -> Progress:
        return Reader(self.ledger, self.rt.redis).progress(self.ledger.batch(batch))

    def states(self, batch: str = "b1") -> list[RunState]:
        return [
            state
            for flow in self.ledger.batch(batch).flows
            for state in self.world.view.states(flow.lane, batch, 0, flow.size)
        ]

    @property
    def files(self) -> list[str]:
        """Lists what is in the destination."""
        root = self.world.destination
        found = (f"{folder}/{name}" for folder, _, names in os.walk(root) for name in names)
        return sorted(path.removeprefix(f"{root}/") for path in found)

    def read(self, path: str) -> Any:
        return json.loads((self.world.destination / path).read_text())

    def text(self, path: str) -> str:
        return (self.world.destination / path).read_text()


@pytest.fixture
def house(world: World, file_host: FileHost) -> House:
    return House(world, file_host)


def closing(**more: Any) -> Closing:
    fields = {
        "at": datetime(2026, 2, 1, tzinfo=UTC),
        "outcome": "landed",
        "runs": 1,
        "landed": 1,
        "failed": 0,
        "canceled": 0,
        "stored_bytes": 1,
        "records": 1,
        "coverage": Coverage(expected=0, landed=0),
    }
    return Closing(**{**fields, **more})
