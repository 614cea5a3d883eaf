from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot.dialects.trino import Trino
from sqlglot.tokens import Token, TokenType

from forebay.scheduler.errors import InputError, TemplateError
from forebay.scheduler.sql.template import parse

START = datetime(2026, 10, 1, tzinfo=UTC)


def rendered(sql: str, **values: object) -> str:
    return parse(sql, origin="q.sql").render({name.replace("__", "."): value for name, value in values.items()})


def tokens(sql: str) -> list[tuple[TokenType, str]]:
    lexed: list[Token] = Trino().tokenize(sql)
    return [(token.token_type, token.text) for token in lexed]


def refusal(sql: str, **values: object) -> str:
    with pytest.raises(TemplateError) as refused:
        rendered(sql, **values)
    return str(refused.value)


def test_a_name_becomes_the_literal_of_its_value() -> None:
    sql = "SELECT * FROM charges WHERE created >= {{ window.start }} AND currency = {{params.currency}}"

    assert rendered(sql, window__start=START, params__currency="usd") == (
        "SELECT * FROM charges WHERE created >= TIMESTAMP '2026-10-01 00:00:00' AND currency = 'usd'"
    )
    assert parse(sql, origin="q.sql").names == {"window.start", "params.currency"}


def test_sql_without_placeholders_stays_byte_for_byte() -> None:
    sql = '-- ü {a}\r\nSELECT \'{"a":{"b":1}}\', "x""y", \'it\'\'s\' /* -- \' */ FROM t -- end'

    assert parse(sql, origin="q.sql").render({}) == sql


@pytest.mark.parametrize("sql", ["x LIKE '%{{%'", "x = '{{'", "x = '}} {{'"])
def test_braces_in_a_string_that_are_no_placeholder_are_text(sql: str) -> None:
    assert parse(sql, origin="q.sql").render({}) == sql


def test_a_list_fills_an_in() -> None:
    assert rendered("x IN ({{ params.ids }})", params__ids=["a", "b'"]) == "x IN ('a', 'b''')"


def test_the_date_filter_gives_a_date() -> None:
    assert rendered("d = {{ window.start | date }}", window__start=START) == "d = DATE '2026-10-01'"


def test_a_negative_number_after_a_minus_is_no_comment() -> None:
    assert rendered("SELECT x -{{ n }} FROM t", n=-1) == "SELECT x -(-1) FROM t"


def test_a_value_with_braces_is_not_read_again() -> None:
    assert rendered("SELECT {{ a }}, {{ b }}", a="{{ b }}", b=2) == "SELECT '{{ b }}', 2"


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("SELECT 1,\n 'x {{ a }}'", "inside of a string"),
        ("SELECT '\n{{ a }}'", "inside of a string that begins on an earlier line"),
        ("SELECT 'it''s'\n , 'it''s {{ a }}'", "inside of a string"),
        ('SELECT 1,\n "{{ a }}"', "inside of a quoted name"),
        ("SELECT 1\n-- {{ a }}", "inside of a comment"),
        ("SELECT 1 /*\n' {{ a }} */", "inside of a comment"),
        ("SELECT\n '{{ a | raw }}'", "inside of a string"),
        ("SELECT\n $$ {{ a }} $$", "inside of a string"),
    ],
)
def test_a_placeholder_in_quotes_or_comments_is_refused_with_its_line(sql: str, where: str) -> None:
    message = refusal(sql, a="x")

    assert message.startswith("q.sql, line 2: ") and where in message


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("SELECT '--' , {{ a }}", "SELECT '--' , 1"),
        ("SELECT 1 -- it's\n, {{ a }}", "SELECT 1 -- it's\n, 1"),
        ("SELECT 1 /* it's -- */ + {{ a }}", "SELECT 1 /* it's -- */ + 1"),
        ('SELECT "it\'s", {{ a }}', 'SELECT "it\'s", 1'),
        ("SELECT '/*', {{ a }}, '*/'", "SELECT '/*', 1, '*/'"),
        ("SELECT 'a\\', {{ a }}, 'b'", "SELECT 'a\\', 1, 'b'"),
        ("-- c\r\nSELECT {{ a }}", "-- c\r\nSELECT 1"),
        ("{{ a }}", "1"),
    ],
)
def test_quotes_and_comments_end_where_trino_ends_them(sql: str, where: str) -> None:
    assert rendered(sql, a=1) == where


@pytest.mark.parametrize(
    "sql",
    ["U&{{ a }}", "x'a'{{ a }}", "{{ a }}'b'", "{{ a }}{{ a }}", "1{{ a }}", "{{ a }}.5", "{{ a }}e5", "é{{ a }}"],
)
def test_a_placeholder_that_would_grow_together_with_its_neighbour_is_refused(sql: str) -> None:
    assert "touches" in refusal(f"SELECT {sql}", a="x")


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT 1,\n {{ a ", "never closed"),
        ("SELECT 1,\n {{ a FROM t WHERE x = {{ b }}", "never closed"),
        ("SELECT\n {{ a | upper }}", "there is no filter 'upper'"),
        ("SELECT\n {{ a | rwa }}", "did you mean 'raw'?"),
        ("SELECT\n {{ a + 1 }}", "'{{ a + 1 }}' is none of"),
        ("SELECT\n {{{ a }}}", "is none of"),
        ("SELECT\n {{ }}", "is none of"),
        ("SELECT\n 'abc", "never closed"),
        ("SELECT\n /* abc", "never closed"),
        ("SELECT 1\n -- a\rb\n", "carriage return"),
        ("SELECT\n {{ windw.start }}", "there is no value 'windw.start', did you mean 'window.start'?"),
        ("SELECT\n {{ window.end }}", "'window.end' is a time without a zone"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(sql: str, why: str) -> None:
    message = refusal(sql, window__start=START, window__end=datetime(2026, 1, 1))  # noqa: DTZ001

    assert message.startswith("q.sql, line 2: ") and why in message


def test_lines_count_from_where_the_text_stands() -> None:
    with pytest.raises(InputError, match=r"^forebay.yaml, line 12: there is no value 'a'$"):
        parse("SELECT\n\n{{ a }}", origin="forebay.yaml", first_line=10).render({})


def test_raw_text_goes_in_as_it_is() -> None:
    sql = "SELECT {{ cols | raw }} FROM {{ s | raw }}.{{ t | raw }}_v"

    assert rendered(sql, cols="id, \"a b\", 'x'", s="main", t="charges") == (
        "SELECT id, \"a b\", 'x' FROM main.charges_v"
    )


@pytest.mark.parametrize(
    "value",
    ["'", "a'b", '"', "/*", "*/", "-- x", "a --", "/* x", "{{ a }}", "", " ", "\0", "$$", "'a' '", 5, None, ["a"]],
)
def test_raw_text_that_opens_or_closes_something_is_refused(value: object) -> None:
    assert "raw" in refusal("SELECT /{{ a | raw }}/ FROM t", a=value) or value == "\0"


@pytest.mark.parametrize(
    ("sql", "value"),
    [("1 -{{ a | raw }}", "-1"), ("1 /{{ a | raw }}", "*x"), ("{{ a | raw }}-1", "1 -"), ("'x'{{ a | raw }}", "'y'")],
)
def test_raw_text_that_makes_a_comment_or_a_string_with_its_neighbour_is_refused(sql: str, value: str) -> None:
    assert "would be inserted raw, and make" in refusal(sql, a=value)


NASTY = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.text(st.sampled_from("'\"`\\-/*;{}|$%_\r\n\t\u2028\u0085é😀ab U&")),
    st.sampled_from(["'; DROP TABLE t --", "*/ '", "\\'", "''", "{{ a }}", "x' OR 'a'='a", "' UESCAPE '"]),
)
#: The place of a value, in every kind of neighbourhood.
PLACES = st.sampled_from(
    [
        "SELECT {{ a }} FROM t WHERE x = 'y'",
        "SELECT x -{{ a }}-- it's\nFROM t",
        "SELECT f({{ a }}),'z' /* it's */ || 'b'",
        "/* ' */SELECT -{{ a }}/2 AS \"a'b\"",
        "SELECT 1 WHERE x={{ a }};",
        "{{ a }}",
        "SELECT 'it''s',\n{{ a }}\n, 'c' -- end",
    ]
)


@given(place=PLACES, value=NASTY)
def test_no_text_leaves_its_literal(place: str, value: str) -> None:
    harmless, given_ = tokens(rendered(place, a="harmless")), tokens(rendered(place, a=value))

    assert [value if text == "harmless" else text for _, text in harmless] == [text for _, text in given_]
    assert [kind for kind, _ in harmless] == [kind for kind, _ in given_]


@given(place=PLACES, values=st.lists(NASTY, min_size=1, max_size=4))
def test_no_text_of_a_list_leaves_its_literal(place: str, values: list[str]) -> None:
    harmless, given_ = tokens(rendered(place, a=["x1"] * len(values))), tokens(rendered(place, a=values))

    waiting = iter(values)
    assert [next(waiting) if text == "x1" else text for _, text in harmless] == [text for _, text in given_]


NUMBERS = st.one_of(
    st.integers(-(10**37), 10**37),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(-(10**30), 10**30, places=4),
)


@given(place=PLACES, value=NUMBERS)
def test_a_number_is_one_value_wherever_it_stands(place: str, value: float | Decimal) -> None:
    before, after = (tokens(part) for part in rendered(place, a="harmless").split("'harmless'"))
    lexed = tokens(rendered(place, a=value))

    own = [text for _, text in lexed[len(before) : len(lexed) - len(after)]]
    assert lexed[: len(before)] == before and lexed[len(lexed) - len(after) :] == after
    match own:
        case [written] if not written.startswith("-"):
            assert type(value)(written) == value
        case ["(", "-", written, ")"]:
            assert -type(value)(written) == value
        case ["DECIMAL", written]:
            assert Decimal(written) == value
        case _:
            pytest.fail(f"{own} is not one number")
