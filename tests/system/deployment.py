"""A whole deployment on loopback: sandbox, Valkey, a destination and workers, as processes; and what they did."""

import contextlib
import csv
import io
import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import redis

from forebay.config.load import load_config
from forebay.config.redis_urls import state_server
from forebay.config.settings import Settings
from forebay.governor.redis_client import connect
from forebay.runtime.open_runtime import open_stores
from forebay.scheduler.batches.new_batch import NewBatch, new_batch_id
from forebay.scheduler.batches.progress import Progress, Reader
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.retrying import Retrier
from forebay.scheduler.batches.steering import Steering
from forebay.scheduler.batches.submitting import Submitter
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.outcomes import Closing
from forebay.store.ledger.records import Batch, BatchTerms, Item
from tests.servers.processes import NO_LIMITS, environment, sandbox, wait_until

#: Recognisable wherever it should not be.
KEY = "rk_test_51ThisKeyMustNeverLeaveItsProcess"


@dataclass
class Deployment:
    """What a test drives. `env` is what its workers run with."""

    env: dict[str, str]
    settings: Settings
    stripe_url: str
    redis: redis.Redis
    logs: Path
    destination: str

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.store(self.settings.ledger))
        self.config = load_config(self.settings)
        self.reconciler = Reconciler(self.ledger, self.redis, self.config, self.store)
        self.submitter = Submitter(self.ledger, self.redis, self.reconciler)
        self.retrier = Retrier(self.ledger, self.redis)
        self.steering = Steering(self.ledger, self.redis)
        self.reader = Reader(self.ledger, self.redis)

    def store(self, url: str) -> Store:
        return open_stores(self.settings).open(url)

    def submit(self, items: list[Item]) -> Batch:
        terms = BatchTerms(id=new_batch_id(datetime.now(UTC)), output=self.destination, source="a test")
        return self.submitter.submit(NewBatch(terms=terms, connection=self.config.connection(), items=items))

    def progress(self, batch: Batch) -> Progress:
        return self.reader.progress(batch)

    def wait_until_done(self, batch: Batch, *, deadline_s: float = 60) -> Progress:
        wait_until(lambda: self.progress(batch).done, "the batch's end", deadline_s=deadline_s)
        return self.progress(batch)

    def closed(self, batch: Batch, *, deadline_s: float = 60) -> Closing:
        """Waits for a batch's closing."""
        wait_until(lambda: self.ledger.closing(batch.id), "the closing", deadline_s=deadline_s)
        closing = self.ledger.closing(batch.id)
        assert closing
        return closing

    def objects(self, batch: Batch) -> dict[str, bytes]:
        """Every object of a batch by its place below the batch, without the manifests, which say when and by whom."""
        root = Path(self.destination) / batch.id
        found = [path for path in root.rglob("*") if path.is_file() and not path.name.endswith(".json")]
        return {str(path.relative_to(root)): path.read_bytes() for path in found}

    def counts(self) -> Any:
        """The sandbox's own count, which is the judge."""
        return httpx.get(f"{self.stripe_url}/sandbox/counts").json()

    def peak_alive(self) -> int:
        """The most runs that were alive at once in any one scope, as the sandbox saw it."""
        return max(scope["peak_alive"] for scope in self.counts()["scopes"].values())

    def manifests(self, batch: Batch) -> dict[str, Any]:
        """All manifests of a batch, by the name of their query."""
        store = self.store(self.destination)
        keys = [key for key in store.list(f"{batch.id}/") if key.endswith(".manifest.json")]
        found = [json.loads(store.get(key)) for key in keys]
        return {manifest["name"]: manifest for manifest in found}

    def sandbox_csv(self, query_run: str) -> bytes:
        """Gets what the sandbox's engine computed for a QueryRun."""
        answer = httpx.get(f"{self.stripe_url}/sandbox/runs/{query_run}/csv", timeout=60)
        answer.raise_for_status()
        return answer.content


def configured(
    *, redis_url: str, stripe_url: str, folder: Path, destination: str, ledger: str, **extra: str
) -> Iterator[Deployment]:
    """Settings as the environment of a worker gives them, for it and for the test alike."""
    chosen = {
        "FOREBAY_REDIS_URL": redis_url,
        "FOREBAY_API_BASE": stripe_url,
        "FOREBAY_LEDGER": ledger,
        "STRIPE_API_KEY": KEY,
        **extra,
    }
    env = environment(**chosen)
    given = {name.removeprefix("FOREBAY_").lower(): value for name, value in chosen.items() if "AWS" not in name}
    settings = Settings(_env_file=None, **given)
    with connect(state_server(settings)) as client:
        client.flushall()
        yield Deployment(
            env=env,
            settings=settings,
            stripe_url=stripe_url,
            redis=client,
            logs=folder,
            destination=destination,
        )


def unhurried(
    *options: str, redis_url: str, folder: Path, cap: int, per_s: int = 100, **extra: str
) -> Iterator[Deployment]:
    """As `configured`, with a sandbox of its own, results and ledger beside it, and no limit of rates that counts."""
    with sandbox(folder / "sandbox.log", *NO_LIMITS, *options) as stripe_url:
        yield from configured(
            redis_url=redis_url,
            stripe_url=stripe_url,
            folder=folder,
            destination=str(folder / "out"),
            ledger=str(folder / "ledger"),
            FOREBAY_CAP=str(cap),
            FOREBAY_CREATES_PER_S=str(per_s),
            FOREBAY_RETRIEVES_PER_S=str(per_s),
            FOREBAY_REQUESTS_PER_S=str(2 * per_s),
            **extra,
        )


def of_spec(spec: str, *, redis_url: str, stripe_url: str, folder: Path, **keys: str) -> Iterator[Deployment]:
    """As `configured`, with a spec in a folder, results beside it, and budgets that slow nothing down."""
    (folder / "forebay.yaml").write_text(spec)
    yield from configured(
        redis_url=redis_url,
        stripe_url=stripe_url,
        folder=folder,
        destination=str(folder / "out"),
        ledger=str(folder / "ledger"),
        FOREBAY_SPEC=str(folder / "forebay.yaml"),
        FOREBAY_OUTPUT=str(folder / "out"),
        FOREBAY_CREATES_PER_S="100",
        FOREBAY_RETRIEVES_PER_S="100",
        FOREBAY_REQUESTS_PER_S="200",
        **keys,
    )


@contextlib.contextmanager
def monitored(url: str) -> Iterator[list[str]]:
    """Everything that anybody says to Redis while the block runs: `MONITOR`, as text."""
    said: list[str] = []
    with redis.Redis.from_url(url, decode_responses=True) as client, client.monitor() as monitor:
        stopping = threading.Event()

        def listen() -> None:
            with contextlib.suppress(redis.ConnectionError, ValueError, OSError):
                while not stopping.is_set():
                    said.append(str(monitor.next_command()))

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        yield said
        stopping.set()
        client.ping()  # one more command, so that the listener's read returns
        with redis.Redis.from_url(url) as other:
            other.ping()
        listener.join(10)


def everything_in(client: redis.Redis) -> str:
    """All keys and values, as text: to look for what should not be there."""
    parts: list[str] = []
    for key in client.scan_iter(count=1000):
        kind = client.type(key)
        if kind == "hash":
            parts += [key, str(client.hgetall(key))]
        elif kind == "list":
            parts += [key, str(client.lrange(key, 0, -1))]
        elif kind == "zset":
            parts += [key, str(client.zrange(key, 0, -1))]
        elif kind == "set":
            parts += [key, str(client.smembers(key))]
        else:
            parts += [key]
    return "\n".join(parts)


def queries(count: int) -> list[Item]:
    """Queries whose results differ, so that a mix-up shows."""
    sql = "SELECT {n} AS n, id, amount, created FROM charges ORDER BY id LIMIT {limit}"
    return [Item(name=f"q{n:03d}", sql=sql.format(n=n, limit=1 + n % 50), account=None) for n in range(count)]


def records(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode())))


def alive(processes: list[subprocess.Popen[str]]) -> int:
    return sum(process.poll() is None for process in processes)
