"""What was told of tables is in the ledger, whole, for whoever reads it on any machine."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from forebay.queryrun.lists.schemas_page import Column, ColumnPlace, Table
from forebay.scheduler.sql.catalog import Catalog, Catalogs, NotTold
from forebay.store.errors import BadRecord
from forebay.store.local import LocalStore

API = "http://127.0.0.1:8420"
NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
CHARGES = Table(
    name="Charges",
    description="What was charged",
    refreshed_at=NOW,
    columns=(
        Column(name="ID", type="varchar", is_key=True),
        Column(name="amount", type="BIGINT", description="In the smallest unit"),
        Column(name="customer_id", type="varchar", refers_to=(ColumnPlace(table="customers", column="id"),)),
    ),
)
CUSTOMERS = Table(name="customers", refreshed_at=NOW.replace(hour=4), columns=(Column(name="id", type="varchar"),))
CATALOG = Catalog(api_base=API, account="acct_1", fetched_at=NOW, tables=(CHARGES, CUSTOMERS))


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "ledger")


def test_what_is_kept_is_read_again_and_other_connections_stay(store: LocalStore) -> None:
    Catalogs(store).keep("acme", CATALOG)
    Catalogs(store).keep("a/b.tables", CATALOG.model_copy(update={"account": None}))

    assert Catalogs(store).find("acme", API) == CATALOG
    assert Catalogs(store).find("a/b.tables", API) == CATALOG.model_copy(update={"account": None})
    assert Catalogs(store).find("other", API) is None


def test_what_another_server_told_is_nothing(store: LocalStore) -> None:
    Catalogs(store).keep("acme", CATALOG)

    assert Catalogs(store).find("acme", "https://api.stripe.com") is None


def test_why_it_was_not_told_again_is_kept_beside_it_until_it_is(store: LocalStore) -> None:
    catalogs = Catalogs(store)
    catalogs.keep("acme", CATALOG)
    assert catalogs.not_told("acme") is None

    catalogs.note_not_told("acme", NotTold(at=NOW, reason="no answer", way_out="ask again"))
    assert catalogs.not_told("acme") == NotTold(at=NOW, reason="no answer", way_out="ask again")
    assert catalogs.find("acme", API) == CATALOG

    catalogs.keep("acme", CATALOG)
    assert catalogs.not_told("acme") is None


def test_names_are_compared_in_lower_case() -> None:
    assert CATALOG.types == {
        "charges": {"id": "varchar", "amount": "bigint", "customer_id": "varchar"},
        "customers": {"id": "varchar"},
    }


def test_it_says_when_tables_were_refreshed_and_how_many_columns_there_are() -> None:
    assert CATALOG.refreshed == [NOW.replace(hour=4), NOW]
    untold = Table(name="charges", columns=(Column(name="id", type="varchar"),))
    assert Catalog(api_base=API, fetched_at=NOW, tables=(untold,)).refreshed == []
    assert CATALOG.column_count == 4


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "tables": [1]}'])
def test_a_damaged_record_is_an_error_until_another_takes_its_place(store: LocalStore, text: str) -> None:
    store.put("schemas/acme/tables.json", text.encode())

    with pytest.raises(BadRecord):
        Catalogs(store).find("acme", API)
    Catalogs(store).keep("acme", CATALOG)
    assert Catalogs(store).find("acme", API) == CATALOG
