import pytest

from forebay.scheduler.sql.findings import Severity
from forebay.scheduler.sql.trino.judge import judge

TABLES = {
    "charges": {
        "id": "varchar",
        "amount": "bigint",
        "currency": "varchar",
        "created": "timestamp(3)",
        "paid": "boolean",
    }
}


def errors(expression: str) -> list[tuple[str, str]]:
    found = judge(f"SELECT {expression} FROM charges", tables=TABLES)
    return [(each.rule, each.text) for each in found if each.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("MAP(ARRAY['a'], ARRAY[1])[1]", "the keys of MAP(ARRAY['a'], ARRAY[1]) are varchar, and 1 is integer"),
        ("map_agg(currency, id)['usd'] + 1", "Trino has no varchar + integer"),
        ("id[1]", "an element is taken of an array, a map or a row, and id is varchar: write substr(id, 1, 1)"),
        ("json_parse(id)['a']", "and json_parse(id) is json"),
        ("histogram(currency)[1]", "are varchar, and 1 is integer"),
        ("array_agg(id)['a']", "the elements of an array have numbers, and 'a' is varchar"),
        ("array_agg(id) || 1", "|| joins lists of varchar, and 1 is integer"),
        ("transform(array_agg(amount), x -> x || 'a')", "|| joins texts, and x is bigint"),
        ("transform(array_agg(amount), x -> x > 1)[1] + 1", "Trino has no boolean + integer"),
        ("filter(array_agg(created), t -> t > '2026-01-01')", "write DATE '2026-01-01'"),
        ("filter(ARRAY[1], x -> x + 1)", "the function in filter() wants a boolean, and x + 1 is integer"),
        ("map_filter(histogram(id), (k, v) -> v = 'x')", "v is bigint and 'x' is varchar"),
        ("element_at(map_agg(id, paid), 'a') = 1", "is boolean and 1 is integer"),
        ("sequence(1, 3)[1] || 'x'", "|| joins texts"),
        ("approx_percentile(amount, ARRAY[0.5]) > 5", "is array and 5 is integer"),
        ("ROW(1, 'two', 3.0)[2] = 2", "is varchar and 2 is integer"),
        ("md5(id)", "md5() takes bytes, and id is varchar; write to_utf8(id)"),
        ("md5(to_utf8(id)) = 'x'", "is varbinary and 'x' is varchar"),
        (
            "contains(id, 'a')",
            "contains() takes an array or an IP address, and id is varchar; write strpos(id, part) > 0",
        ),
    ],
)
def test_what_a_function_makes_is_judged_as_a_column_is(expression: str, words: str) -> None:
    (found,) = errors(expression)

    assert found[0] == "type"
    assert words in found[1]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("transform(ARRAY[1], (a, b) -> a)", "transform() takes one value, and not 2: write x -> …"),
        ("reduce(ARRAY[1], 0, x -> x, s -> s)", "reduce() takes 2 values, and not 1: write (x, y) -> …"),
        ("map_filter(histogram(id), k -> true)", "map_filter() takes 2 values, and not 1: write (x, y) -> …"),
    ],
)
def test_a_function_that_is_an_argument_takes_as_much_as_it_is_given(expression: str, words: str) -> None:
    (found,) = errors(expression)

    assert found[0] == "function"
    assert words in found[1]


@pytest.mark.parametrize(
    "expression",
    [
        "reduce(array_agg(amount), CAST(ROW(0, 0) AS ROW(s bigint, n bigint)), (s, x) -> CAST(ROW(s.s + x, s.n + 1)"
        " AS ROW(s bigint, n bigint)), s -> s.s / s.n)",
        "array_agg(CAST(ROW(id, amount) AS ROW(i varchar, a bigint)))[1].a + 1",
        "transform_values(multimap_agg(currency, amount), (k, v) -> reduce(v, 0, (s, x) -> s + x, s -> s))['usd'] + 1",
        "approx_percentile(amount, amount, 0.9) > 5, approx_percentile(amount, ARRAY[0.5])[1] > 5",
        "max(amount, 3)[1] + 1, max_by(id, amount, 2)[1] || 'x'",
        "ARRAY['a'] || 'b' || ARRAY['c'], 1 || ARRAY[2], ARRAY[1] || NULL, ARRAY[] || ARRAY[1]",
        "split(id, '_')[2] = 'x', regexp_replace(id, '(a)', m -> upper(m[1]))",
        "ROW(1, 'two', 3.0)[2] = 'two'",
        "to_hex(sha256(CAST(id AS varbinary)))",
    ],
)
def test_what_goes_together_is_let_pass(expression: str) -> None:
    assert [found for found in errors(expression) if found[0] != "group"] == []


@pytest.mark.parametrize(
    "expression", ["histogram(currency)[1]", "array_agg(amount) || 'x'", "map_agg(id, paid)['a'] = 1"]
)
def test_without_a_schema_what_a_list_is_made_of_is_a_warning_only(expression: str) -> None:
    found = judge(f"SELECT {expression} FROM charges", tables=None)

    assert [(each.rule, each.severity) for each in found] == [("type", Severity.WARNING)]


def test_a_list_whose_elements_nobody_knows_may_be_one_of_rows() -> None:
    made = "SELECT transform(ARRAY[1], i -> CAST(json_parse('[1, 2]') AS ROW(a bigint, b bigint))) AS made"

    assert judge(f"SELECT a, b FROM ({made}) CROSS JOIN UNNEST(made) AS t (a, b)", tables=TABLES) == []
