"""A worker's world without Celery: a real Valkey, a ledger in a folder, and a Stripe that answers as told."""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest
import redis
from pydantic import SecretStr

from forebay.config.connections import Budgets, Config, Connection
from forebay.config.secrets import HeldSecret
from forebay.config.settings import Settings
from forebay.config.standing import DEFAULT_STANDING, Standing
from forebay.config.stripe import Api, Mode
from forebay.config.write_mode import WriteMode
from forebay.governor.governor import Governor
from forebay.governor.reconciliation import Reconciliation
from forebay.governor.states import RunState, Step
from forebay.governor.view import View
from forebay.landing.formats.format import Limits
from forebay.queryrun.client import QueryRunClient
from forebay.runtime.open_runtime import open_runtime
from forebay.runtime.runtime import Runtime
from forebay.scheduler.batches.budgets import DailyBudget
from forebay.scheduler.batches.new_batch import NewBatch
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.retrying import Retrier
from forebay.scheduler.batches.sharing import Sharing
from forebay.scheduler.batches.steering import Steering
from forebay.scheduler.batches.submitting import Submitter
from forebay.store.interface import Store
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.by_account import ByAccount
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import BY_BATCH, Batch, BatchTerms, FailureRecord, Item
from forebay.store.local import LocalStore
from forebay.worker.celery_app import WorkerApp
from forebay.worker.steps.carry_out import carry_out
from forebay.worker.task_names import task_name
from tests.servers.http_server import Handler, served

LANE = "default:test"
BATCH = "b1"

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def query_run(status: str = "running", **more: Any) -> httpx.Response:
    """A QueryRun as the reporting dialect shows it."""
    return httpx.Response(200, json={"id": "qryrun_1", "livemode": False, "status": status, **more})


def refusal(status: int, code: str | None = None, reason: str | None = None) -> httpx.Response:
    """An error in Stripe's envelope."""
    error = {"message": "No.", **({"code": code} if code else {})}
    headers = {"Request-Id": "req_1", **({"Stripe-Rate-Limited-Reason": reason} if reason else {})}
    return httpx.Response(status, json={"error": error}, headers=headers)


@dataclass
class World:
    """One lane with one batch, and what a test does and sees."""

    rt: Runtime
    destination: Path
    answers: list[Answer] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.governor = Governor(self.rt.redis, LANE)
        self.reconciliation = Reconciliation(self.rt.redis, LANE)
        self.view = View(self.rt.redis)
        self.reconciler = Reconciler(self.rt.ledger, self.rt.redis, self.rt.config, self.rt.open_store)
        self.submitter = Submitter(self.rt.ledger, self.rt.redis, self.reconciler)
        self.retrier = Retrier(self.rt.ledger, self.rt.redis)
        self.steering = Steering(self.rt.ledger, self.rt.redis)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def open(self, size: int = 1, batch: str = BATCH, *, api: Api = Api.REPORTING) -> None:
        items = (Item(name=f"q{index}", sql=f"SELECT {index}", account=None) for index in range(size))
        self.submit(items, batch, api=api)

    def submit(
        self,
        items: Iterable[Item],
        batch: str = BATCH,
        *,
        standing: Standing = DEFAULT_STANDING,
        policy: Policy | None = None,
        sharing: Sharing | None = None,
        budget: DailyBudget | None = None,
        result_format: str = "auto",
        column_types: Mapping[str, str] = MappingProxyType({}),
        nulls: str = "empty",
        layout: str = BY_BATCH,
        write: WriteMode = WriteMode.VERSIONED,
        by_account: ByAccount | None = None,
        api: Api = Api.REPORTING,
    ) -> Batch:
        terms = BatchTerms(
            id=batch,
            output=str(self.destination),
            result_format=result_format,
            column_types=dict(column_types),
            nulls=nulls,
            layout=layout,
            write=write,
            by_account=by_account,
            source="test",
            standing=standing,
            policy=policy,
        )
        connection = self.rt.config.connection().asked_by(api)
        new = NewBatch(terms=terms, connection=connection, items=items, sharing=sharing, budget=budget)
        return self.submitter.submit(new)

    def step(self, step: Step, *answers: Answer) -> int:
        """Carries out everything that is due for one step, whenever it is due; returns how many runs that were."""
        self.answers.extend(answers)
        self.make_due(step)
        claims = self.governor.claim(submits=100, downloads=100, polls=100)
        due = claims.due[step]
        carry_out(self.rt, step, LANE, due)
        assert not self.answers, "Stripe was asked less often than the test expected"
        return len(due)

    def make_due(self, step: Step) -> None:
        """Lets the time pass until everything of this step is due."""
        key = self.governor.keys.due(step)
        for run in self.rt.redis.zrange(key, 0, -1):
            self.rt.redis.zadd(key, {run: 0})
            if self.rt.redis.hexists(self.governor.keys.run(run), "planned"):
                self.rt.redis.hset(self.governor.keys.run(run), "planned", 0)

    def due_in_ms(self, step: Step, index: int = 0) -> float | None:
        score = self.rt.redis.zscore(self.governor.keys.due(step), f"{BATCH}/{index}")
        return None if score is None else score - self.view.now_ms()

    def state(self, index: int = 0) -> RunState:
        return self.view.states(LANE, BATCH, index, index + 1)[0]

    def failure(self, index: int = 0) -> FailureRecord | None:
        return self.rt.ledger.failure(BATCH, LANE, index)


@dataclass
class FileHost:
    """Where results are fetched from: a real HTTP server that serves what the test puts there."""

    url: str
    body: bytes = b""
    status: int = 200
    fetched: list[dict[str, str]] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None
    """Called while it is asked for a result."""

    def result(self, *, size: int | None = None, **more: Any) -> dict[str, Any]:
        """The `result` of a QueryRun that points here."""
        promised = len(self.body) if size is None else size
        file = {"content_type": "zip", "download_url": {"url": f"{self.url}/r.zip"}, "size": str(promised)}
        return {"type": "file", "file": {**file, **more}}


def zipped(csv: bytes) -> bytes:
    """A result as Stripe compresses it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("r.csv", csv)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def shared_file_host() -> Iterator[FileHost]:
    class Files(Handler):
        def do_GET(self) -> None:
            host.fetched.append(dict(self.headers.items()))
            host.meanwhile()
            self.answer(host.status, host.body)

    with served(Files) as url:
        host = FileHost(url)
        yield host


@pytest.fixture
def file_host(shared_file_host: FileHost) -> FileHost:
    """It serves a small, whole result, until the test says otherwise."""
    shared_file_host.body, shared_file_host.status = zipped(b"n\n1\n2\n"), 200
    shared_file_host.fetched.clear()
    shared_file_host.meanwhile = lambda: None
    return shared_file_host


@pytest.fixture
def world(valkey: redis.Redis, tmp_path: Path, file_host: FileHost) -> Iterator[World]:
    connection = Connection(
        name="default",
        mode=Mode.TEST,
        secret=HeldSecret(origin="STRIPE_API_KEY", value=SecretStr("rk_test_secret")),
        cap=2,
        budgets=Budgets(creates_per_s=1e6, retrieves_per_s=1e6, requests_per_s=1e6),
        api_base="http://127.0.0.1:1",
        download_hosts=(file_host.url.removeprefix("http://"),),
    )
    config = Config(connections={"default": connection}, default_connection="default")
    ledger = Ledger(LocalStore(tmp_path / "ledger"))

    def open_store(url: str) -> Store:
        return LocalStore(Path(url))

    def make_client(connection: Connection, _: str | None) -> QueryRunClient:
        return QueryRunClient(connection, transport=httpx.MockTransport(lambda request: made.handle(request)))

    rt = Runtime(
        config=config,
        redis=valkey,
        ledger=ledger,
        open_store=open_store,
        limits=Limits(),
        make_client=make_client,
    )
    made = World(rt=rt, destination=tmp_path / "out")
    yield made
    rt.close()


@pytest.fixture
def runtime(valkey: redis.Redis, valkey_url: str, tmp_path: Path) -> Iterator[Runtime]:
    opened = open_runtime(_settings(valkey_url, tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def app(runtime: Runtime, valkey_url: str, tmp_path: Path) -> Iterator[WorkerApp]:
    made = WorkerApp(_settings(valkey_url, tmp_path), lambda: runtime, set_as_current=False)
    for step in Step:
        made.task(_no_work, name=task_name(step), shared=False)
    with made:
        yield made


def _no_work(lane: str, runs: list[tuple[str, int]]) -> None:
    """Stands for a step: only its messages matter."""


def _settings(valkey_url: str, folder: Path) -> Settings:
    return Settings(
        _env_file=None, redis_url=valkey_url, ledger=str(folder / "ledger"), stripe_api_key="rk_test_secret"
    )
