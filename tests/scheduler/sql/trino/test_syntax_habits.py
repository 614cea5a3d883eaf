import pytest

from forebay.scheduler.sql.findings import Severity
from forebay.scheduler.sql.trino.judge import judge

#: What stands behind SELECT, and the way out.
FORMS = [
    ("id FROM charges WHERE id ILIKE 'A%'", "write lower(id) LIKE 'a%'"),
    ("id FROM charges WHERE id NOT ILIKE 'A%'", "write lower(id) NOT LIKE 'a%'"),
    ("id FROM charges ORDER BY id LIMIT 5 OFFSET 10", "OFFSET 10 LIMIT 5"),
    ("id FROM charges ORDER BY id LIMIT 5, 10", "OFFSET 5 LIMIT 10"),
    ("TOP 5 id FROM charges", "LIMIT 5"),
    ("current_date - INTERVAL 30 DAY", "INTERVAL '30' DAY"),
    ("current_date - INTERVAL '2' WEEK AS x", "INTERVAL '14' DAY"),
    ("id::date FROM charges", "write CAST(id AS date)"),
    ("date_trunc('day', created)::date FROM charges", "write CAST(date_trunc('day', created) AS date)"),
    ("percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) FROM charges", "approx_percentile(x, 0.5)"),
    ("`id` FROM charges", 'double quotes, and knows no backquotes: "id"'),
    ("id, row_number() OVER (ORDER BY id) AS n FROM charges QUALIFY n = 1", "no QUALIFY"),
    ("DISTINCT ON (id) id FROM charges", "no DISTINCT ON"),
    ("* EXCLUDE (id) FROM charges", "list those that are meant"),
    ("[1, 2] AS x", "ARRAY[1, 2]"),
    ("metadata->>'a' AS x FROM charges", "json_extract_scalar"),
    ("id FROM charges WHERE id ~ 'x'", "regexp_like(id, 'x')"),
    ("id FROM charges WHERE paid IS TRUE", "write paid = true"),
    ("id FROM charges WHERE id IN ()", "nothing to compare with"),
    ("id AS order FROM charges", 'double quotes: "order"'),
    ("n FROM generate_series(1, 10) AS t (n)", "UNNEST(sequence(1, 10)) AS t (n)"),
    ("id FROM charges WHERE id = ?", "nobody gives a ? its value"),
    ("id FORM charges", "'FORM' is not expected here, did you mean 'FROM'?"),
    ("CURRENT_TIMESTAMP() AS t", "CURRENT_TIMESTAMP has no brackets"),
    ("id FROM charges WHERE id IN 'paid'", "IN ('a', 'b')"),
    ("charges.id FROM charges JOIN customers WHERE paid", "a JOIN needs ON or USING"),
    ("id AS 'charge id' FROM charges", 'in none: "charge id"'),
    ("sum(amount) FILTER WHERE paid FROM charges", "FILTER (WHERE …)"),
    ("id FROM charges MINUS SELECT id FROM customers", "write EXCEPT"),
    ("EXTRACT('month' FROM created) FROM charges", "EXTRACT(month FROM x)"),
    ("now() - '30 days'::interval AS x", "INTERVAL '30' DAY"),
    ("CURRENT_DATE() AS d", "CURRENT_DATE has no brackets"),
    ("STRUCT(1 AS a) AS s", "write ROW(a, b)"),
    ("id AS 2 FROM charges", 'is put in double quotes: "2"'),
    ("id INTO t FROM charges", "Stripe's data can only be read"),
    ("id FROM charges FOR UPDATE", "Stripe's data can only be read"),
    ("id FROM charges CROSS JOIN customers ON true", "a CROSS JOIN has no ON"),
    ("id FROM charges FETCH 5", "FETCH FIRST 5 ROWS ONLY"),
    ("sum(amount) OVER (ORDER created) FROM charges", "ORDER is followed by BY"),
    ("sum(amount) OVER (ROWS BETWEEN 3 AND 1) FROM charges", "are written 3 PRECEDING"),
    ("listagg(id, ',') FROM charges", "WITHIN GROUP (ORDER BY x)"),
    ("f.value FROM charges, LATERAL FLATTEN(input => id) f", "by their order, and not by name"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "words"), FORMS, ids=[form for form, _ in FORMS])
def test_what_trinos_grammar_has_no_place_for_is_one_error_with_the_way_to_write_it(form: str, words: str) -> None:
    (fault,) = judge(f"SELECT {form}", tables=None)

    assert (fault.rule, fault.severity) == ("syntax", Severity.ERROR)
    assert words in fault.text
