from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.scheduler.sql.lint import Finding, Severity, lint

TABLES = {
    "charges": ["id", "amount", "customer_id", "created", "metadata"],
    "customers": ["id", "name"],
}
EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "queries").glob("*.sql"))


def findings(sql: str, tables: dict[str, list[str]] | None = None) -> list[tuple[int, str, str]]:
    return [(finding.line, finding.rule, finding.text) for finding in lint(sql, tables=tables)]


def only(sql: str, tables: dict[str, list[str]] | None = None) -> Finding:
    (finding,) = lint(sql, tables=tables)
    return finding


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_queries_of_the_demo_have_no_errors(path: Path) -> None:
    assert [finding for finding in lint(path.read_text(), tables=None) if finding.severity is Severity.ERROR] == []


@pytest.mark.parametrize(
    ("sql", "line", "words"),
    [
        ("SELECT id\nFROMM charges x y", 2, "is not expected here"),
        ("SELCT id FROM charges", 1, "'FROM' is not expected here"),
        ("SELECT id\nFROM charges\nWHERE", 3, "something is missing after 'WHERE'"),
        ("SELECT id FROM charges WHERE (id = 1", 1, "expected ) after '1'"),
        ("SELECT id,\n  CAST(amount AS int\nFROM charges", 2, "'(' is never closed"),
        ("SELECT id FROM charges WHERE\nid = 1)", 2, "')' is not expected here"),
        ("SELECT a[1) FROM charges", 1, "is not expected here"),
        ("SELECT id,\nFROM charges", 1, "a comma stands here with nothing after it"),
        ("SELECT id,, amount FROM charges", 1, "a comma stands here"),
        ("SELECT id FROM charges\nWHERE id = {params.id}", 2, "a placeholder of Forebay is written {{ name }}"),
        ("SELECT FROM charges", 1, "a SELECT names no columns"),
        ("FROM charges", 1, "a query begins with SELECT or WITH"),
        ("SELECT\nid::varchar FROM charges", 2, "Trino has no ::; write CAST"),
        ("SELECT id FROM charges WHERE id == '1'", 1, "Trino compares with a single ="),
        ("SELECT 'abc", 1, "is never closed"),
        ("", 1, "there is no statement"),
        ("-- nothing\n", 1, "there is no statement"),
        ("SELECT 1;\nSELECT 2", 2, "2 statements, and a query is one"),
        ("DELETE FROM charges", 1, "no SELECT: Stripe's data can only be read"),
        ("SHOW TABLES", 1, "no SELECT"),
        ("INSERT INTO x SELECT 1", 1, "no SELECT"),
    ],
)
def test_what_is_no_query_is_an_error_with_its_line(sql: str, line: int, words: str) -> None:
    finding = only(sql)

    assert words in finding.text
    assert (finding.line, finding.severity) == (line, Severity.ERROR)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;",
        "SELECT 1 -- what it is\n;",
        "WITH a AS (SELECT 1 AS x) SELECT x FROM a",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "SELECT id FROM charges WHERE created >= TIMESTAMP '2026-01-01 00:00:00' AND created < DATE '2026-02-01'",
        "SELECT sum(amount) FILTER (WHERE amount > 0), listagg(id, ',') WITHIN GROUP (ORDER BY id) FROM charges",
        "SELECT row_number() OVER w FROM charges WINDOW w AS (PARTITION BY customer_id)",
        "SELECT x FROM charges CROSS JOIN UNNEST(ARRAY[1, 2]) WITH ORDINALITY AS t(x, n)",
        "SELECT m['a'], r.f, try_cast(x AS varchar), IF(a, b, c) FROM charges TABLESAMPLE SYSTEM (5)",
        "SELECT y FROM t MATCH_RECOGNIZE (ORDER BY a MEASURES A.x AS y PATTERN (A{2,3} {-B-} C{,3}) DEFINE A AS x > 1)",
        "SELECT transform(ARRAY[1], x -> x + 1), U&'\\2603', X'65', \"odd name\", 1e3, .5 FROM charges",
    ],
)
def test_what_trino_runs_is_let_through(sql: str) -> None:
    assert findings(sql) == []


@pytest.mark.parametrize(
    ("sql", "line", "rule", "words"),
    [
        ("SELECT id\nFROM chargs", 2, "table", "there is no table 'chargs', did you mean 'charges'?"),
        ("SELECT id,\n  amout FROM charges", 2, "column", "there is no column 'amout', did you mean 'amount'?"),
        ("SELECT c.idd FROM charges c", 1, "column", "there is no column 'idd' in c, did you mean 'id'?"),
        ("SELECT q.id FROM charges c", 1, "column", "there is no table or alias 'q' here"),
        ("SELECT id FROM charges ORDER BY\namoun", 2, "column", "there is no column 'amoun'"),
        ("SELECT id FROM charges WHERE id IN (SELECT idd FROM customers)", 1, "column", "'idd', did you mean 'id'"),
        ("SELECT x.m FROM (SELECT id AS n FROM charges) x", 1, "column", "there is no column 'm' in x"),
        ("WITH x AS (SELECT id FROM charges) SELECT amount FROM x", 1, "column", "there is no column 'amount'"),
        ("WITH x (a, b) AS (SELECT id, amount FROM charges) SELECT id FROM x", 1, "column", "there is no column 'id'"),
        (
            "SELECT id FROM charges c WHERE EXISTS (SELECT 1 FROM customers WHERE id = c.customr)",
            1,
            "column",
            "'customr'",
        ),
        ("SELECT id FROM charges UNION SELECT nam FROM customers", 1, "column", "'nam', did you mean 'name'?"),
        ("SELECT t.c FROM (VALUES (1, 2)) AS t (a, b)", 1, "column", "there is no column 'c' in t"),
        ("SELECT v FROM charges CROSS JOIN UNNEST(ARRAY[1]) AS t (u)", 1, "column", "there is no column 'v'"),
        ("SELECT sum(amount) OVER (PARTITION BY idd) FROM charges", 1, "column", "there is no column 'idd'"),
    ],
)
def test_a_name_that_the_schema_lacks_is_an_error(sql: str, line: int, rule: str, words: str) -> None:
    finding = only(sql, TABLES)

    assert words in finding.text
    assert (finding.line, finding.rule, finding.severity) == (line, rule, Severity.ERROR)


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT C.ID, "Amount" FROM Charges c',
        "WITH X AS (SELECT id FROM charges) SELECT x.ID FROM x",
        "SELECT c.metadata.region, metadata.region FROM charges c",
        "SELECT sum(amount) AS total FROM charges GROUP BY customer_id ORDER BY total",
        "SELECT id FROM charges c WHERE EXISTS (SELECT 1 FROM customers WHERE customers.id = customer_id)",
        "WITH x AS (SELECT c.*, 1 AS one FROM charges c) SELECT id, one FROM x ORDER BY 1",
        "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t",
        "SELECT id, amount FROM charges UNION ALL SELECT id, 0 FROM customers ORDER BY amount",
        "SELECT name FROM charges c CROSS JOIN LATERAL (SELECT name FROM customers WHERE id = c.customer_id)",
        "SELECT whatever FROM charges CROSS JOIN UNNEST(ARRAY[ROW(1)])",
        "SELECT filter(ARRAY[amount], x -> x > 1) FROM charges",
        "SELECT table_name FROM information_schema.tables",
        "SELECT data_load_time FROM charges",
        "SELECT a.id FROM charges a, charges a",
    ],
)
def test_names_that_are_there_or_may_be_are_let_through(sql: str) -> None:
    assert [one for one in findings(sql, TABLES) if one[1] in ("table", "column")] == []


def test_columns_that_only_the_organization_sees_can_be_named() -> None:
    sql = "SELECT account, id FROM charges"

    assert [finding.rule for finding in lint(sql, tables=TABLES)] == ["column"]
    assert lint(sql, tables=TABLES, hidden=("account",)) == []


def test_without_a_schema_names_are_nobodys_business() -> None:
    assert findings("SELECT anything FROM anywhere") == []


@pytest.mark.parametrize(
    ("sql", "line", "rule"),
    [
        ("SELECT\n*\nFROM charges", 2, "select-star"),
        ("SELECT c.* FROM charges c", 1, "select-star"),
        ("WITH x AS (\nSELECT * FROM charges) SELECT id FROM x", 2, "select-star"),
        ("SELECT id FROM charges\nLIMIT 10", 2, "limit-order"),
        ("SELECT id FROM (SELECT id FROM charges FETCH FIRST 5 ROWS ONLY) ORDER BY id", 1, "limit-order"),
        ("SELECT id FROM charges UNION SELECT id FROM customers LIMIT 5", 1, "limit-order"),
    ],
)
def test_what_runs_and_surprises_is_a_warning(sql: str, line: int, rule: str) -> None:
    finding = only(sql, TABLES)

    assert (finding.line, finding.rule, finding.severity) == (line, rule, Severity.WARNING)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM charges",
        "WITH x AS (SELECT id FROM charges) SELECT * FROM x",
        "SELECT id FROM charges c WHERE EXISTS (SELECT * FROM customers WHERE id = c.customer_id)",
        "SELECT id FROM charges ORDER BY id LIMIT 10",
        "SELECT id, 1 AS limit FROM charges",
        "SELECT id, limit FROM (SELECT id, 1 AS limit FROM charges)",
        "SELECT id FROM charges UNION SELECT id FROM customers ORDER BY id LIMIT 5",
    ],
)
def test_what_surprises_nobody_is_no_warning(sql: str) -> None:
    assert findings(sql, TABLES) == []


_WORDS = st.sampled_from(
    [
        *("SELECT", "FROM", "WHERE", "charges", "id", "x", "*", ",", "(", ")", "[", "]", ".", "AS", "WITH", "JOIN"),
        *("ON", "=", "ORDER BY", "LIMIT", "UNION", "EXISTS", "UNNEST", "1", "'a'", ";", "--", "/*", '"', "{{", "\n"),
    ]
)


@given(st.one_of(st.text(max_size=40), st.lists(_WORDS, max_size=14).map(" ".join)))
def test_any_text_is_judged_without_a_crash(sql: str) -> None:
    for finding in lint(sql, tables=TABLES):
        assert 1 <= finding.line <= sql.count("\n") + sql.count("\r") + 1
