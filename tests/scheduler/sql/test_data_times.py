"""Up to when data go: asked once in a while, kept for whoever works on the ledger, and never guessed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from forebay.config.connections import Connection
from forebay.config.secrets import HeldSecret
from forebay.config.stripe import Mode
from forebay.queryrun.errors import AuthError, ProviderError
from forebay.queryrun.lists.schemas_page import Column, Table
from forebay.scheduler.sql.catalog import Catalog, Catalogs
from forebay.scheduler.sql.data_times import EVERY, DataTimes, data_state, data_until
from forebay.store.local import LocalStore

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
SECRET = HeldSecret(origin="a test", value=SecretStr("rk_test_1"))
ACME = Connection(name="acme", mode=Mode.TEST, secret=SECRET, cap=1, tables_tell_data=True)


def catalog(now: datetime, account: str | None = None, **times: datetime | None) -> Catalog:
    columns = (Column(name="id", type="varchar"),)
    tables = tuple(Table(name=name, columns=columns, refreshed_at=time) for name, time in times.items())
    return Catalog(api_base=ACME.api_base, account=account, fetched_at=now, tables=tables)


class Stripe:
    """Tells a list whose data are an hour old, or what it is told to raise."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, datetime]] = []
        self.error: Exception | None = None

    def __call__(self, connection: Connection, account: str | None, *, now: datetime) -> Catalog:
        self.asked.append((connection.name, account, now))
        if self.error:
            raise self.error
        return catalog(now, account, charges=now - timedelta(hours=1))


@pytest.fixture
def stripe() -> Stripe:
    return Stripe()


@pytest.fixture
def times(tmp_path: Path, stripe: Stripe) -> Callable[[], DataTimes]:
    """Makes those of another process."""
    return lambda: DataTimes(Catalogs(LocalStore(tmp_path)), stripe)


def test_one_request_in_a_quarter_of_an_hour_answers_all(times: Callable[[], DataTimes], stripe: Stripe) -> None:
    asking = times()
    for minutes in (0, 1, 14):
        told = asking.ask(ACME, None, NOON + timedelta(minutes=minutes))
        assert data_until(told, ["charges"]) == NOON - timedelta(hours=1)
    assert len(stripe.asked) == 1

    asking.ask(ACME, None, NOON + EVERY)
    asking.ask(ACME, "acct_1", NOON + EVERY)
    assert [(account, at) for _, account, at in stripe.asked[1:]] == [(None, NOON + EVERY), ("acct_1", NOON + EVERY)]


def test_what_was_told_is_known_to_others_and_of_nobody_else(times: Callable[[], DataTimes], stripe: Stripe) -> None:
    assert times().known(ACME, None) is None
    told = times().ask(ACME, None, NOON)

    assert times().known(ACME, None) == told
    assert times().known(ACME, "acct_1") is None, "its data may be of another time"
    assert len(stripe.asked) == 1


def test_what_is_told_of_one_account_more_takes_no_place_of_what_is_kept(
    times: Callable[[], DataTimes], stripe: Stripe, tmp_path: Path
) -> None:
    asking = times()
    asking.ask(ACME, "acct_1", NOON)
    asking.ask(ACME, "acct_2", NOON, keep=False)

    kept = Catalogs(LocalStore(tmp_path)).find("acme", ACME.api_base)
    assert kept
    assert (kept.account, kept.column_count) == ("acct_1", 1)
    assert asking.known(ACME, "acct_2")
    assert times().known(ACME, "acct_2") is None


@pytest.mark.parametrize(("error", "answered"), [(AuthError("no", status=403), True), (ProviderError("broke"), False)])
def test_a_refusal_is_an_answer_of_stripes_and_what_broke_is_none(
    times: Callable[[], DataTimes], stripe: Stripe, error: Exception, *, answered: bool
) -> None:
    asking, stripe.error = times(), error
    assert not asking.has_answered(ACME, "acct_1")
    assert asking.ask(ACME, "acct_1", NOON) is None

    assert asking.has_answered(ACME, "acct_1") is answered
    assert asking.may_ask(ACME, "acct_1", NOON + timedelta(minutes=14)) is False
    assert asking.may_ask(ACME, "acct_1", NOON + EVERY)


def test_where_nobody_says_that_the_list_tells_of_data_it_is_neither_asked_nor_believed(
    times: Callable[[], DataTimes], stripe: Stripe
) -> None:
    """It may tell when the descriptions of tables were written."""
    times().ask(ACME, None, NOON)
    unsure = replace(ACME, tables_tell_data=False)

    assert times().ask(unsure, None, NOON) is times().known(unsure, None) is None
    assert len(stripe.asked) == 1


def test_what_is_kept_and_cannot_be_read_is_nothing_known(
    times: Callable[[], DataTimes], stripe: Stripe, tmp_path: Path
) -> None:
    times().ask(ACME, None, NOON)
    LocalStore(tmp_path).put("schemas/acme/tables.json", b"{")

    assert times().known(ACME, None) is None
    assert times().ask(ACME, None, NOON) == catalog(NOON, charges=NOON - timedelta(hours=1)).without_columns()


@pytest.mark.parametrize("error", [AuthError("no", status=403), ProviderError("no answer")])
def test_a_refusal_is_no_answer_and_takes_none_back(
    times: Callable[[], DataTimes], stripe: Stripe, error: Exception
) -> None:
    asking = times()
    told = asking.ask(ACME, None, NOON)
    stripe.error = error

    for minutes in (15, 16):
        assert asking.ask(ACME, None, NOON + timedelta(minutes=minutes)) is None
    assert asking.known(ACME, None) == told
    assert len(stripe.asked) == 2


def test_data_go_as_far_as_those_of_the_table_that_is_furthest_behind() -> None:
    told = catalog(NOON, Charges=NOON, fees=NOON - EVERY, untold=None)

    assert data_until(told, {"charges"}) == NOON
    assert data_until(told, {"charges", "fees"}) == NOON - EVERY
    assert data_until(told, {"charges", "untold"}) is None
    assert data_until(told, {"charges", "elsewhere"}) is None
    assert data_until(told, frozenset()) is data_until(told, None) is data_until(None, {"charges"}) is None


def test_the_state_of_data_is_another_once_any_table_that_counts_has_moved() -> None:
    later = NOON + EVERY
    state = data_state(catalog(NOON, charges=NOON, fees=later), {"charges", "fees"})
    assert state
    assert data_state(catalog(later, Fees=later, charges=NOON, elsewhere=later), {"fees", "charges"}) == state
    # Neither the one that is furthest behind nor the newest tells it alone.
    assert data_state(catalog(NOON, charges=later, fees=later), {"charges", "fees"}) != state
    assert data_state(catalog(NOON, charges=NOON, fees=later + EVERY), {"charges", "fees"}) != state
    assert data_state(catalog(NOON, charges=NOON), {"charges"}) != data_state(catalog(NOON, fees=NOON), {"fees"})
    assert data_state(catalog(NOON, charges=NOON), {"charges", "fees"}) is None
