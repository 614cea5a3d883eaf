"""Sets up a whole deployment as processes: workers, a beat, Valkey with AOF, the sandbox, S3 behind a proxy."""

import json
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

from forebay.config.load import load_config
from forebay.config.redis_urls import state_server
from forebay.config.settings import Settings
from forebay.governor.redis_client import connect
from forebay.scheduler.batches.progress import Reader
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch
from forebay.store.local import open_folder
from forebay.store.s3 import open_bucket
from forebay.store.s3_options import S3Options
from tests.chaos.load import Load
from tests.chaos.processes import FOREBAY, Said, Service, command
from tests.chaos.proxy import StoreProxy
from tests.chaos.redis_servers import FORMS, RedisServers
from tests.chaos.seaweed import seaweed_or_moto
from tests.chaos.stripe_control import StripeControl
from tests.servers.processes import environment, sandbox, wait_until
from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.servers.valkey import free_port

#: Recognisable wherever it should not be.
KEY = "rk_live_51ChaosKeyThatMustNeverLeaveItsProcess"
WEBHOOK_SECRET = "whsec_chaosSecretThatMustNeverLeaveItsProcess"
LANE = "chaos:live"
BUCKET = "chaos"

SPEC = """
version: 1
connections:
  chaos:
    mode: live
    key: secret://env/CHAOS_KEY
    webhook_secrets: [secret://env/CHAOS_WEBHOOK_SECRET]
    api_base: "{url}"
    lane: {{cap: {cap}}}
    requests: {{creates_per_s: 100, retrieves_per_s: 100, per_s: 200}}
defaults: {{output: "s3://{bucket}/out", connection: chaos}}
"""
#: A day of windows that are over.
PULSE = """
extracts:
  pulse:
    sql: "SELECT 'pulse' AS name, {{{{ window.start }}}} AS began"
    window: {{every: 1h, timezone: UTC, start: "{start:%Y-%m-%dT%H:00}"}}
    schedule: {{when: at_end, catch_up: all, overlap: allow}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who plays."""

    cap: int = 50
    submitters: int = 2
    downloaders: int = 1
    beat: bool = True
    webhooks: bool = True
    """Whether Stripe's webhooks are taken."""
    seaweed: bool = True
    """Whether SeaweedFS is the store, if it is installed."""

    redis: str = "single"
    """In which form Redis is run."""

    @property
    def sandbox_cap(self) -> int:
        """Gives Stripe's own cap: more than ours, so that passing ours would show."""
        return self.cap + 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A batch that a command said was accepted."""

    id: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceled:
    """A batch whose cancel was confirmed."""

    id: str
    at: float
    held: int
    """What the command said goes on at Stripe."""


@dataclass(kw_only=True)
class Stage:
    """What faults strike, and what the judge looks at."""

    folder: Path
    cast: Cast
    load: Load
    env: dict[str, str]
    servers: RedisServers
    stripe: StripeControl
    store: StoreProxy
    s3_endpoint: str
    """The server itself, past the proxy."""
    submitters: list[Service] = field(default_factory=list)
    downloaders: list[Service] = field(default_factory=list)
    beats: list[Service] = field(default_factory=list)
    receivers: list[Service] = field(default_factory=list)
    """Who takes webhooks."""
    guests: list[Service] = field(default_factory=list)
    """Workers of other releases, which came and went."""
    said: list[Said] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)
    canceled: list[Canceled] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    """Set when the load and the faults are over, so that whoever tries again gives up."""

    def __post_init__(self) -> None:
        self._numbers = iter(range(10**6))
        self._lock = threading.Lock()
        given = {name.removeprefix("FOREBAY_").lower(): value for name, value in self.env.items() if "FOREBAY_" in name}
        settings = Settings(_env_file=None, **given)
        self.config = load_config(settings)
        self.redis = connect(state_server(settings))
        past_the_proxy = S3Options(endpoint=self.s3_endpoint, region="us-east-1")
        self.ledger = Ledger(open_bucket(settings.ledger, options=past_the_proxy))
        self.results = open_bucket(f"s3://{BUCKET}/out", options=past_the_proxy)
        self.on_disk = open_folder(str(self.disk))
        self.reader = Reader(self.ledger, self.redis)

    @property
    def services(self) -> list[Service]:
        """Lists the processes of the product that are kept going."""
        return [*self.submitters, *self.downloaders, *self.beats, *self.receivers]

    @property
    def temporary(self) -> Path:
        """Gives the folder for temporary files of the product's processes."""
        return self.folder / "tmp"

    @property
    def disk(self) -> Path:
        """Gives the folder that is the destination of some batches."""
        return self.folder / "out"

    def results_of(self, batch: Batch) -> Store:
        """Gives where the results of a batch land, past the proxy."""
        return self.results if batch.output.startswith("s3://") else self.on_disk

    def forebay(self, *words: str, **how: Any) -> Said:
        """Runs a command of ours."""
        began = time.time()
        said = command([*words], self.env, cwd=self.folder, **how)
        with self._lock, (self.folder / "commands.txt").open("a") as spoken:
            self.said.append(said)
            spoken.write(f"{began:.1f} to {time.time():.1f} {said}\n")
        return said

    def submit(
        self, count: int, dice: random.Random, load: Load | None = None, *, verb: str = "submit", **how: Any
    ) -> str | None:
        """Submits a batch of new queries; its id, or None if the command did not say that it was accepted."""
        with self._lock:
            number = next(self._numbers)
        queries = self.folder / f"queries-{number}.ndjson"
        rows = (load or self.load).queries(f"b{number}", count, dice)
        queries.write_text("".join(json.dumps(row) + "\n" for row in rows))
        where = ["--to", str(self.disk)] if dice.random() < self.load.on_disk else []
        said = self.forebay(verb, str(queries), "--json", *where, **how)
        for line in said.out.splitlines():
            event = json.loads(line)
            if event.get("event") == "submitted":
                with self._lock:
                    self.accepted.append(Accepted(id=event["batch"], at=time.time()))
                return str(event["batch"])
        return None

    def submit_surely(self, count: int, dice: random.Random, load: Load | None = None) -> str | None:
        """Submits until it is accepted: each time other queries, since the last may have been accepted after all."""
        while not self.over.is_set():
            if batch := self.submit(count, dice, load):
                return batch
            self.over.wait(1)
        return None

    def cancel(self, batch: str) -> bool:
        """Cancels a batch; whether that was confirmed."""
        said = self.forebay("cancel", batch, "--yes", "--json")
        result = json.loads(said.out.splitlines()[-1]) if said.out else {}
        if said.code != 0 or "held" not in result:
            return False
        with self._lock:
            self.canceled.append(Canceled(id=batch, at=time.time(), held=result["held"]))
        return True


@contextmanager
def stage(folder: Path, cast: Cast, load: Load) -> Iterator[Stage]:
    """Starts everything, and ends everything."""
    with ExitStack() as stack:
        limits_off = ["--endpoint-rate-per-s", "0", "--global-rate-live-per-s", "0"]
        url = stack.enter_context(
            sandbox(folder / "sandbox.log", "--cap", str(cast.sandbox_cap), "--duration", "fixed:1", *limits_off)
        )
        s3_endpoint = stack.enter_context(seaweed_or_moto(folder, large=cast.seaweed))
        store = stack.enter_context(StoreProxy(s3_endpoint).running())
        servers = stack.enter_context(FORMS[cast.redis](folder))
        stripe = StripeControl(url)
        stack.callback(stripe.close)
        os.environ.update(AWS_ACCESS_KEY_ID=ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET_ACCESS_KEY)  # for the judge
        boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1").create_bucket(Bucket=BUCKET)
        env = _environment(folder, cast, url, servers, store.url)
        made = Stage(
            folder=folder, cast=cast, load=load, env=env, servers=servers, stripe=stripe, store=store,
            s3_endpoint=s3_endpoint,
        )  # fmt: skip
        made.temporary.mkdir()
        stack.callback(made.redis.close)
        _start(stack, made)
        for worker in (*made.submitters, *made.downloaders):
            wait_until(lambda worker=worker: " ready." in worker.log.read_text(), f"{worker.name} to begin")  # type: ignore[misc]
        yield made


def _environment(folder: Path, cast: Cast, stripe_url: str, servers: RedisServers, s3_url: str) -> dict[str, str]:
    spec, start = folder / "forebay.yaml", datetime.now(UTC) - timedelta(days=1)
    pulse = PULSE.format(start=start) if cast.beat else ""
    spec.write_text(SPEC.format(url=stripe_url, cap=cast.cap, bucket=BUCKET) + pulse)
    return environment(
        FOREBAY_REDIS_URL=servers.url,
        **servers.settings,
        FOREBAY_SPEC=str(spec),
        FOREBAY_LEDGER=f"s3://{BUCKET}/ledger",
        FOREBAY_S3_ENDPOINT=s3_url,
        FOREBAY_S3_REGION="us-east-1",
        FOREBAY_EXPRESS_BYTES="4000",
        FOREBAY_DATA_DIR=str(folder / "data"),
        AWS_ACCESS_KEY_ID=ACCESS_KEY_ID,
        AWS_SECRET_ACCESS_KEY=SECRET_ACCESS_KEY,
        CHAOS_KEY=KEY,
        CHAOS_WEBHOOK_SECRET=WEBHOOK_SECRET,
        TMPDIR=str(folder / "tmp"),
    )


def _start(stack: ExitStack, made: Stage) -> None:
    def service(name: str, *words: str) -> Service:
        kept = Service(name=name, words=[FOREBAY, *words], env=made.env, log=made.folder / f"{name}.log")
        stack.callback(kept.stop)
        return kept

    cast = made.cast
    made.submitters = [service(f"submitter-{n}", "worker", "--queues", "submit,poll") for n in range(cast.submitters)]
    made.downloaders = [service(f"downloader-{n}", "worker", "--queues", "download") for n in range(cast.downloaders)]
    made.beats = [service("beat", "beat")] if cast.beat else []
    if cast.webhooks:
        port = free_port()
        made.receivers = [service("receiver", "web", "--port", str(port), "--only", "webhooks")]
        made.stripe.send_webhooks(f"http://127.0.0.1:{port}/webhooks/stripe/chaos", WEBHOOK_SECRET)
