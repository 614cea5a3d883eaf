"""The generated data: the same for the same seed, and books that balance."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from forebay.sandbox import dataset
from forebay.sandbox.sandbox_settings import SandboxSettings
from forebay.sandbox.sql.engine import Engine, Ticket
from forebay.sandbox.sql.trino import Sight
from tests.sandbox.driver import Api


def _build(*, seed: int = 1, accounts: int = 3) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(config={"threads": 1})
    dataset.build(database, seed=seed, accounts=accounts, scale=1, data_until="2026-11-01 00:00:00")
    return database


@pytest.fixture(scope="module")
def built() -> duckdb.DuckDBPyConnection:
    return _build()


def _fingerprint(database: duckdb.DuckDBPyConnection) -> str:
    digest = hashlib.sha256()
    for table in dataset.columns_by_table(database):
        digest.update(repr(database.execute(f"SELECT * FROM sigma.{table}").fetchall()).encode())
    return digest.hexdigest()


def test_the_same_seed_is_the_same_data_and_another_seed_is_not(built: duckdb.DuckDBPyConnection) -> None:
    assert _fingerprint(built) == _fingerprint(_build())
    assert _fingerprint(built) != _fingerprint(_build(seed=2))


def test_all_the_usual_tables_have_rows_for_every_account(built: duckdb.DuckDBPyConnection) -> None:
    tables = {
        "balance_transactions", "charges", "refunds", "customers", "invoices", "invoice_line_items", "subscriptions",
        "subscription_items", "disputes", "transfers", "products", "prices", "payment_intents",
        "subscription_item_change_events", "customers_metadata", "charges_metadata", "subscriptions_metadata",
    }  # fmt: skip
    assert tables <= set(dataset.columns_by_table(built))
    for table in sorted(tables):
        found = built.execute(f"SELECT DISTINCT account FROM sigma.{table} ORDER BY 1").fetchall()
        assert [name for (name,) in found] == dataset.account_names(3), table


def test_ids_are_unique_in_every_table(built: duckdb.DuckDBPyConnection) -> None:
    listed = dataset.columns_by_table(built)
    for table in (name for name, columns in listed.items() if any(column.name == "id" for column in columns)):
        assert built.execute(f"SELECT count(*) - count(DISTINCT id) FROM sigma.{table}").fetchall() == [(0,)], table


def test_only_what_everybody_sees_has_no_account_of_its_own(built: duckdb.DuckDBPyConnection) -> None:
    for table, columns in dataset.columns_by_table(built).items():
        if dataset.is_by_account(table):
            assert columns[0].name == "account", table


def test_recurring_revenue_that_began_and_did_not_end_is_that_of_the_living(built: duckdb.DuckDBPyConnection) -> None:
    (gone,) = built.execute(
        "SELECT count(*) FROM (SELECT subscription_id, sum(mrr_change) AS mrr "
        "FROM sigma.subscription_item_change_events GROUP BY 1) AS m "
        "JOIN sigma.subscriptions AS s ON s.id = subscription_id "
        "WHERE (mrr = 0) <> (s.ended_at IS NOT NULL)"
    ).fetchall()
    assert gone == (0,)


RELATIONS = [
    ("charges", "customer_id", "customers"),
    ("charges", "invoice_id", "invoices"),
    ("charges", "balance_transaction_id", "balance_transactions"),
    ("charges", "dispute_id", "disputes"),
    ("charges", "payment_intent_id", "payment_intents"),
    ("refunds", "charge_id", "charges"),
    ("refunds", "balance_transaction_id", "balance_transactions"),
    ("disputes", "charge_id", "charges"),
    ("invoices", "subscription_id", "subscriptions"),
    ("invoice_line_items", "invoice_id", "invoices"),
    ("subscriptions", "customer_id", "customers"),
    ("subscriptions", "price_id", "prices"),
    ("subscription_items", "subscription_id", "subscriptions"),
    ("prices", "product_id", "products"),
    ("balance_transactions", "automatic_transfer_id", "transfers"),
    ("transfers", "balance_transaction_id", "balance_transactions"),
]


@pytest.mark.parametrize(("table", "column", "target"), RELATIONS)
def test_a_reference_leads_to_a_row_of_the_same_account(
    built: duckdb.DuckDBPyConnection, table: str, column: str, target: str
) -> None:
    orphans = built.execute(
        f"SELECT count(*) FROM sigma.{table} AS t WHERE {column} IS NOT NULL AND NOT EXISTS"
        f" (SELECT 1 FROM sigma.{target} AS o WHERE o.id = t.{column} AND o.account = t.account)"
    ).fetchall()
    assert orphans == [(0,)]


def test_every_payout_is_the_sum_of_its_transactions(built: duckdb.DuckDBPyConnection) -> None:
    wrong = built.execute(
        "SELECT count(*) FROM (SELECT p.id FROM sigma.transfers p JOIN sigma.balance_transactions b"
        " ON b.automatic_transfer_id = p.id GROUP BY p.id, p.amount HAVING sum(b.net) <> p.amount)"
    ).fetchall()
    assert wrong == [(0,)]


def test_no_charge_gives_back_more_than_it_took(built: duckdb.DuckDBPyConnection) -> None:
    assert built.execute("SELECT count(*) FROM sigma.charges WHERE amount_refunded > amount").fetchall() == [(0,)]


def test_one_account_alone_is_possible() -> None:
    database = _build(accounts=1)
    assert database.execute("SELECT DISTINCT account FROM sigma.charges").fetchall() == [("acct_sandbox0001",)]


def test_a_query_without_an_order_gives_equal_bytes_each_time_and_in_another_process_too(
    api: Api, tmp_path: Path
) -> None:
    sql = "SELECT card_brand, card_country, count(*), approx_distinct(customer_id) FROM charges GROUP BY 1, 2"
    bodies = {api.csv(sql) for _ in range(5)}
    other = Engine(SandboxSettings(accounts=3), tmp_path)
    sight = Sight(account="acct_sandbox0001", data_load_time=datetime(2026, 11, 1, tzinfo=UTC))
    other.execute(other.check(sql, sight), tmp_path / "x.csv", Ticket())
    other.close()
    assert bodies == {(tmp_path / "x.csv").read_text()}
