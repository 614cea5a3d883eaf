"""What Trino refuses is told with the way to write it, and nothing is advised that it refuses, too."""

import pytest

from forebay.scheduler.sql.findings import Severity
from forebay.scheduler.sql.trino.judge import judge
from tests.scheduler.sql.trino.test_judge import TABLES, only

FORMS = [
    ("current_date - INTERVAL '30' DAYS", "type", "INTERVAL '30' DAY"),
    ("current_date - INTERVAL '30 days'", "type", "INTERVAL '30' DAY"),
    ("ifnull(amount, 0) FROM charges", "function", "write coalesce(a, b)"),
    ("string_agg(id, ',') FROM charges", "function", "listagg(x, ',') WITHIN GROUP"),
    ("median(amount) FROM charges", "function", "approx_percentile(x, 0.5)"),
    ("datediff(created, now()) FROM charges", "function", "date_diff('day', from, to)"),
    ("date_diff(created, now()) FROM charges", "function", "write date_diff('day', timestamp1, timestamp2)"),
    ("date_diff('days', created, now()) FROM charges", "function", "write 'day'"),
    ("date_trunc(month, created) FROM charges", "function", "date_trunc('month', …)"),
    ("extract(epoch FROM created) FROM charges", "function", "to_unixtime(created)"),
    ("created AT TIME ZONE 'AMERICA/NEW_YORK' FROM charges", "time-zone", "write 'America/New_York'"),
    ("created AT TIME ZONE 'Europe/Belin' FROM charges", "time-zone", "did you mean 'Europe/Berlin'?"),
    ("n FROM UNNEST(sequence(1, 20000)) AS t (n)", "function", "20,000 elements"),
    ("d FROM UNNEST(sequence(DATE '1990-01-01', DATE '2026-01-01', INTERVAL '1' DAY)) AS t (d)", "function", "13,150"),
    ("id FROM charges WHERE created >= '2026-01-01'", "type", "write DATE '2026-01-01'"),
    ("id FROM charges WHERE created < '2026-01-01 00:00:00'", "type", "TIMESTAMP '2026-01-01 00:00:00'"),
    ("id FROM charges WHERE paid = 1", "type", "write paid = true"),
    ("id FROM charges WHERE paid = 'true'", "type", "write paid = true"),
    ("id FROM charges WHERE amount = '100'", "type", "write 100 without quotes"),
    ("id FROM charges WHERE id = 5", "type", "write '5' in quotes"),
    ("id FROM charges WHERE id IN (1, 2)", "type", "write '1' in quotes"),
    ("id FROM charges WHERE amount", "type", "WHERE wants a boolean"),
    ("id FROM charges WHERE amount LIKE '1%'", "type", "LIKE compares texts"),
    ("CASE WHEN paid THEN 'yes' ELSE 0 END AS x FROM charges", "type", "results of a CASE"),
    ("coalesce(amount, 'none') AS x FROM charges", "type", "values of coalesce()"),
    ("amount || ' cents' AS x FROM charges", "type", "write CAST(… AS varchar)"),
    ("current_date - 30 AS x", "type", "write date_add('day', -30, current_date)"),
    ("'a' + 'b' AS x", "type", "joined by ||"),
    ("date_trunc('month', '2026-01-01') AS x", "type", "write DATE '2026-01-01'"),
    ("sum(id) AS x FROM charges", "type", "sum() takes a number"),
    ("CAST(amount AS string) AS x FROM charges", "type", "no type 'string'; write varchar"),
    ("DATE '2026-02-30' AS x", "type", "is no date"),
    ("customer_id, sum(amount) AS t FROM charges GROUP BY customer_id HAVING t > 5", "alias", "repeat the expression"),
    ("amount / 100 AS d FROM charges WHERE d > 5", "alias", "WHERE sees columns only"),
    ("amount / 100 AS d, d * 2 AS e FROM charges", "alias", "'d' is what this SELECT calls amount / 100"),
    ("id, sum(amount) AS t FROM charges", "group", "GROUP BY it, or write arbitrary(id)"),
    ("id, sum(amount) AS t FROM charges GROUP BY customer_id", "group", "neither in GROUP BY nor in an aggregate"),
    ("id FROM charges WHERE sum(amount) > 5", "group", "HAVING"),
    ("count(*) FROM charges GROUP BY sum(amount)", "group", "GROUP BY looks at one"),
    ("id FROM charges WHERE row_number() OVER (ORDER BY id) = 1", "group", "put it into a subquery"),
    ("sum(count(*)) AS x FROM charges", "group", "compute it in a subquery"),
    ("DISTINCT id FROM charges ORDER BY created", "group", "ordered by what it gives"),
    ("amount FROM charges UNION ALL SELECT name FROM customers", "type", "column 1 of this UNION"),
    ("id, amount FROM charges UNION ALL SELECT name FROM customers", "scope", "the first gives 2, this one 1"),
    ("created FROM charges JOIN customers ON customers.id = customer_id", "column", "write whose, as charges.created"),
    ('id FROM charges WHERE id = "usd"', "column", "a text stands in single quotes: 'usd'"),
    ("count(DISTINCT id, customer_id) AS n FROM charges", "function", "count(DISTINCT (a, b))"),
    ("date_formt(created, '%Y') AS x FROM charges", "function", "did you mean 'date_format'?"),
    ("created + '1 day' AS x FROM charges", "type", "write INTERVAL '1' DAY"),
    ("date_trunc(created, 'month') AS x FROM charges", "function", "comes first: date_trunc('day', x)"),
    ("metadata->'a' AS x FROM charges", "function", "json_extract_scalar"),
    ("split(id, '_')[0] AS x FROM charges", "type", "element of an array is number 1"),
    ("-id AS x FROM charges", "type", "a sign stands before numbers"),
    ("customers.* FROM charges", "column", "no table or alias 'customers' here"),
    ("date_trunc('day', created) AS d FROM charges GROUP BY 1 ORDER BY created", "group", "neither in GROUP BY"),
    ("TIMESTAMPDIFF(DAY, created, now()) FROM charges", "function", "date_diff('day', from, to)"),
    ("try_to_number(id) FROM charges", "function", "TRY_CAST(x AS double)"),
    ("json_extract_scalar(id, 'a.b') FROM charges", "function", "write '$.a.b'"),
    ("CAST(amount AS decimal(40, 2)) FROM charges", "type", "38 digits at most"),
    ("CAST(amount AS decimal(5, 6)) FROM charges", "type", "38 digits at most"),
    ("CAST(amount AS decimal(18, s)) FROM charges", "type", "Trino has no type 's'"),
    ("CAST(amount AS decimal(p)) FROM charges", "type", "Trino has no type 'p'"),
    ("id, count(*) FROM charges GROUP BY 0", "group", "there is no column 0 to group by"),
    ("grouping(paid) FROM charges GROUP BY id", "group", "paid does not"),
    ("amount FROM charges HAVING amount > 5", "group", "stand in WHERE"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "rule", "words"), FORMS, ids=[form for form, _, _ in FORMS])
def test_what_trino_refuses_is_an_error_with_the_way_to_write_it(form: str, rule: str, words: str) -> None:
    wrong = [finding for finding in judge(f"SELECT {form}", tables=TABLES) if finding.severity is Severity.ERROR]

    assert [finding.rule for finding in wrong] == [rule] * len(wrong)
    assert words in wrong[0].text


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT avg(created) AS a FROM charges", "write to_unixtime(created)"),
        ("SELECT to_unixtime(amount) AS a FROM charges", "write from_unixtime(amount)"),
        ("SELECT CAST(amount AS timestamp) AS a FROM charges", "write from_unixtime(amount)"),
        ("SELECT CAST(created - created AS bigint) AS a FROM charges", "write to_milliseconds(created - created)"),
    ],
)
def test_no_cast_is_advised_that_trino_refuses(sql: str, words: str) -> None:
    assert words in only(sql, TABLES).text


@pytest.mark.parametrize("call", ["date_trunc('day', paid)", "abs(TIME '10:00:00')", "abs(INTERVAL '1' MONTH)"])
def test_nothing_is_advised_where_no_cast_and_no_function_leads_there(call: str) -> None:
    assert "write" not in only(f"SELECT {call} AS a FROM charges", TABLES).text
