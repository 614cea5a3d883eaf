"""Connects a command to its deployment, and leaves it: the composition root of the commands.

A deployment is a ledger, a Redis and (somewhere) workers: the one that FOREBAY_REDIS_URL names, or the embedded one
of the data folder. What a command does with it is loaded when it does that: one that reads loads nothing that submits.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from forebay.cli.embedded.attach import Attached, embedded
from forebay.cli.embedded.key_holds import key_holds
from forebay.config.connections import Config
from forebay.config.redis_urls import state_server
from forebay.config.settings import Settings
from forebay.governor.errors import WritesRefused
from forebay.governor.first_contact import greet
from forebay.governor.redis_client import Client, check_writes, connect
from forebay.runtime.one_ledger import OneLedger
from forebay.runtime.open_runtime import one_ledger, open_runtime
from forebay.runtime.runtime import Runtime
from forebay.scheduler.batches.progress import Reader
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks

if TYPE_CHECKING:
    from forebay.scheduler.batches.reconciling import Reconciler
    from forebay.scheduler.batches.retrying import Retrier
    from forebay.scheduler.batches.steering import LaneSteering, Steering
    from forebay.scheduler.batches.submitting import Submitter
    from forebay.scheduler.sql.data_times import DataTimes


@dataclass(slots=True, kw_only=True)
class Deployment:
    """What a command works with. `attached` is None where the operator runs Redis and workers."""

    settings: Settings
    runtime: Runtime
    attached: Attached | None
    work: bool = False

    @property
    def config(self) -> Config:
        return self.runtime.config

    @property
    def ledger(self) -> Ledger:
        return self.runtime.ledger

    @property
    def ledger_store(self) -> Store:
        return self.runtime.store(self.settings.ledger)

    @property
    def marks(self) -> Marks:
        written = self.config.written
        return Marks(self.ledger_store, written.spec.former_names if written else {})

    @property
    def one_ledger(self) -> OneLedger:
        return one_ledger(self.settings, self.runtime)

    @property
    def redis(self) -> Client:
        return self.runtime.redis

    @property
    def submitter(self) -> Submitter:
        from forebay.scheduler.batches.submitting import Submitter

        return Submitter(self.ledger, self.redis, self.reconciler, self.data_times)

    @property
    def data_times(self) -> DataTimes:
        from forebay.scheduler.sql.catalog import Catalogs
        from forebay.scheduler.sql.catalog_fetch import fetch_catalog
        from forebay.scheduler.sql.data_times import DataTimes

        return DataTimes(Catalogs(self.store(self.settings.ledger)), partial(fetch_catalog, proxies=_proxies()))

    @property
    def reconciler(self) -> Reconciler:
        from forebay.scheduler.batches.reconciling import Reconciler

        return Reconciler(self.ledger, self.redis, self.config, self.store)

    @property
    def retrier(self) -> Retrier:
        from forebay.scheduler.batches.retrying import Retrier

        return Retrier(self.ledger, self.redis)

    @property
    def steering(self) -> Steering:
        from forebay.scheduler.batches.steering import Steering

        return Steering(self.ledger, self.redis, self.reconciler)

    @property
    def lane_steering(self) -> LaneSteering:
        from forebay.scheduler.batches.steering import LaneSteering

        return LaneSteering(self.ledger, self.redis)

    @property
    def reader(self) -> Reader:
        return Reader(self.ledger, self.redis)

    def store(self, url: str) -> Store:
        return self.runtime.store(url)

    def come_back(self) -> None:
        """Connects again after Redis went away: the embedded one may have to be started anew."""
        if self.attached:
            self.runtime.reconnect(self.attached.connect(work=self.work))

    def start_work(self) -> None:
        """Asks for the embedded workers too, from here on."""
        self.work = True
        self.come_back()

    def stop_work(self) -> None:
        """Ends what runs on this machine for us; what Stripe runs goes on."""
        if self.attached:
            self.attached.stop()

    def refuses_writes(self) -> str:
        """Says why Redis takes nothing, if so: one that refuses writes can be read for ever.

        Raises `RedisUnavailable`.
        """
        try:
            check_writes(self.redis)
        except WritesRefused as error:
            return str(error)
        return ""

    def check_workers(self) -> None:
        """Raises `WorkersDown` if the embedded workers cannot start."""
        if self.attached:
            self.attached.check_workers()


@contextlib.contextmanager
def open_deployment(
    settings: Settings, config: Config | None = None, *, greeted: bool = True, settled_place: bool = True
) -> Iterator[Deployment]:
    """Connects to the deployment, and on the way out leaves it: embedded services end when nothing is unfinished.

    `greeted=False` does not ask first whether there is a Redis that lets us in, and neither then nor without
    `settled_place` is it asked whether it works for this ledger. Raises `ConfigError`, `EmbeddedFailed`,
    `NotConnected` and what opening a store raises. Contacts no store.
    """
    with contextlib.ExitStack() as leaving:
        attached = None if settings.redis_url else embedded(settings, os.environ)
        if greeted and not attached:
            greet(state_server(settings))

        def start_and_connect() -> Client:
            assert attached  # noqa: S101 - else the settings name a Redis
            leaving.callback(attached.leave)
            return attached.connect(work=False)

        def connect_for_a_person() -> Client:
            return connect(state_server(settings), for_a_person=True)

        connected = start_and_connect if attached else connect_for_a_person
        runtime = open_runtime(settings, config=config, connected=connected, proxies=_proxies)
        leaving.callback(runtime.close)
        if attached:
            runtime.hold_key = key_holds(settings.data_dir).check  # its workers hold them
        deployment = Deployment(settings=settings, runtime=runtime, attached=attached)
        if greeted and settled_place:
            deployment.one_ledger.check()
        yield deployment


def _proxies() -> Mapping[str, str]:
    """Finds those that the environment names."""
    # It loads all of HTTP, which only a command that asks Stripe needs.
    from urllib.request import getproxies

    return getproxies()
