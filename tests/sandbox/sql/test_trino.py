"""What Trino's words mean after translation: each row is a query of the kind finance people write, and its answer."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forebay.sandbox.sandbox_settings import SandboxSettings
from forebay.sandbox.sql.engine import Engine, EngineError, Ticket
from forebay.sandbox.sql.refused import SqlRefusedError
from forebay.sandbox.sql.rewrites import OWN_MACROS, PASSED_THROUGH
from forebay.sandbox.sql.trino import Sight
from tests.sandbox.driver import ACCOUNT

Query = Callable[[str], str]


def seen_by(account: str | None) -> Sight:
    return Sight(account=account, data_load_time=datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(SandboxSettings(), tmp_path_factory.mktemp("spool"))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def query(engine: Engine, spool: Path) -> Query:
    def ask(sql: str, account: str | None = ACCOUNT) -> str:
        target = spool / "result.csv"
        engine.execute(engine.check(sql, seen_by(account)), target, Ticket())
        return target.read_text()

    return ask


@pytest.fixture(scope="module")
def spool(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return next(tmp_path_factory.getbasetemp().glob("spool*"))


MOMENT = "TIMESTAMP '2026-03-15 13:45:30'"
EXPRESSIONS = [
    (f"date_trunc('month', {MOMENT})", "2026-03-01 00:00:00.000"),
    ("date_trunc('month', DATE '2026-03-15')", "2026-03-01"),
    (f"date_trunc('quarter', date({MOMENT}))", "2026-01-01"),
    (f"date_trunc('week', {MOMENT})", "2026-03-09 00:00:00.000"),
    (f"date_format({MOMENT}, '%Y-%m-%d')", "2026-03-15"),
    (f"date_format({MOMENT}, '%b %d, %Y %H:%i:%s')", '"Mar 15, 2026 13:45:30"'),
    (f"format_datetime({MOMENT}, 'yyyy-MM')", "2026-03"),
    ("date_parse('2026-03-15', '%Y-%m-%d')", "2026-03-15 00:00:00.000"),
    ("from_unixtime(0)", "1970-01-01 00:00:00.000"),
    (f"to_unixtime({MOMENT})", "1773582330.0"),
    ("from_iso8601_date('2026-03-15')", "2026-03-15"),
    (f"to_iso8601({MOMENT})", "2026-03-15T13:45:30.000Z"),
    ("DATE '2026-03-15' + INTERVAL '1' DAY", "2026-03-16"),
    ("DATE '2026-01-31' + INTERVAL '1' MONTH", "2026-02-28"),
    (f"{MOMENT} - INTERVAL '90' MINUTE", "2026-03-15 12:15:30.000"),
    ("date_add('day', -1, DATE '2026-03-01')", "2026-02-28"),
    (f"date_add('hour', 2, {MOMENT})", "2026-03-15 15:45:30.000"),
    ("date_diff('month', DATE '2026-01-31', DATE '2026-03-30')", "1"),
    ("date_diff('day', TIMESTAMP '2026-03-01 23:00:00', TIMESTAMP '2026-03-02 01:00:00')", "0"),
    ("last_day_of_month(DATE '2026-02-10')", "2026-02-28"),
    (f"year({MOMENT})", "2026"),
    (f"quarter({MOMENT})", "1"),
    (f"week({MOMENT})", "11"),
    (f"day_of_week({MOMENT})", "7"),
    (f"extract(dow FROM {MOMENT})", "7"),
    (f"extract(hour FROM {MOMENT})", "13"),
    (f"{MOMENT} AT TIME ZONE 'America/New_York'", "2026-03-15 09:45:30.000"),
    (f"date({MOMENT} AT TIME ZONE 'Asia/Tokyo')", "2026-03-15"),
    (f"at_timezone({MOMENT}, 'Asia/Tokyo')", "2026-03-15 22:45:30.000"),
    ("data_load_time", "2026-11-01 00:00:00.000"),
    ("data_load_time - INTERVAL '1' MONTH", "2026-10-01 00:00:00.000"),
    ("7 / 2", "3"),
    ("-7 / 2", "-3"),
    ("7 / 2.0", "3.5"),
    ("7 % 3", "1"),
    ("round(2.345, 2)", "2.350"),
    ("try_cast('12x' AS bigint)", '""'),
    ("try_cast('12' AS bigint)", "12"),
    ("TRY(1 / 0)", '""'),
    ("cast(1234 AS varchar) || '!'", "1234!"),
    ("cast(10 AS decimal(18, 2)) / 4", "2.50"),
    ("nullif(0, 0)", '""'),
    ("coalesce(NULL, 'x')", "x"),
    ("IF(1 > 2, 'a', 'b')", "b"),
    ("greatest(1, 3, 2)", "3"),
    ("least(1, NULL)", '""'),
    ("element_at(ARRAY['a', 'b'], 2)", "b"),
    ("element_at(MAP(ARRAY['k'], ARRAY[5]), 'k')", "5"),
    ("cardinality(ARRAY[1, 2, 3])", "3"),
    ("cardinality(sequence(1, 5))", "5"),
    ("contains(ARRAY[1, 2], 2)", "true"),
    ("array_join(ARRAY['a', 'b'], '; ')", "a; b"),
    ("array_max(ARRAY[3, 9, 4])", "9"),
    ("slice(ARRAY[1, 2, 3], 1, 2)[2]", "2"),
    ("array_join(transform(ARRAY[1, 2], x -> x * 10), '/')", "10/20"),
    ("array_join(filter(ARRAY[1, 2, 3], x -> x > 1), '/')", "2/3"),
    ("split_part('a-b-c', '-', 2)", "b"),
    ("strpos('stripe', 'ipe')", "4"),
    ("substr('stripe', 2, 3)", "tri"),
    ("upper(trim('  x '))", "X"),
    ("replace('a.b', '.', '_')", "a_b"),
    ("lpad('7', 3, '0')", "007"),
    ("regexp_like('inv_42', '[0-9]+')", "true"),
    ("regexp_extract('inv_42', '[0-9]+')", "42"),
    ("regexp_extract('inv_42', '([a-z]+)_([0-9]+)', 2)", "42"),
    ("regexp_extract('inv', '[0-9]+')", '""'),
    ("regexp_replace('a1b2', '[0-9]', '')", "ab"),
    ("json_extract_scalar('{\"plan\": \"pro\"}', '$.plan')", "pro"),
    ("url_extract_host('https://example.com/x?y')", "example.com"),
    ("format('%s has %d', 'cus_1', 3)", "cus_1 has 3"),
    ("format('%.2f', 1.5)", "1.50"),
    ("'O''Hara'", "O'Hara"),
]


@pytest.mark.parametrize(("expression", "answer"), EXPRESSIONS, ids=[expression for expression, _ in EXPRESSIONS])
def test_an_expression_means_what_it_means_in_trino(query: Query, expression: str, answer: str) -> None:
    assert query(f"SELECT {expression} AS answer").splitlines()[1:] == [answer.replace('""', "")]


QUERIES = [
    ("SELECT count_if(v > 1) AS n FROM (VALUES 1, 2, 3) AS t (v)", ["n", "2"]),
    ("SELECT approx_distinct(v) AS n FROM (VALUES 1, 2, 2) AS t (v)", ["n", "2"]),
    ("SELECT approx_percentile(v, 0.5) AS median FROM (VALUES 1, 2, 3) AS t (v)", ["median", "2"]),
    ("SELECT max_by(k, v) AS best FROM (VALUES ('a', 1), ('b', 2)) AS t (k, v)", ["best", "b"]),
    ("SELECT arbitrary(v) AS v FROM (VALUES 4) AS t (v)", ["v", "4"]),
    ("SELECT array_join(array_agg(v ORDER BY v DESC), ',') AS vs FROM (VALUES 1, 2) AS t (v)", ["vs", '"2,1"']),
    ("SELECT element_at(map_agg(k, v), 'b') AS b FROM (VALUES ('a', 1), ('b', 2)) AS t (k, v)", ["b", "2"]),
    ("SELECT cardinality(map_agg(k, v)) AS n FROM (VALUES ('a', 1), ('b', 2)) AS t (k, v)", ["n", "2"]),
    ("SELECT n FROM UNNEST(sequence(1, 3)) AS t (n)", ["n", "1", "2", "3"]),
    (
        "SELECT d FROM UNNEST(sequence(DATE '2026-01-30', DATE '2026-02-01', INTERVAL '1' DAY)) AS t (d)",
        ["d", "2026-01-30", "2026-01-31", "2026-02-01"],
    ),
    ("SELECT p, n FROM UNNEST(ARRAY['x', 'y']) WITH ORDINALITY AS t (p, n)", ["p,n", "x,1", "y,2"]),
    (
        "SELECT k, p FROM (VALUES ('a', 'x,y')) AS t (k, s) CROSS JOIN UNNEST(split(s, ',')) AS u (p) ORDER BY p",
        ["k,p", "a,x", "a,y"],
    ),
    ("SELECT v, sum(v) OVER (ORDER BY v) AS run FROM (VALUES 1, 2) AS t (v)", ["v,run", "1,1", "2,3"]),
    ("SELECT v, lag(v) OVER (ORDER BY v) AS before FROM (VALUES 1, 2) AS t (v)", ["v,before", "1,", "2,1"]),
    ("SELECT v FROM (VALUES 2, NULL, 1) AS t (v) ORDER BY v DESC", ["v", "2", "1", ""]),
    ("SELECT k, count(*) AS n FROM (VALUES 'a', 'a') AS t (k) GROUP BY ROLLUP (k) ORDER BY n, k", ["k,n", "a,2", ",2"]),
    ("SELECT 1 AS v UNION ALL SELECT 2 EXCEPT SELECT 1", ["v", "2"]),
    (
        "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT max(n) AS n FROM t",
        ["n", "3"],
    ),
    ("SELECT 1, 'a' AS named, 2 + 3", ["_col0,named,_col2", "1,a,5"]),
    ("SELECT data_load_time", ["data_load_time", "2026-11-01 00:00:00.000"]),
    ("SELECT 1 AS v FETCH FIRST 1 ROWS ONLY", ["v", "1"]),
    ("SELECT sum(v) FILTER (WHERE v > 1) AS n FROM (VALUES 1, 2) AS t (v)", ["n", "2"]),
    ("SELECT 'a,b' AS x, 'say \"hi\"' AS y, NULL AS z, '' AS e", ["x,y,z,e", '"a,b","say ""hi""",,""']),
    ("SELECT 1 AS v -- a note\n", ["v", "1"]),
    ("SELECT 1 AS a, 2 AS a, 'x,y' AS \"b c\"", ["a,a,b c", '1,2,"x,y"']),
]


@pytest.mark.parametrize(("sql", "lines"), QUERIES, ids=[sql for sql, _ in QUERIES])
def test_a_query_gives_what_it_gives_in_trino(query: Query, sql: str, lines: list[str]) -> None:
    assert query(sql).splitlines() == lines


REFUSED = [
    ("SELECT concat('a')", "Unexpected parameters for function concat: it takes 2 at least, and not 1"),
    ("SELECT round()", "Unexpected parameters for function round: it takes 1 to 2, and not 0"),
    ("SELECT transform(ARRAY[1], (a, b) -> a)", "Unexpected parameters for function transform: its lambda takes 1"),
    ("SELECT md5('a')", "Unexpected parameters (varchar) for function md5"),
    ("SELECT IF(1, 2)", "IF condition must evaluate to a boolean"),
    ("SELECT DATE '2026-02-30'", "'2026-02-30' is not a valid DATE literal"),
    ("SELECT TIMESTAMP '2026-13-01 00:00:00'", "is not a valid TIMESTAMP literal"),
    ("SELECT format_datetime(now(), 'GG')", "the sandbox knows no 'GG' in a format of format_datetime"),
    ("SELECT approx_percentile(1, 2, 0.5)", "the sandbox knows no weights in approx_percentile"),
    ("SELECT regexp_replace('a', 'a', m -> m[1])", "the sandbox cannot run this construct of Trino's"),
    ("SELECT nosuch FROM charges", "line 1:8: Column 'nosuch' cannot be resolved"),
    ("SELECT\n  id,\n  nosuch\nFROM charges", "line 3:3: Column 'nosuch' cannot be resolved"),
    ("SELECT c.nosuch FROM charges c", "line 1:10: Column 'nosuch' cannot be resolved"),
    ("SELECT strftime(created, '%Y') FROM charges", "line 1:8: Function 'strftime' not registered"),
    ("SELECT currency, count(*) FROM charges", "line 1:8: 'currency' must be an aggregate expression or appear"),
    ("SELECT * FROM payouts", "line 1:15: The query names tables which do not exist or are inaccessible: [payouts]"),
    ("SELECT * FROM sigma.charges", "do not exist or are inaccessible"),
    ("SELECT * FROM information_schema.tables", "do not exist or are inaccessible"),
    ("SELECT * FROM duckdb_settings()", "line 1:30: mismatched input '('"),
    ("SELECT * FROM read_csv('/etc/passwd')", "line 1:23: mismatched input '('"),
    ("SELECT * FROM '/etc/passwd'", "line 1:15: mismatched input"),
    ('SELECT * FROM "/etc/passwd"', "do not exist or are inaccessible"),
    ("SELECT (SELECT max(x) FROM read_text('/etc/passwd') AS t (x))", "line 1:37: mismatched input '('"),
    ("SELECT max(x) FROM TABLE(read_text('/etc/passwd')) AS t (x)", ""),
    ("WITH t AS (SELECT 1) SELECT * FROM t, nosuch", "[nosuch]"),
    ("SELECT getenv('HOME')", "Function 'getenv' not registered"),
    ("SELECT 1; SELECT 2", "expected one statement"),
    ("", "expected one statement"),
    ("DROP TABLE charges", "only a SELECT"),
    ("CREATE TABLE t AS SELECT 1", "only a SELECT"),
    ("INSERT INTO charges SELECT * FROM charges", "only a SELECT"),
    ("DELETE FROM charges", "only a SELECT"),
    ("UPDATE charges SET amount = 0", "only a SELECT"),
    ("COPY charges TO '/tmp/x'", "line 1:1: mismatched input 'COPY'"),
    ("ATTACH '/tmp/x.db'", "line 1:1: mismatched input 'ATTACH'"),
    ("INSTALL httpfs", ""),
    ("PRAGMA version", ""),
    ("SET threads = 4", "line 1:"),
    ("SELECT amount FROM charges WHERE id = ?", "Incorrect number of parameters"),
    ("SELEC 1", ""),
    ("SELECT (1", "line 1:"),
    ("SELECT 'open", ""),
    ("SELECT DATEDIFF(NOW(), created) AS d FROM customers", "line 1:8: Function 'datediff' not registered"),
    ("SELECT " + "(" * 3000 + "1" + ")" * 3000, "the sandbox reads no query that is nested so deeply"),
    ("SELECT 1 AS v;", "line 1:14: mismatched input ';'. Expecting: <EOF>"),
    ("SELECT id FROM charges WHERE id ILIKE 'A%'", "line 1:33: mismatched input 'ILIKE'. Expecting: <EOF>"),
    ("SELECT id FROM charges ORDER BY id LIMIT 5 OFFSET 10", "mismatched input 'OFFSET'"),
    ("SELECT current_date - INTERVAL 30 DAY", "mismatched input '30'"),
    ("SELECT current_date - INTERVAL '30 days'", "Unknown type: interval"),
    ("SELECT id::varchar FROM charges", "line 1:10: mismatched input ':'"),
    ("SELECT id FROM charges WHERE id == 'x'", "mismatched input '='"),
    ("FROM charges SELECT id", "line 1:1: mismatched input 'FROM'"),
    ("SELECT id, FROM charges", "line 1:12: mismatched input 'FROM'"),
    ("SELECT `id` FROM charges", "line 1:8: backquoted identifiers are not supported"),
    ("SELECT currency, count(*) AS n FROM charges GROUP BY ALL", "Column 'all' cannot be resolved"),
    ("SELECT ifnull(amount, 0) FROM charges", "line 1:8: Function 'ifnull' not registered"),
    ("SELECT median(amount) FROM charges", "Function 'median' not registered"),
    ("SELECT string_agg(id, ',') FROM charges", "Function 'string_agg' not registered"),
    ("SELECT extract(epoch FROM created) FROM charges", "Invalid EXTRACT field: epoch"),
    ("SELECT date_diff('days', created, created) FROM charges", "'days' is not a valid DATE_DIFF field"),
    ("SELECT created AT TIME ZONE 'AMERICA/NEW_YORK' FROM charges", "is not a valid time zone"),
    ("SELECT n FROM UNNEST(sequence(1, 20000)) AS t (n)", "must not have more than 10000 entries"),
    ("SELECT CAST(amount AS string) FROM charges", "Unknown type: string"),
    ("SELECT id FROM charges WHERE created >= '2026-01-01'", "Cannot apply operator: timestamp >= varchar"),
    ("SELECT id FROM charges WHERE paid = 1", "line 1:30: Cannot apply operator: boolean = integer"),
    ("SELECT id FROM charges WHERE amount IN ('1', '2')", "Cannot apply operator: bigint IN varchar"),
    ("SELECT id FROM charges WHERE amount LIKE '1%'", "Left side of LIKE expression"),
    ("SELECT id FROM charges WHERE amount", "WHERE clause must evaluate to a boolean"),
    ("SELECT current_date - 30", "Cannot apply operator: date - integer"),
    ("SELECT amount || 'x' FROM charges", "for function concat"),
    ("SELECT CASE WHEN paid THEN 1 ELSE 'no' END FROM charges", "must be the same type"),
    ("SELECT amount / 100 AS d FROM charges WHERE d > 5", "line 1:45: Column 'd' cannot be resolved"),
    ("SELECT amount / 100 AS d, d * 2 AS e FROM charges", "Column 'd' cannot be resolved"),
    ("SELECT year(created) AS y, count(*) AS n FROM charges GROUP BY y", "Column 'y' cannot be resolved"),
    ("SELECT currency, sum(amount) AS t FROM charges GROUP BY currency HAVING t > 5", "Column 't' cannot be resolved"),
    ("SELECT DISTINCT id FROM charges ORDER BY created", "ORDER BY expressions must appear in select list"),
    ("SELECT amount FROM charges UNION ALL SELECT currency FROM charges", "incompatible types: bigint, varchar"),
    ("SELECT id, amount FROM charges UNION ALL SELECT id FROM charges", "different number of fields: 2, 1"),
    ("SELECT sum(id) FROM charges", "line 1:8: Unexpected parameters (varchar) for function sum"),
    ("SELECT id FROM charges JOIN customers ON customers.id = customer_id", "Column 'id' is ambiguous"),
    ("SELECT sum(count(*)) FROM charges", "Cannot nest aggregations"),
    ("SELECT id FROM charges WHERE sum(amount) > 1", "WHERE clause cannot contain aggregations"),
    ("SELECT * FROM charges MATCH_RECOGNIZE (ORDER BY created MEASURES A.id AS x PATTERN (A) DEFINE A AS amount > 1)",
     "the sandbox cannot run this construct"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "message"), REFUSED, ids=[sql[:60] for sql, _ in REFUSED])
def test_a_query_that_cannot_run_is_refused_with_a_message_for_its_author(
    engine: Engine, sql: str, message: str
) -> None:
    with pytest.raises(SqlRefusedError) as refused:
        engine.check(sql, seen_by(ACCOUNT))
    assert message in str(refused.value)


def test_a_with_clause_may_hide_a_table_of_the_same_name(query: Query) -> None:
    shadowed = query("WITH charges AS (SELECT id FROM charges LIMIT 3) SELECT count(*) AS n FROM charges")
    assert shadowed == "n\n3\n"


def test_every_way_of_naming_a_table_sees_one_account(query: Query) -> None:
    count = query("SELECT count(*) AS n FROM charges")
    for sql in (
        "SELECT count(*) AS n FROM Charges AS c",
        "SELECT count(c.id) AS n FROM (SELECT * FROM charges) AS c",
        "WITH t AS (SELECT id FROM charges) SELECT count(t.id) AS n FROM t",
        "SELECT (SELECT count(*) FROM charges) AS n",
        "SELECT count(charges.id) AS n FROM charges LEFT JOIN customers ON customers.id = charges.customer_id",
        "SELECT count(*) AS n FROM charges AS c WHERE EXISTS (SELECT 1 FROM customers AS o WHERE o.id = c.customer_id)",
    ):
        assert query(sql) == count, sql


def test_dividing_an_integer_by_zero_fails_while_running_and_not_before(engine: Engine, spool: Path) -> None:
    translated = engine.check("SELECT 1 / 0", seen_by(ACCOUNT))
    with pytest.raises(EngineError, match=r"^Division by zero$"):
        engine.execute(translated, spool / "broken.csv", Ticket())
    assert not (spool / "broken.csv").exists()


FAILS = [
    ("SELECT CAST(id AS bigint) FROM charges", r"^Cannot cast 'ch_\w+' to BIGINT$"),
    ("SELECT CAST('x' AS date)", "^Value cannot be cast to date: x$"),
    ("SELECT (SELECT id FROM charges)", "^Scalar sub-query has returned multiple rows$"),
    ("SELECT amount * 9223372036854775807 FROM charges", "^bigint multiplication overflow: "),
]


@pytest.mark.parametrize(("sql", "words"), FAILS, ids=[sql for sql, _ in FAILS])
def test_a_query_that_fails_while_it_runs_fails_in_trinos_words(
    engine: Engine, spool: Path, sql: str, words: str
) -> None:
    translated = engine.check(sql, seen_by(ACCOUNT))

    with pytest.raises(EngineError, match=words):
        engine.execute(translated, spool / "failed.csv", Ticket())


def test_the_database_reads_no_file_even_past_the_refusals(engine: Engine, spool: Path) -> None:
    with pytest.raises(EngineError, match="disabled by configuration"):
        engine.execute("SELECT * FROM read_text('/etc/hostname')", spool / "leak.csv", Ticket())


def test_the_macros_and_the_list_of_functions_agree() -> None:
    script = Path(__file__).parents[3] / "sandbox" / "dataset" / "trino_functions.sql"
    defined = {line.split("main.")[1].split("(")[0] for line in script.read_text().splitlines() if "MACRO" in line}
    assert defined == OWN_MACROS
    assert OWN_MACROS <= PASSED_THROUGH
