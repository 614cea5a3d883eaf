"""A page of the list of tables counts as a whole or not at all."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.queryrun.errors import ProviderError
from forebay.queryrun.lists.schemas_page import (
    SCHEMAS_PATH,
    Column,
    ColumnPlace,
    SchemasPage,
    Table,
    read_schemas_page,
    schemas_path,
)

BASE = "https://api.stripe.com"
ID: dict[str, Any] = {"name": "id", "type": "varchar"}
CHARGES: dict[str, Any] = {"name": "charges", "columns": [ID]}


def page(*listed: Any, **more: Any) -> bytes:
    return json.dumps({"data": listed, "next_page_url": None} | more).encode()


def read(body: bytes) -> SchemasPage:
    return read_schemas_page(body, api_base=BASE, request_id="req_1")


def test_the_first_page_asks_for_all_that_there_is_with_columns() -> None:
    assert schemas_path() == "/v2/data/schemas?dataset=analytical&include[0]=columns&limit=1000"


def test_a_table_is_read_with_all_that_is_of_use() -> None:
    told = {
        "id": "schema_1",
        "object": "v2.data.schema",
        "name": "charges",
        "dataset": "analytical",
        "description": "What was\ncharged",
        "extended_description": "for others",
        "livemode": True,
        "refreshed_at": "2026-11-28T21:02:00.919623613Z",
        "relevant_reports": [{"id": "r", "name": "n", "description": "d"}],
        "columns": [
            {
                "name": "customer_id",
                "type": "varchar",
                "description": "Who paid",
                "is_primary_key": False,
                "foreign_keys_from": [],
                "foreign_keys_to": [{"schema": "customers", "column": "id"}, {"schema": 7}, "nonsense"],
            },
            {"name": "id", "type": "hyperlog", "is_primary_key": True, "new": 1},
            {"name": "amount"},
        ],
        "new": {},
    }

    (table,) = read(page(told)).tables

    assert table == Table(
        name="charges",
        description="What was charged",
        refreshed_at=datetime(2026, 11, 28, 21, 2, 0, 919623, UTC),
        columns=(
            Column(
                name="customer_id",
                type="varchar",
                description="Who paid",
                refers_to=(ColumnPlace(table="customers", column="id"),),
            ),
            Column(name="id", type="hyperlog", is_key=True),
            Column(name="amount", type=""),
        ),
    )


def test_the_next_page_is_where_the_reply_says_on_the_same_host() -> None:
    following = f"{SCHEMAS_PATH}?include%5B0%5D=columns&page=abc"

    assert read(page(CHARGES, next_page_url=following)).next_path == following
    assert read(page(CHARGES, next_page_url=BASE + following)).next_path == following
    assert read(page(CHARGES)).next_path is None


@pytest.mark.parametrize(
    "address",
    [f"https://elsewhere.invalid{SCHEMAS_PATH}", "//elsewhere.invalid/v2/data/schemas", "/v2/core/events", "http://[x"],
)
def test_the_key_goes_nowhere_else(address: str) -> None:
    with pytest.raises(ProviderError, match="list of tables goes on elsewhere"):
        read(page(CHARGES, next_page_url=address))


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ({"columns": [ID]}, "one of them has no name"),
        ("charges", "one of them has no name"),
        ({"name": "charges"}, "charges has no columns"),
        ({"name": "charges", "columns": None}, "charges has no columns"),
        ({"name": "charges", "columns": []}, "charges has no columns"),
        ({"name": "charges", "columns": [ID, {"type": "varchar"}]}, "a column of charges has no name"),
        ({"name": "charges", "columns": ["id"]}, "a column of charges has no name"),
    ],
)
def test_a_table_that_is_not_whole_makes_the_page_none(listed: Any, said: str) -> None:
    with pytest.raises(ProviderError, match=f"not whole: {said}"):
        read(page(CHARGES, listed))


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"data": {}}', page(next_page_url=7)])
def test_what_is_no_page_is_no_answer(body: bytes) -> None:
    with pytest.raises(ProviderError, match="no list of tables"):
        read(body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_TABLE = st.dictionaries(
    st.sampled_from(["name", "columns", "description", "refreshed_at", "more"]),
    _JSON | st.lists(st.dictionaries(st.sampled_from(["name", "type", "foreign_keys_to", "is_primary_key"]), _JSON)),
)


@given(st.lists(_TABLE | _JSON))
def test_whatever_comes_is_a_page_of_whole_tables_or_an_error_of_stripes(listed: list[Any]) -> None:
    try:
        tables = read(page(*listed)).tables
    except ProviderError:
        return
    assert len(tables) == len(listed)
    assert all(table.name and table.columns and all(column.name for column in table.columns) for table in tables)
