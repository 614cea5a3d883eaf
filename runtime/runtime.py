"""Holds what a process works with while it lives: clients, stores, governors, each made once and shared by threads.

Opened by the composition roots (`open_runtime.py`), or made by a test, and handed to every step and bootstep: nothing
that gets it reads settings.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from forebay.config.connections import Config, Connection
from forebay.config.proxies import proxy_for
from forebay.config.same_key import digest_of, key_at_work
from forebay.governor.contract import Claimed
from forebay.governor.deployment.key_owners import KeyOwners
from forebay.governor.deployment.seen_data import SeenData
from forebay.governor.governor import Governor
from forebay.governor.redis_client import Client
from forebay.governor.states import Step
from forebay.landing.formats.format import Limits
from forebay.runtime.health_files import HealthFiles
from forebay.runtime.left_behind import LeftBehind
from forebay.runtime.under_way import UnderWay
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger

if TYPE_CHECKING:
    from forebay.landing.fetch import Fetcher
    from forebay.queryrun.client import QueryRunClient

Thing = TypeVar("Thing")

#: Half of a worker's threads (`worker/celery_app.py`): however slow the results' host is, the others go on looking.
EXPRESS_AT_ONCE = 8


@dataclass(slots=True, kw_only=True)
class Runtime:
    """Shared by all threads of a process, and safe for that."""

    config: Config
    redis: Client
    ledger: Ledger
    open_store: Callable[[str], Store]
    """Opens a store anew; `store` keeps what it opened."""
    limits: Limits
    proxies: Callable[[], Mapping[str, str]] = dict
    """Finds those that the environment names, as `urllib.request.getproxies` does."""
    express_bytes: int = 1 << 20
    """A result up to this size is landed by the step that saw its end."""
    express: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(EXPRESS_AT_ONCE))
    """Held while such a step lands; where none is left, results go the way of larger ones."""
    make_client: Callable[[Connection, str | None], QueryRunClient] = lambda to, proxy: _make_client(to, proxy)
    hold_key: Callable[[Connection], None] = lambda _: None
    """Keeps others on this machine from the key, as long as this process lives. Raises `ConfigError`."""
    monotonic_s: Callable[[], float] = time.monotonic
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the process is asked to stop: long steps then hand their run back between two parts."""
    made_room: Callable[[], None] = lambda: None
    """Called after each step: more may find room in the queues now."""
    traced: Callable[[Step, Any], AbstractContextManager[None]] = lambda *_: nullcontext()
    """Makes a span of a step and its turn, where somebody wants traces (`worker/tracing.py`)."""
    publish_again: Callable[[Step, str, Sequence[Claimed]], None] = lambda *_: None
    """Called with runs of a lane that a message brought and that no thread is free for."""
    answered: Callable[[str, str, int], None] = lambda *_: None
    """Called when Stripe has named the QueryRun of an attempt of a run."""

    seen_data: SeenData = field(init=False)
    """Up to when data go, as QueryRuns tell."""
    under_way: UnderWay = field(init=False)
    """What its threads are at."""
    left_behind: LeftBehind = field(default_factory=LeftBehind)
    """What they held when Redis stopped answering."""
    health: HealthFiles = field(default_factory=lambda: HealthFiles(None, time.monotonic))
    """What probes are told."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _governors: dict[str, Governor] = field(default_factory=dict)
    _clients: dict[str, QueryRunClient] = field(default_factory=dict)
    _fetchers: dict[str, Fetcher] = field(default_factory=dict)
    _stores: dict[str, Store] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.under_way = UnderWay(self.monotonic_s)
        self.seen_data = SeenData(self.redis)

    def governor(self, lane: str) -> Governor:
        """Gives the lane's governor."""
        return self._once(self._governors, lane, lambda: Governor(self.redis, lane, self.monotonic_s))

    def client(self, connection: str) -> QueryRunClient:
        """Gives a connection's client.

        Raises `ConfigError` if this process's configuration has no such one, or another one works with its key.
        """
        return self._once(self._clients, connection, lambda: self._client(self.config.connection(connection)))

    def fetcher(self, connection: str) -> Fetcher:
        """Gives what fetches results of a connection: from its allowed hosts, and without its key."""
        from forebay.landing.fetch import Fetcher
        from forebay.landing.result_hosts import way_to_results

        chosen = self.config.connection(connection)

        def make() -> Fetcher:
            return Fetcher(allowed_hosts=chosen.download_hosts, proxy=way_to_results(chosen, self.proxies()))

        return self._once(self._fetchers, connection, make)

    def ways_to_results(self) -> Mapping[str, str | None]:
        """Gives the hosts of all connections' results, each with the proxy on the way to it. Raises `ConfigError`."""
        from forebay.landing.result_hosts import result_hosts, way_to_results

        connections, proxies = self.config.connections.values(), self.proxies()
        return {host: way_to_results(each, proxies) for each in connections for host in result_hosts(each)}

    def store(self, url: str) -> Store:
        """Gives the store that a URL names."""
        return self._once(self._stores, url, lambda: self.open_store(url))

    def opened_stores(self) -> Collection[Store]:
        """Gives the stores that this process has opened so far."""
        with self._lock:
            return list(self._stores.values())

    def reconnect(self, client: Client) -> None:
        """Goes on with another client of Redis, whose caller has closed the last one."""
        with self._lock:
            self.redis = client
            self.seen_data = SeenData(client)
            self._governors.clear()

    def close(self) -> None:
        """Closes what was opened."""
        for client in self._clients.values():
            client.close()
        for fetcher in self._fetchers.values():
            fetcher.close()
        for store in self._stores.values():
            store.close()
        self.redis.close()

    def claim_key(self, connection: Connection) -> None:
        """Sees to it that no other connection works with its key. Raises `ConfigError` and `GovernorError`."""
        digest = digest_of(connection)
        other = digest and KeyOwners(self.redis).claim(digest, connection.name)
        if other:
            raise key_at_work(other, connection.name)
        self.hold_key(connection)

    def _client(self, connection: Connection) -> QueryRunClient:
        self.claim_key(connection)
        return self.make_client(connection, proxy_for(connection.api_base, self.proxies()))

    def _once(self, made: dict[str, Thing], key: str, make: Callable[[], Thing]) -> Thing:
        with self._lock:
            if key not in made:
                made[key] = make()
            return made[key]


def _make_client(to: Connection, proxy: str | None) -> QueryRunClient:
    # An HTTP library: a tenth of what a command loads, of which most ask only Redis and the ledger.
    from forebay.queryrun.client import QueryRunClient

    return QueryRunClient(to, proxy=proxy)
