"""When one run over the organization says what a run for each account says."""

import pytest

from forebay.scheduler.sql.wholeness import another_answer


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id, amount FROM charges WHERE created >= TIMESTAMP '2026-01-01 00:00:00' ORDER BY id",
        "SELECT c.id, f.fee / 100.0 FROM charges c LEFT JOIN fees f ON f.charge = c.id;",
        "SELECT date_format(created, '%Y'), json_extract_scalar(m, '$.x'), coalesce(a, lower(b)) FROM t",
        "WITH paid AS (SELECT * FROM charges WHERE status = 'sum(count)') SELECT id FROM paid -- LIMIT 5",
    ],
)
def test_rows_that_are_chosen_and_computed_by_themselves_are_the_same(sql: str) -> None:
    assert another_answer(sql) is None


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("SELECT count(*) FROM charges", "adds up rows"),
        ("SELECT currency, 1 FROM charges GROUP BY currency", "adds up rows"),
        ("SELECT id FROM charges WHERE amount > (SELECT avg(amount) FROM charges)", "adds up rows"),
        ("SELECT approx_percentile(amount, 0.5) FROM charges", "adds up rows"),
        ("SELECT id FROM charges ORDER BY amount DESC LIMIT 10", "chooses among rows"),
        ("SELECT id FROM charges FETCH FIRST 1 ROW ONLY", "chooses among rows"),
        ("SELECT id FROM (SELECT id FROM charges LIMIT 3)", "chooses among rows"),
        ("SELECT DISTINCT currency FROM charges", "compares rows with each other"),
        ("SELECT a FROM t UNION SELECT a FROM u", "compares rows with each other"),
        ("SELECT rank() OVER (ORDER BY amount) FROM charges", "looks at neighbouring rows"),
        ("SELECT odd_sum(amount) FROM charges", "calls odd_sum(), which may add up rows"),
        ("SELECT id FROM", "cannot be read here"),
        ("SELECT 1; SELECT 2", "is not one statement"),
    ],
)
def test_what_looks_at_more_than_a_row_is_another_answer(sql: str, what: str) -> None:
    assert another_answer(sql) == what
