import pytest

from forebay.scheduler.sql.findings import Severity
from forebay.scheduler.sql.trino.judge import columns_of, judge
from forebay.scheduler.sql.trino.selects import Tables

TABLES = {
    "charges": {
        "id": "varchar",
        "amount": "bigint",
        "customer_id": "varchar",
        "created": "timestamp(3)",
        "paid": "boolean",
    }
}
PATTERN = "PATTERN (A B*) DEFINE B AS B.amount > PREV(B.amount, 1) AND created < FIRST(A.created) + INTERVAL '30' DAY"


def errors(sql: str, tables: Tables | None = TABLES) -> list[tuple[str, str]]:
    return [(each.rule, each.text) for each in judge(sql, tables=tables) if each.severity is Severity.ERROR]


@pytest.mark.parametrize("tables", [TABLES, None], ids=["schema", "no schema"])
@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT a, m + 1 FROM charges MATCH_RECOGNIZE (MEASURES A.id AS a, avg(B.amount) AS m {PATTERN})",
        f"SELECT x > DATE '2026-01-01' FROM charges MATCH_RECOGNIZE (MEASURES LAST(created) AS t {PATTERN}) AS m (x)",
        "SELECT m.customer_id, m.n FROM charges c MATCH_RECOGNIZE (PARTITION BY c.customer_id ORDER BY created"
        f" MEASURES count(B.*) AS n {PATTERN}) m",
        "SELECT id, paid, c || 'x', n FROM charges MATCH_RECOGNIZE (MEASURES classifier(U) AS c, match_number() AS n"
        " ALL ROWS PER MATCH AFTER MATCH SKIP TO LAST B PATTERN (^ (A | B){2,} $) SUBSET U = (A, B) DEFINE B AS paid)",
        "SELECT * FROM charges MATCH_RECOGNIZE (PATTERN (PERMUTE(A, B) | {- D -}) DEFINE A AS amount > 1, D AS true)",
        "SELECT t OVER w FROM charges WINDOW w AS (ORDER BY created MEASURES LAST(A.amount) AS t"
        " ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING PATTERN (A+) DEFINE A AS A.amount > 0)",
    ],
)
def test_a_pattern_that_is_right_is_let_pass(sql: str, tables: Tables | None) -> None:
    assert errors(sql, tables) == []


@pytest.mark.parametrize(
    ("inside", "rule", "words"),
    [
        ("PARTITION BY custmer_id PATTERN (A) DEFINE A AS paid", "column", "did you mean 'customer_id'?"),
        ("ORDER BY creatd PATTERN (A) DEFINE A AS paid", "column", "did you mean 'created'?"),
        ("MEASURES A.ammount AS x PATTERN (A) DEFINE A AS paid", "column", "no column 'ammount' in a"),
        ("MEASURES B.amount AS x PATTERN (A) DEFINE A AS paid", "column", "there is no table or alias 'b' here"),
        ("PATTERN (A) DEFINE A AS A.id > 1", "type", "A.id is varchar and 1 is integer"),
        ("PATTERN (A) DEFINE A AS A.amount + 1", "type", "DEFINE wants a boolean"),
        ("PATTERN (A) DEFINE B AS paid", "scope", "PATTERN has no variable 'b'"),
        ("PATTERN (A) SUBSET U = (A, C) DEFINE A AS paid", "scope", "PATTERN has no variable 'c'"),
        ("AFTER MATCH SKIP TO LAST X PATTERN (A) DEFINE A AS paid", "scope", "PATTERN has no variable 'x'"),
        ("MEASURES prev(A.id, 1, 2) AS x PATTERN (A) DEFINE A AS paid", "function", "write prev(x, n)"),
        ("MEASURES last(A.amount) || 'x' AS x PATTERN (A) DEFINE A AS paid", "type", "|| joins texts"),
    ],
)
def test_what_is_wrong_inside_of_a_pattern_is_found(inside: str, rule: str, words: str) -> None:
    (found,) = errors(f"SELECT 1 AS one FROM charges MATCH_RECOGNIZE ({inside})")

    assert found[0] == rule
    assert words in found[1]


@pytest.mark.parametrize("tables", [TABLES, None], ids=["schema", "no schema"])
def test_one_row_of_a_match_has_its_partition_and_measures_only(tables: Tables | None) -> None:
    one_row = (
        "FROM charges MATCH_RECOGNIZE (PARTITION BY customer_id MEASURES A.id AS first_id PATTERN (A) DEFINE A AS paid)"
    )

    assert columns_of(f"SELECT * {one_row}") == ["customer_id", "first_id"]
    assert errors(f"SELECT amount {one_row}", tables) == [("column", "there is no column 'amount'")]


def test_all_rows_of_a_match_have_their_columns_behind_the_measures() -> None:
    order = "PARTITION BY customer_id ORDER BY created MEASURES A.id AS a"
    every = f"MATCH_RECOGNIZE ({order} ALL ROWS PER MATCH PATTERN (A) DEFINE A AS x)"

    sql = f"SELECT * FROM (SELECT customer_id, created, id, true AS x FROM charges) {every}"

    assert columns_of(sql) == ["customer_id", "created", "a", "id", "x"]


def test_functions_of_patterns_are_none_elsewhere() -> None:
    assert errors("SELECT last(amount) FROM charges") == [("function", "Trino has no last(); write max_by(x, created)")]
