"""What a query's text tells of it: the tables that it reads, and the columns of its result with their types."""

import pytest

from forebay.scheduler.sql.trino.judge import columns_of, tables_of, types_of
from tests.scheduler.sql.trino.test_judge import TABLES


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT 1", ""),
        ("SELECT id FROM Charges; ", "charges"),
        ("WITH charges AS (SELECT * FROM payouts) SELECT * FROM charges", "payouts"),
        ("WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM a, refunds) SELECT * FROM b JOIN a ON true", "refunds"),
        ("SELECT (SELECT max(fee) FROM fees) FROM a WHERE EXISTS (SELECT 1 FROM b) AND id IN (TABLE c)", "a b c fees"),
        (
            "SELECT * FROM a CROSS JOIN UNNEST(ARRAY[1]) AS t(n), LATERAL (SELECT * FROM b) UNION SELECT * FROM d",
            "a b d",
        ),
        ("SELECT * FROM sigma.charges", "sigma.charges"),
        (
            "SELECT CASE WHEN (SELECT count(*) FROM a) > 0 THEN 1 END FROM (VALUES 1) AS v(x) ORDER BY (TABLE b)",
            "a b",
        ),
    ],
)
def test_the_tables_that_a_query_reads_are_named_wherever_they_stand(sql: str, tables: str) -> None:
    assert tables_of(sql) == frozenset(tables.split())


def test_of_a_text_that_cannot_be_judged_no_tables_are_known() -> None:
    assert tables_of("SELECT FROM") is tables_of("") is tables_of("DELETE FROM charges") is None


def test_columns_of_a_result_are_named_where_the_text_tells() -> None:
    assert columns_of('SELECT a.id, amount AS "Amount" FROM charges a') == ["id", "amount"]
    assert columns_of("WITH x AS (SELECT id FROM charges) SELECT * FROM x") == ["id"]
    assert columns_of("SELECT id, 1 + 1 FROM charges") is None
    assert columns_of("SELECT * FROM charges") is None


def test_types_of_a_result_are_those_that_the_tables_make_sure() -> None:
    sql = """SELECT id, amount AS "Amount", amount / 100.0 AS major, sum(amount) OVER () AS total, created, paid,
                    date(created) AS day, 1 + 1 AS two, metadata, nobody(id) AS what, id AS twice, amount AS twice
             FROM charges"""

    assert types_of(sql, TABLES) == {
        "id": "varchar", "amount": "bigint", "major": "decimal", "total": "bigint", "created": "timestamp",
        "paid": "boolean", "day": "date", "two": "bigint",
    }  # fmt: skip
    assert types_of("SELECT * FROM charges c JOIN customers u ON u.id = c.customer_id", TABLES)["amount"] == "bigint"
    assert types_of("SELECT amount FROM elsewhere", TABLES) == {}
    assert types_of("SELECT amount FROM", TABLES) == {}
