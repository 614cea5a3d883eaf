"""Once a day one beat fetches the tables, whoever else runs; what comes of it is in the ledger, or why nothing does."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import httpx
import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from forebay.config.connections import Config, Connection
from forebay.config.schema_refresh import SchemaRefresh
from forebay.config.secrets import HeldSecret
from forebay.config.stripe import Mode
from forebay.governor.keys import schema_turn
from forebay.governor.redis_client import Client, connect
from forebay.sandbox.http.server import running
from forebay.sandbox.sandbox_settings import SandboxSettings
from forebay.scheduler.sql.catalog import Catalogs
from forebay.scheduler.sql.catalog_refresh import AGAIN, EVERY, LOOK_AGAIN, TURN_S, CatalogRefresher
from forebay.store.local import LocalStore
from tests.servers.http_server import Handler, served
from tests.servers.session_valkey import SessionValkey

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
NOBODY = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def sandbox_url() -> Iterator[str]:
    with running(SandboxSettings(port=0, accounts=2, endpoint_rate_per_s=0, global_rate_test_per_s=0)) as url:
        yield url


class WatchedStore(LocalStore):
    """Counts what is read, and does something once after it was."""

    reads = 0
    then: Callable[[], None] | None = None

    def get(self, key: str) -> bytes:
        self.reads += 1
        then, self.then = self.then, None
        try:
            return super().get(key)
        finally:
            if then:
                then()


class Deployment:
    """A ledger and a Redis, a clock that a test moves, and beats of them."""

    def __init__(self, url: str, ledger: Path, client: Client) -> None:
        self.url, self.client, self.now = url, client, NOON
        self.store = WatchedStore(ledger)
        self.catalogs = Catalogs(self.store)
        self.config = self.asking(url)

    def asking(self, url: str, key: str = "rk_test_readonly_x", **more: Any) -> Config:
        secret = HeldSecret(origin="STRIPE_API_KEY", value=SecretStr(key))
        given: dict[str, Any] = {"mode": Mode.TEST, "secret": secret, "cap": 100, "api_base": url}
        daily = {"refresh_schema": SchemaRefresh.DAILY}
        return Config(connections={"acme": Connection(name="acme", **(given | daily | more))})

    def beat(self, account: str | None = None) -> CatalogRefresher:
        return CatalogRefresher(
            self.catalogs, self.client, account_of=lambda *_: account, proxies={}, now=lambda: self.now
        )

    def control(self, **changes: Any) -> None:
        httpx.post(f"{self.url}/sandbox/control", json=changes).raise_for_status()

    def passes(self, time: timedelta) -> None:
        """Moves the clock, and that of Redis by what it does then."""
        self.now += time
        if time.total_seconds() >= TURN_S:
            self.client.delete(schema_turn("acme"))

    @property
    def requests(self) -> int:
        counts = httpx.get(f"{self.url}/sandbox/counts").json()["requests"]
        return sum(counts.get("list_schemas", {}).values())

    @property
    def fetched_at(self) -> datetime | None:
        kept = self.catalogs.find("acme", self.url)
        return kept.fetched_at if kept else None


@pytest.fixture
def deployment(sandbox_url: str, tmp_path: Path, valkey: redis.Redis) -> Deployment:
    httpx.post(f"{sandbox_url}/sandbox/reset").raise_for_status()
    return Deployment(sandbox_url, tmp_path / "ledger", valkey)


def test_it_is_fetched_at_once_and_then_once_a_day_however_often_and_by_whomever_it_is_looked_at(
    deployment: Deployment,
) -> None:
    beats = [deployment.beat() for _ in range(3)]
    for day in range(1, 4):
        for _ in range(4):
            for beat in beats:
                beat.look(deployment.config)
            deployment.passes(EVERY / 4)
        assert deployment.requests == day


def test_beats_at_the_same_moment_ask_once(deployment: Deployment) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda beat: beat.look(deployment.config), [deployment.beat() for _ in range(8)]))

    assert deployment.requests == 1
    assert deployment.fetched_at == NOON


def test_one_that_starts_anew_asks_nothing_before_its_time(deployment: Deployment) -> None:
    deployment.beat().look(deployment.config)
    deployment.passes(EVERY - timedelta(minutes=1))
    deployment.beat().look(deployment.config)
    assert deployment.requests == 1

    deployment.passes(timedelta(minutes=1))
    deployment.beat().look(deployment.config)
    assert deployment.requests == 2


def test_where_nobody_asked_for_it_nothing_is_fetched(deployment: Deployment) -> None:
    deployment.beat().look(deployment.asking(deployment.url, refresh_schema=SchemaRefresh.NEVER))

    assert deployment.requests == 0


@pytest.mark.parametrize(
    ("changes", "reason", "way_out"),
    [
        ({"schemas": "forbidden"}, "denies it the list of tables", "data_queries_read"),
        ({"schemas": "disabled"}, "which this account has not joined", "ask Stripe for the preview"),
        ({"schemas": "missing"}, "has no list of tables", "api_base"),
        ({"faults": [{"name": "server_error"}]}, "HTTP 500", "ask again"),
        ({"faults": [{"name": "drop_request"}]}, "no answer from Stripe", "ask again"),
    ],
)
def test_a_failure_keeps_what_there_was_says_why_and_is_tried_again_an_hour_later(
    deployment: Deployment, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], reason: str, way_out: str
) -> None:
    beat, other = deployment.beat(), deployment.beat()
    beat.look(deployment.config)
    deployment.control(**changes)
    deployment.passes(EVERY)

    for _ in range(3):
        beat.look(deployment.config)
        other.look(deployment.config)
    assert deployment.requests == 2
    assert deployment.fetched_at == NOON
    not_told = deployment.catalogs.not_told("acme")
    assert not_told is not None and not_told.at == NOON + EVERY
    assert reason in not_told.reason and way_out in not_told.way_out
    (warning,) = (record for record in caplog.records if record.levelno == logging.WARNING)
    assert "the tables of connection acme were not fetched, and those of 2026-10-05 stay: " in warning.getMessage()
    assert reason in warning.getMessage()

    deployment.passes(AGAIN)
    beat.look(deployment.config)
    other.look(deployment.config)
    assert deployment.requests == 3

    deployment.control(schemas="listed", faults=[])
    deployment.passes(AGAIN)
    beat.look(deployment.config)
    assert deployment.fetched_at == deployment.now
    assert deployment.catalogs.not_told("acme") is None


def test_a_key_that_is_not_there_is_a_failure_like_any_other(deployment: Deployment) -> None:
    secret = HeldSecret(origin="ACME_KEY", value=SecretStr(""))

    deployment.beat().look(deployment.asking(deployment.url, secret=secret))

    not_told = deployment.catalogs.not_told("acme")
    assert not_told is not None and "ACME_KEY is empty" in not_told.reason


def test_who_fetches_by_hand_spares_that_days_request(deployment: Deployment) -> None:
    beat = deployment.beat()
    beat.look(deployment.config)
    kept = deployment.catalogs.find("acme", deployment.url)
    assert kept
    deployment.passes(EVERY / 2)
    deployment.catalogs.keep("acme", kept.model_copy(update={"fetched_at": deployment.now}))

    deployment.passes(EVERY / 2)
    beat.look(deployment.config)
    assert deployment.requests == 1
    deployment.passes(EVERY / 2)
    beat.look(deployment.config)
    assert deployment.requests == 2


def test_another_server_is_asked_at_once(deployment: Deployment) -> None:
    beat = deployment.beat()
    beat.look(deployment.config)
    elsewhere = deployment.asking(deployment.url.replace("127.0.0.1", "localhost"))

    deployment.passes(AGAIN)
    beat.look(elsewhere)

    assert deployment.requests == 2


def test_what_cannot_be_read_or_is_of_a_clock_that_was_ahead_is_fetched_anew(
    deployment: Deployment, tmp_path: Path
) -> None:
    record = tmp_path / "ledger" / "schemas" / "acme" / "tables.json"
    deployment.beat().look(deployment.config)
    record.write_text("{")
    deployment.passes(AGAIN)
    deployment.beat().look(deployment.config)
    assert deployment.requests == 2

    deployment.now -= timedelta(days=900)
    deployment.passes(AGAIN)
    deployment.beat().look(deployment.config)
    assert deployment.requests == 3
    assert deployment.fetched_at == deployment.now


def test_it_is_asked_for_the_account_of_the_last_time_where_nobody_says_which(deployment: Deployment) -> None:
    config = deployment.asking(deployment.url, key="rk_test_needscontext_x")
    deployment.beat().look(config)
    assert deployment.fetched_at is None

    deployment.passes(AGAIN)
    deployment.beat("acct_sandbox0001").look(config)
    deployment.passes(EVERY)
    deployment.beat().look(config)
    assert deployment.fetched_at == deployment.now


def test_a_beat_that_missed_the_turn_looks_again_soon(deployment: Deployment) -> None:
    deployment.client.set(schema_turn("acme"), "somebody", ex=int(TURN_S))
    beat = deployment.beat()
    beat.look(deployment.config)
    assert deployment.requests == 0

    deployment.client.delete(schema_turn("acme"))  # who had it came to nothing
    beat.look(deployment.config)
    assert deployment.requests == 0
    deployment.passes(LOOK_AGAIN)
    beat.look(deployment.config)
    assert deployment.requests == 1


def test_one_that_sleeps_between_its_look_and_its_turn_finds_what_was_fetched_meanwhile(deployment: Deployment) -> None:
    beat, other = deployment.beat(), deployment.beat()
    beat.look(deployment.config)
    deployment.passes(EVERY)

    def meanwhile() -> None:
        other.look(deployment.config)
        deployment.client.delete(schema_turn("acme"))

    deployment.store.then = meanwhile
    beat.look(deployment.config)

    assert deployment.requests == 2


@pytest.mark.parametrize("answer", ["listed", "missing"])
def test_between_its_looks_it_reads_nothing(deployment: Deployment, answer: str) -> None:
    beat = deployment.beat()
    deployment.control(schemas=answer)
    beat.look(deployment.config)
    reads = deployment.store.reads

    for _ in range(5):
        deployment.now += timedelta(seconds=5)
        beat.look(deployment.config)

    assert deployment.store.reads == reads


class Answering(Handler):
    """A Stripe with one table, or without a list of them."""

    asked: ClassVar[list[str]] = []
    lists: ClassVar[bool] = True

    def do_GET(self) -> None:
        self.asked.append(self.path)
        page = {"data": [{"name": "charges", "columns": [{"name": "id"}]}], "next_page_url": None}
        self.answer_json(page if self.lists else {"error": {}}, 200 if self.lists else 404)


@pytest.fixture(scope="module")
def answering() -> Iterator[str]:
    with served(Answering) as url:
        yield url


#: Which beat looks, whether it was started anew, how many minutes pass then, and whether Stripe lists tables.
_STEPS = st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 30 * 60), st.booleans()), max_size=20)


@settings(max_examples=30, deadline=None)
@given(steps=_STEPS)
def test_a_success_is_never_followed_within_a_day_nor_a_failure_within_a_turn(
    answering: str, session_valkey: SessionValkey, steps: list[tuple[int, bool, int, bool]]
) -> None:
    with session_valkey.emptied() as url, connect(url) as client, TemporaryDirectory() as ledger:
        deployment = Deployment(answering, Path(ledger), client)
        beats = [deployment.beat() for _ in range(3)]
        asked: list[tuple[datetime, bool]] = []
        for number, starts_anew, minutes, Answering.lists in steps:
            beats[number] = deployment.beat() if starts_anew else beats[number]
            Answering.asked.clear()
            beats[number].look(deployment.config)
            asked += [(deployment.now, Answering.lists)] * len(Answering.asked)
            deployment.now += timedelta(minutes=minutes)
            if asked and (deployment.now - asked[-1][0]).total_seconds() >= TURN_S:
                client.delete(schema_turn("acme"))
    for (at, well), (following, _) in pairwise(asked):
        assert following - at >= (EVERY if well else timedelta(seconds=TURN_S))
