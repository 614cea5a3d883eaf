"""The names of types, by what queries give."""

import pytest

from tests.sandbox.driver import DataApi

#: Those that Stripe lists.
NINE = {"bigint", "boolean", "date", "datetime", "decimal", "double", "integer", "timestamp", "varchar"}


@pytest.mark.parametrize(
    ("expression", "type_name"),
    [
        ("amount", "bigint"),
        ("count(*)", "bigint"),
        ("sum(amount)", "bigint"),
        ("sum(1)", "bigint"),
        ("bool_or(paid)", "boolean"),
        ("DATE '2026-01-01'", "date"),
        ("CAST(1.5 AS DECIMAL(10, 2))", "decimal"),
        ("sum(1.5)", "decimal"),
        ("avg(amount)", "double"),
        ("CAST(1 AS REAL)", "double"),
        ("1", "integer"),
        ("CAST(1 AS SMALLINT)", "integer"),
        ("max(created)", "timestamp"),
        ("now()", "datetime"),
        ("max(id)", "varchar"),
        ("NULL", "varchar"),
        ("ARRAY[1]", "varchar"),
        ("INTERVAL '1' DAY", "varchar"),
    ],
)
def test_a_column_is_of_the_type_that_it_has_in_trino(data_api: DataApi, expression: str, type_name: str) -> None:
    grouped = "" if "(" in expression else " GROUP BY 1"
    (column,) = data_api.run(f"SELECT {expression} AS c FROM charges{grouped}")["result"]["file"]["columns"]
    assert column == {"name": "c", "type": type_name}
    assert type_name in NINE


def test_columns_stand_in_the_order_of_the_header(data_api: DataApi) -> None:
    run = data_api.run("SELECT created, id, amount FROM charges LIMIT 1")
    columns = run["result"]["file"]["columns"]
    assert [column["type"] for column in columns] == ["timestamp", "varchar", "bigint"]
    assert data_api.delivered(run).decode().splitlines()[0] == ",".join(column["name"] for column in columns)
