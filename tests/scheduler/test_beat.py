"""Beat goes by the spec as it is, says what changes in it, and runs under Celery without a message or a file."""

import logging
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from forebay.config.errors import ConfigError
from forebay.config.settings import Settings
from forebay.governor.keys import alive
from forebay.sandbox.http.server import running
from forebay.sandbox.sandbox_settings import SandboxSettings
from forebay.scheduler.beat import Beat, NextRound, node
from forebay.scheduler.sql.catalog import Catalogs
from forebay.store.local import LocalStore
from tests.scheduler.spec import CONNECTIONS, DEFAULTS
from tests.worker.conftest import World

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
FEES = "  fees: {sql: SELECT 1, window: {every: 1d, start: 2026-10-01}, schedule: {when: at_end, overlap: allow}}\n"
TAXES = FEES.replace("fees", "taxes")


class Place:
    """A folder with a spec and a ledger, and a beat of it."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.spec, self.now = world, folder / "forebay.yaml", NOON
        self.settings = Settings(_env_file=None, spec=self.spec, ledger=str(folder / "ledger"))

    def write(self, *extracts: str) -> None:
        self.spec.write_text(f"{CONNECTIONS}{DEFAULTS}extracts:\n{''.join(extracts)}")

    def beat(self) -> Beat:
        return Beat(self.settings, self.world.rt.redis, lambda url: LocalStore(Path(url)), now=lambda: self.now)

    @property
    def batches(self) -> list[str]:
        folder = Path(self.settings.ledger) / "batches"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def place(world: World, tmp_path: Path) -> Place:
    return Place(world, tmp_path)


def changed(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage() for record in caplog.records if getattr(record, "event", "") in ("spec_changed", "spec_bad")
    ]


def test_each_extract_of_the_spec_has_its_rounds_and_says_when_the_next_one_is(place: Place) -> None:
    place.write(FEES, TAXES)
    beat = place.beat()
    assert beat.extracts == ("fees", "taxes")
    assert beat.round("fees") > NOON
    assert len(place.batches) == 4 and all(name.startswith("fees.") for name in place.batches)


def test_what_changes_is_said_and_gone_by(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.write(FEES)
    beat = place.beat()
    with caplog.at_level(logging.INFO):
        assert not beat.read_again()
        place.write(FEES.replace("allow", "queue"), TAXES)
        assert beat.read_again()
        assert not beat.read_again()
    assert changed(caplog) == ["spec: extracts.fees: changed schedule.overlap", "spec: extracts.taxes: new"]
    assert beat.extracts == ("fees", "taxes")
    beat.round("taxes")
    assert len(place.batches) == 4 and all(name.startswith("taxes.") for name in place.batches)


def test_a_beat_that_starts_says_what_changed_since_any_beat_went_by_the_spec(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.write(FEES)
    with caplog.at_level(logging.INFO):
        place.beat()
        place.beat()
        assert changed(caplog) == []
        place.write(TAXES)
        place.beat()
    assert changed(caplog) == [
        "spec: extracts.fees: gone; what was accepted of it goes on",
        "spec: extracts.taxes: new",
    ]


def test_a_spec_that_cannot_be_used_is_refused_once_and_the_last_one_goes_on(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.write(FEES)
    beat = place.beat()
    place.write(FEES.replace("at_end", "at_ends"))
    with caplog.at_level(logging.INFO):
        assert not beat.read_again()
        assert not beat.read_again()
    (message,) = changed(caplog)
    assert "is refused, the last one goes on" in message and "at_ends" in message
    beat.round("fees")
    assert len(place.batches) == 4

    place.write(FEES)
    assert not beat.read_again(), "it is the one that goes on"
    place.write(FEES.replace("at_end", "at_ends"))
    with caplog.at_level(logging.INFO):
        beat.read_again()
    assert len(changed(caplog)) == 2, "the same mistake made again is told again"


def test_a_spec_in_which_one_key_serves_two_connections_is_refused_as_workers_would(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.write(FEES)
    beat = place.beat()
    second = "  second: {mode: test, key: secret://env/ACME_KEY}\n"
    place.spec.write_text(place.spec.read_text().replace("  shops:", f"{second}  shops:"))
    with caplog.at_level(logging.INFO):
        assert not beat.read_again()
    (message,) = changed(caplog)
    assert "connections acme and second have the same key" in message
    with pytest.raises(ConfigError, match="acme and second"):
        place.beat()


def test_where_there_is_no_spec_it_does_not_start(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.settings = Settings(_env_file=None, ledger=place.settings.ledger)
    monkeypatch.chdir(place.spec.parent)
    with pytest.raises(ConfigError, match="beat has nothing to do"):
        place.beat()


def test_it_says_that_it_is_alive_for_a_while(place: Place) -> None:
    place.write(FEES)
    place.beat().say_alive()
    left_s = place.world.rt.redis.ttl(alive(node(socket.gethostname())))
    assert 0 < left_s <= 120


def test_tables_are_fetched_daily_as_soon_as_the_spec_wants_that(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ACME_KEY", "rk_test_readonly_x")
    place.write(FEES)
    beat, told = place.beat(), Catalogs(LocalStore(Path(place.settings.ledger)))
    with running(SandboxSettings(port=0, accounts=2)) as url, caplog.at_level(logging.INFO):
        beat.refresh_schemas()
        assert told.find("acme", url) is None

        daily = f"ACME_KEY, api_base: '{url}', refresh_schema: daily}}"
        place.spec.write_text(place.spec.read_text().replace("ACME_KEY}", daily))
        assert beat.read_again()
        for _ in range(3):
            beat.refresh_schemas()
            place.beat().refresh_schemas()
        requests = httpx.get(f"{url}/sandbox/counts").json()["requests"]

    kept = told.find("acme", url)
    assert kept is not None and kept.fetched_at == NOON
    assert requests == {"list_schemas": {"200": 1}}
    (fetched,) = (each for each in caplog.records if getattr(each, "event", "") == "schema_fetched")
    assert fetched.getMessage() == f"the tables of connection acme were fetched: {len(kept.tables)}"


def test_an_entry_is_due_when_its_last_round_said_so() -> None:
    now = NOON
    next_round = NextRound(NOON + timedelta(minutes=5), lambda: now)
    assert next_round.is_due(NOON) == (False, 300.0)
    now = NOON + timedelta(minutes=5)
    assert next_round.is_due(NOON) == (True, 0.0)
    assert next_round.remaining_estimate(NOON) == timedelta()
