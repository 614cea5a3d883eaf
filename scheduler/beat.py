"""Runs beat, as its composition root: for `forebay beat`, and `celery beat -S forebay.scheduler.beat:Scheduler`.

Each extract is an entry of Celery's schedule that says itself when its next round is. A round is made in this process
(`extracts/rounds.py`); no message is sent, and nothing is kept in a file: what should run is computed from the spec,
the clock and the ledger, so as many beats as one likes may run at once.
"""

import logging
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.request import getproxies

from celery import beat
from celery.schedules import BaseSchedule

from forebay.config.connections import Config
from forebay.config.document.spec import Spec
from forebay.config.errors import ConfigError
from forebay.config.load import load_config
from forebay.config.redis_urls import state_server
from forebay.config.same_key import check_keys_differ
from forebay.config.settings import Settings
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.deployment.heartbeats import BEAT, Heartbeats
from forebay.governor.deployment.seen_data import SeenData
from forebay.governor.errors import GovernorError
from forebay.governor.first_contact import greet
from forebay.governor.redis_client import Client
from forebay.governor.server_checks import check_server
from forebay.runtime.health_files import HealthFiles
from forebay.runtime.open_runtime import one_ledger, open_runtime
from forebay.runtime.runtime import Runtime
from forebay.scheduler.batches.history import History
from forebay.scheduler.batches.reconciling import Reconciler
from forebay.scheduler.batches.submitting import Submitter
from forebay.scheduler.definitions.accounts import account_with_key
from forebay.scheduler.definitions.changes import changes, record, recorded, shape
from forebay.scheduler.definitions.expand import Wanted
from forebay.scheduler.extracts.ready import Ready, answers_place
from forebay.scheduler.extracts.removed import removed_extracts
from forebay.scheduler.extracts.rounds import Rounds, RoundServices
from forebay.scheduler.notify import tell
from forebay.scheduler.sql.catalog import Catalogs
from forebay.scheduler.sql.catalog_fetch import fetch_catalog
from forebay.scheduler.sql.catalog_refresh import CatalogRefresher
from forebay.scheduler.sql.data_times import DataTimes
from forebay.store.errors import StoreError
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks

log = logging.getLogger(__name__)

#: How soon a changed spec is noticed. Its SQL files are read anew in every round.
READ_AGAIN_S = 5.0
#: How long beat's word that it lives is good for: longer than a round that expands a large definition takes.
ALIVE_S = 120
#: A round that broke is repeated so much later.
AFTER_A_BUG = timedelta(minutes=1)


def node(host: str) -> str:
    """Names a host's beat, as it says that it is alive."""
    return f"{BEAT}{host}"


def _loaded(settings: Settings) -> Config:
    """Reads what the settings and the spec come to. Raises ConfigError for what workers would refuse, too."""
    config = load_config(settings)
    check_keys_differ(config.connections.values())
    return config


class NextRound(BaseSchedule):
    """When one extract's next round is: what its last one came to."""

    def __init__(self, at: datetime, now: Callable[[], datetime], app: Any = None) -> None:
        super().__init__(nowfun=now, app=app)
        self.at = at

    def is_due(self, last_run_at: datetime) -> Any:  # noqa: ARG002  # Celery's signature
        left_s = (self.at - self.now()).total_seconds()
        return left_s <= 0, max(left_s, 0.0)

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:  # noqa: ARG002  # Celery's signature
        return max(self.at - self.now(), timedelta())

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<next round {self.at:%Y-%m-%d %H:%M:%S}Z>"


class Beat:
    """The extracts of the spec as it is now, and their rounds. One thread uses it."""

    def __init__(
        self,
        settings: Settings,
        client: Client,
        open_store: Callable[[str], Store],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Reads the spec. Raises ConfigError for a spec that cannot be used, and where there is none."""
        self._settings, self._redis, self._open_store, self._now = settings, client, open_store, now
        self._store = open_store(settings.ledger)
        self._ledger = Ledger(self._store)
        self._refresher = CatalogRefresher(
            Catalogs(self._store), client, account_of=account_with_key, proxies=getproxies(), now=now
        )
        self._refused: str | None = None
        self._told_removed: set[str] = set()
        self._shape: dict[str, Any] | None = None
        config = _loaded(settings)
        if config.written is None:
            raise ConfigError(f"there is no spec, so beat has nothing to do: {settings.spec} does not exist")
        self._go_by(config, recorded(self._store))

    @property
    def extracts(self) -> tuple[str, ...]:
        return self._extracts

    def round(self, name: str) -> datetime:
        """Makes a round over one extract, and says when the next one is."""
        return self._rounds.make(name, self._now()).next_at

    def read_again(self) -> bool:
        """Goes by a changed spec from now on, and says what changed; one that cannot be used is refused, once."""
        try:
            config = _loaded(self._settings)
            if config.written is None:
                raise ConfigError(f"{self._settings.spec} is gone")
            if shape(config.written) == self._shape:
                self._refused = None
                return False
        except ConfigError as error:
            if str(error) != self._refused:
                log.error("the changed spec is refused, the last one goes on: %s", error, extra={"event": "spec_bad"})
                self._refused = str(error)
            return False
        self._go_by(config, self._shape)
        return True

    def refresh_schemas(self) -> None:
        """Fetches the tables of connections whose spec wants that daily. Raises StoreError and GovernorError."""
        self._refresher.look(self._config)

    def say_alive(self) -> None:
        Heartbeats(self._redis).beat(node(socket.gethostname()), ALIVE_S)

    def _go_by(self, config: Config, before: dict[str, Any] | None) -> None:
        written = config.written
        assert written  # noqa: S101 - the callers made sure
        self._config = config
        self._refused, self._shape = None, shape(written)
        self._extracts = tuple(written.spec.extracts)
        for change in changes(before, self._shape) if before is not None else ():
            log.info("spec: %s", change, extra={"event": "spec_changed"})
        if before is not None and before.get("connections") != self._shape.get("connections"):
            log.warning("spec: workers know connections as of their start; start them anew", extra={"event": "spec"})
        marks = Marks(self._store, written.spec.former_names)
        self._tell_removed(marks, written.spec)
        record(self._store, self._shape, written.sha256, self._now())
        reconciler = Reconciler(self._ledger, self._redis, config, self._open_store)
        times = DataTimes(Catalogs(self._store), partial(fetch_catalog, proxies=getproxies()))
        submitter = Submitter(self._ledger, self._redis, reconciler, times)
        answers = answers_place(self._settings.ledger)
        history = History(self._ledger, self._open_store)
        self._rounds = Rounds(
            RoundServices(
                config=config,
                ledger=self._ledger,
                marks=marks,
                submitter=submitter,
                closing_queue=ClosingQueue(self._redis),
                ready=Ready(self._ledger, submitter, self._open_store(answers), answers),
                times=times,
                seen=SeenData(self._redis),
                wanted=Wanted(
                    past=history.batches,
                    runs=history.runs,
                    uses=history.uses,
                    taken=history.taken,
                    most_sql_bytes=self._settings.max_sql_bytes,
                    check_columns=self._settings.check_sql,
                ),
                tell=partial(tell, folder=Path(self._settings.spec).parent, proxies=getproxies()),
                restore=reconciler.bring_back,
            )
        )

    def _tell_removed(self, marks: Marks, spec: Spec) -> None:
        """Says of each extract that the spec has no more, once, that nobody adds to it."""
        for extract in removed_extracts(self._ledger, marks, spec):
            if extract.name not in self._told_removed:
                log.warning("%s", extract.sentence, extra={"event": "extract_removed", "extract": extract.name})
                self._told_removed.add(extract.name)
        self._told_removed -= spec.extracts.keys()


@cache
def opened() -> tuple[Settings, Runtime]:
    """Opens what this process works with. Raises `ConfigError` and `GovernorError`."""
    settings = Settings()
    greet(state_server(settings))
    runtime = open_runtime(settings, proxies=getproxies)
    runtime.health = HealthFiles.begun(settings.health_dir, runtime.monotonic_s)
    check_server(runtime.redis)
    one_ledger(settings, runtime).claim()
    return settings, runtime


class Scheduler(beat.Scheduler):
    """What `celery beat` runs."""

    producer: Any = None
    """Celery asks for it at each tick; nothing is sent, so beat needs no broker."""

    def __init__(self, app: Any, *args: Any, **kwargs: Any) -> None:
        self._read_at_s = 0.0
        super().__init__(app, *args, **kwargs)

    def setup_schedule(self) -> None:
        settings, runtime = opened()
        self._ledger = one_ledger(settings, runtime)
        self._beat = Beat(settings, runtime.redis, runtime.store)
        self._health = runtime.health
        self._fill()

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Makes one round at most; returns the seconds until the next tick."""
        self._health.alive()
        now_s = time.monotonic()
        if now_s - self._read_at_s >= READ_AGAIN_S:
            self._read_at_s = now_s
            self._follow_spec()
            self._refresh_schemas()
        return min(super().tick(*args, **kwargs), READ_AGAIN_S)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:  # noqa: ARG002  # Celery's signature
        try:
            entry.schedule.at = self._beat.round(entry.name)
        except Exception:  # one extract must not stop the others
            log.exception("a round failed, which is a bug", extra={"event": "bug", "extract": entry.name})
            entry.schedule.at = datetime.now(UTC) + AFTER_A_BUG

    @property
    def info(self) -> str:
        """Says in Celery's banner what there is, which a scheduler without a schedule is asked for."""
        return "    . extracts -> those of the spec; what was done of them is in the ledger"

    def _follow_spec(self) -> None:
        try:
            self._ledger.claim()  # raises, and ends this beat, once the ledger was moved
            if self._beat.read_again():
                self._fill()
            self._beat.say_alive()
            self._health.ready()
        except (StoreError, GovernorError) as error:
            log.warning("%s; it is tried again", error, extra={"event": "beat_failed"})

    def _refresh_schemas(self) -> None:
        try:
            self._beat.refresh_schemas()
        except (StoreError, GovernorError) as error:
            log.warning("no tables were fetched: %s; it is tried again", error, extra={"event": "schema_put_off"})
        except Exception:  # no extract needs them
            log.exception("fetching tables failed, which is a bug", extra={"event": "bug"})

    def _fill(self) -> None:
        """Makes every extract due now."""
        self.data = {
            name: self.Entry(
                name=name,
                task="forebay extract",
                schedule=NextRound(datetime.now(UTC), lambda: datetime.now(UTC), self.app),
                app=self.app,
            )
            for name in self._beat.extracts
        }
        self._heap = None
