from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.scheduler.sql.findings import Finding, Severity
from forebay.scheduler.sql.trino.judge import judge
from forebay.scheduler.sql.trino.selects import Tables

TABLES = {
    "charges": {
        "id": "varchar",
        "amount": "bigint",
        "customer_id": "varchar",
        "created": "timestamp(3)",
        "paid": "boolean",
        "metadata": "",
    },
    "customers": {"id": "varchar", "name": "varchar", "created": "timestamp(3)"},
}
EXAMPLES = sorted((Path(__file__).parents[4] / "examples" / "queries").glob("*.sql"))


def findings(sql: str, tables: Tables | None = None) -> list[tuple[int, str, str]]:
    return [(finding.line, finding.rule, finding.text) for finding in judge(sql, tables=tables)]


def only(sql: str, tables: Tables | None = None) -> Finding:
    (finding,) = judge(sql, tables=tables)
    return finding


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_queries_of_the_demo_have_no_errors(path: Path) -> None:
    assert [finding for finding in judge(path.read_text(), tables=None) if finding.severity is Severity.ERROR] == []


@pytest.mark.parametrize(
    ("sql", "line", "words"),
    [
        ("SELECT id\nFROMM charges x y", 2, "is not expected here"),
        ("SELCT id FROM charges", 1, "'SELCT' is not expected here, did you mean 'SELECT'?"),
        ("SELECT id\nFROM charges\nWHERE", 3, "something is missing after 'WHERE'"),
        ("SELECT id FROM charges WHERE (id = 1", 1, "'(' is never closed"),
        ("SELECT id,\n  CAST(amount AS int\nFROM charges", 2, "'(' is never closed"),
        ("SELECT id FROM charges WHERE\nid = 1)", 2, "')' closes what was never opened"),
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
    ],
)
def test_names_that_are_there_or_may_be_are_let_through(sql: str) -> None:
    assert [one for one in findings(sql, TABLES) if one[1] in ("table", "column")] == []


def test_columns_that_only_the_organization_sees_can_be_named() -> None:
    sql = "SELECT account, id FROM charges"

    assert [finding.rule for finding in judge(sql, tables=TABLES)] == ["column"]
    assert judge(sql, tables=TABLES, hidden=("account",)) == []


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("SELECT 1 AS v;", "semicolon"),
        ("SELECT id FROM charges WHERE id = NULL", "null"),
        ("SELECT id FROM charges WHERE NULL <> id", "null"),
        ("SELECT 1 AS v -- what it is\n;", "semicolon"),
        ("SELECT customer_id, count(*) AS n FROM charges GROUP BY ALL", "version"),
        ("SELECT customer_id, count(*) AS n FROM charges GROUP BY AUTO", "version"),
        ("SELECT 1 AS a UNION CORRESPONDING SELECT 2 AS a", "version"),
        ("WITH FUNCTION f(x bigint) RETURNS bigint RETURN x SELECT f(1)", "version"),
        ("SELECT listagg(id, ',') WITHIN GROUP (ORDER BY id) FILTER (WHERE paid) AS x FROM charges", "version"),
        ("SELECT to_char(created, 'YYYY') AS x FROM charges", "version"),
        ("SELECT date_format(created, 'yyyy-MM') AS x FROM charges", "function"),
        ("SELECT some_function_of_stripes(id) AS x FROM charges", "function"),
    ],
)
def test_what_only_some_take_is_a_warning(sql: str, rule: str) -> None:
    finding = only(sql, TABLES)

    assert (finding.rule, finding.severity) == (rule, Severity.WARNING)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM charges WHERE created >= '2026-01-01'",
        "SELECT id FROM charges WHERE paid = 1",
        "SELECT amount / 100 AS dollars FROM charges WHERE dollars > 5",
    ],
)
def test_without_a_schema_what_hangs_on_it_is_a_warning(sql: str) -> None:
    assert [finding.severity for finding in judge(sql, tables=None)] == [Severity.WARNING]


def test_an_alias_is_one_though_a_text_in_its_expression_has_the_word() -> None:
    sql = "SELECT date_trunc('month', created) AS month, count(*) AS n FROM charges GROUP BY month"

    assert [rule for _, rule, _ in findings(sql, TABLES)] == ["alias", "group"]


def test_a_query_that_reads_itself_is_told_of_recursive() -> None:
    sql = "WITH r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r"

    assert "begins WITH RECURSIVE" in only(sql, TABLES).text


def test_a_field_of_what_is_aggregated_is_no_column_beside_it() -> None:
    sql = "SELECT array_agg(CAST(ROW(id) AS ROW(i varchar)))[1].i AS first_id, count(*) AS n FROM charges"

    assert findings(sql, TABLES) == []


def test_a_column_that_is_renamed_to_its_own_name_is_no_alias_in_where() -> None:
    assert judge("SELECT date(booked) AS booked FROM x WHERE booked > DATE '2026-01-01'", tables=None) == []


def test_a_query_that_is_nested_too_deeply_is_said_to_be_unchecked_or_read() -> None:
    for finding in judge("SELECT " + "(" * 3000 + "1" + ")" * 3000, tables=None):
        assert "deeply" in finding.text


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
    for finding in judge(sql, tables=TABLES):
        assert 1 <= finding.line <= sql.count("\n") + sql.count("\r") + 1


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT id, \u200bamount FROM charges", "an invisible character stands here (U+200B)"),
        ("SELECT id FROM charges WHERE amount \u2013 5 > 0", "\u2013 (U+2013) is no sign of SQL's: write -"),
        ("SELECT id\uff0camount FROM charges", "is of another keyboard: write ,"),
        ("SELECT id FROM charges WHERE amount \u2265 5", "is no sign of SQL's: write >="),
        ("SELECT na\u00efve FROM charges", "a name with \u00ef is put in double quotes"),
    ],
)
def test_characters_that_look_like_others_are_named(sql: str, words: str) -> None:
    assert words in only(sql).text


def test_what_is_quoted_has_its_brackets() -> None:
    said = only("SELECT (amount - 1) * (created) AS x FROM charges", TABLES).text

    assert said == "Trino has no bigint * timestamp ((amount - 1) * created)"


def test_brackets_around_a_part_make_no_other_key() -> None:
    assert judge("SELECT (amount) + 1 AS a FROM charges GROUP BY amount + (1)", tables=TABLES) == []
