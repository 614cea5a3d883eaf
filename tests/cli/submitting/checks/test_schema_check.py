"""What `doctor` says of tables that are known, and of those that should be fetched daily."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from forebay.queryrun.lists.schemas_page import Column, Table
from forebay.scheduler.sql.catalog import Catalog, Catalogs, NotTold
from forebay.store.local import LocalStore
from tests.cli.conftest import Forebay, Said
from tests.cli.stripe import EndlessStripe

CHARGES = Table(name="charges", columns=(Column(name="id", type="varchar"),))


@pytest.fixture
def daily(folder: Path, stripe: EndlessStripe, deployed: redis.Redis) -> Catalogs:
    """A spec that wants tables daily, and what is known of them."""
    connection = f"{{mode: test, key: secret://env/STRIPE_API_KEY, api_base: '{stripe.url}', refresh_schema: daily}}"
    (folder / "forebay.yaml").write_text(f"version: 1\nconnections: {{acme: {connection}}}\n")
    return Catalogs(LocalStore(folder / ".forebay" / "ledger"))


def known(stripe: EndlessStripe, age: timedelta) -> Catalog:
    return Catalog(api_base=stripe.url, fetched_at=datetime.now(UTC) - age, tables=(CHARGES,))


def row(said: Said) -> dict[str, str]:
    rows = [row for row in said.events if row.get("check") == "schema"]
    return rows[0] if rows else {}


def test_of_one_that_was_never_fetched_and_need_not_be_nothing_is_said(deployed: redis.Redis, forebay: Forebay) -> None:
    assert row(forebay("doctor", "--json")) == {}


def test_tables_that_are_known_are_counted(
    folder: Path, deployed: redis.Redis, stripe: EndlessStripe, forebay: Forebay
) -> None:
    Catalogs(LocalStore(folder / ".forebay" / "ledger")).keep("default", known(stripe, timedelta(days=9)))

    found = row(forebay("doctor", "--json"))

    assert (found["verdict"], found["message"]) == ("ok", "of connection default: 1 table, fetched 9 days ago")


def test_those_that_are_fetched_daily_are_well_for_a_day(
    daily: Catalogs, stripe: EndlessStripe, forebay: Forebay
) -> None:
    daily.keep("acme", known(stripe, timedelta(hours=25)))

    found = row(forebay("doctor", "--json"))

    assert (found["verdict"], found["message"]) == ("ok", "of connection acme: 1 table, fetched 25 h ago")


def test_where_nobody_fetches_them_it_is_a_warning_that_stops_nothing(
    daily: Catalogs, stripe: EndlessStripe, forebay: Forebay
) -> None:
    never = row(forebay("doctor", "--json"))
    daily.keep("acme", known(stripe, timedelta(days=3)))
    said = forebay("doctor", "--json")
    old = row(said)

    assert never["verdict"] == old["verdict"] == "warning"
    assert never["message"] == ("the tables of acme should be fetched daily; known: none, so names are not checked")
    assert old["message"] == "the tables of acme should be fetched daily; known: 1 table, fetched 3 days ago"
    assert "`forebay beat` fetches them" in old["next"]
    assert said.events[-1]["failed"] == 0


def test_why_they_could_not_be_fetched_is_told_beside_how_old_the_last_ones_are(
    daily: Catalogs, stripe: EndlessStripe, forebay: Forebay
) -> None:
    daily.keep("acme", known(stripe, timedelta(hours=25)))
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    daily.note_not_told("acme", NotTold(at=an_hour_ago, reason="Stripe denies it", way_out="grant it"))

    found = row(forebay("doctor", "--json"))

    assert found["verdict"] == "warning"
    assert found["message"] == (
        "the tables of acme could not be fetched 1 h ago: Stripe denies it; known: 1 table, fetched 25 h ago"
    )
    assert found["next"] == "grant it"


def test_what_cannot_be_read_is_said(daily: Catalogs, folder: Path, forebay: Forebay) -> None:
    record = folder / ".forebay" / "ledger" / "schemas" / "acme" / "tables.json"
    record.parent.mkdir(parents=True)
    record.write_text("{")

    found = row(forebay("doctor", "--json"))

    assert (found["verdict"], found["next"]) == ("warning", "`forebay schema` fetches them now")
    assert "what is known of the tables of acme cannot be read" in found["message"]
