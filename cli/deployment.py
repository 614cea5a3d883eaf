"""Composition root of the commands: settings in, a deployment to talk to out, and what to do when leaving it.

A deployment is a ledger, a Redis and (somewhere) workers: the one that FOREBAY_REDIS_URL names, or the embedded one
of the data folder.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import redis

from forebay.cli.embedded.attach import Attached, embedded
from forebay.config.connections import Config
from forebay.config.load import load_config
from forebay.config.settings import Settings
from forebay.governor.redis_client import connect
from forebay.scheduler.batches.progress import Reader
from forebay.scheduler.batches.retrying import Retrier
from forebay.scheduler.batches.steering import Steering
from forebay.scheduler.batches.submitting import Submitter
from forebay.store.interface import Store
from forebay.store.ledger import Ledger
from forebay.store.open import Stores
from forebay.store.s3 import S3Options


@dataclass(slots=True, kw_only=True)
class Deployment:
    """What a command works with. `attached` is None where the operator runs Redis and workers."""

    settings: Settings
    config: Config
    ledger: Ledger
    ledger_store: Store
    redis: redis.Redis
    attached: Attached | None
    work: bool

    @property
    def submitter(self) -> Submitter:
        return Submitter(self.ledger, self.redis)

    @property
    def retrier(self) -> Retrier:
        return Retrier(self.ledger, self.redis)

    @property
    def steering(self) -> Steering:
        return Steering(self.ledger, self.redis)

    @property
    def reader(self) -> Reader:
        return Reader(self.ledger, self.redis)

    def store(self, url: str) -> Store:
        return open_place(self.settings, url)

    def come_back(self) -> None:
        """After Redis went away: the embedded one may have to be started again; a deployment's comes back itself."""
        if self.attached:
            self.redis = self.attached.connect(work=self.work)

    def start_work(self) -> None:
        """From here on the embedded workers are wanted too."""
        self.work = True
        self.come_back()

    def stop_work(self) -> None:
        """Ends what runs on this machine for us; what Stripe runs goes on."""
        if self.attached:
            self.attached.stop()

    def check_workers(self) -> None:
        """Raises `WorkersDown` if the embedded workers cannot start."""
        if self.attached:
            self.attached.check_workers()


@contextlib.contextmanager
def open_deployment(settings: Settings, config: Config | None = None) -> Iterator[Deployment]:
    """Connects; on the way out leaves the embedded services to themselves, which end when nothing is unfinished.

    Raises `ConfigError`, `EmbeddedFailed` and what opening a store raises. Contacts no store, and nobody's Redis but
    the embedded one.
    """
    config = config or load_config(settings)
    with contextlib.ExitStack() as leaving:
        store = open_place(settings, settings.ledger)
        leaving.callback(store.close)
        if settings.redis_url:
            attached, client = None, connect(settings.redis_url.get_secret_value())
            leaving.callback(client.close)
        else:
            attached = embedded(settings, os.environ)
            leaving.callback(attached.leave)
            client = attached.connect(work=False)
        yield Deployment(
            settings=settings,
            config=config,
            ledger=Ledger(store),
            ledger_store=store,
            redis=client,
            attached=attached,
            work=False,
        )


def open_place(settings: Settings, url: str) -> Store:
    """The store that a URL names. Contacts nobody."""
    return Stores(s3=S3Options(endpoint=settings.s3_endpoint, region=settings.s3_region)).open(url)
