import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.query_text import check_name, check_rendered, check_sql, without_end

MOST = 10_000


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "select 1;",
        "SELECT 1;\n-- the end\n;",
        "((SELECT 1))",
        "-- about\n/* it */ WITH x AS (SELECT 1) SELECT * FROM x",
        "SELECT ';' || '--' || '/*', \"a;b\" -- x; y",
        "SELECT 'it''s' /* ; */",
        "VALUES (1)",
        "TABLE charges",
    ],
)
def test_one_query_passes(sql: str) -> None:
    check_sql("q", sql, MOST)


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT 1;", "SELECT 1"),
        ("SELECT 1;\n-- the end\n;\n", "SELECT 1\n-- the end\n\n"),
        ("SELECT ';' AS x -- a; b", "SELECT ';' AS x -- a; b"),
        ("SELECT 1; /* all; */", "SELECT 1 /* all; */"),
    ],
)
def test_a_semicolon_at_the_end_is_left_out_and_nothing_else(sql: str, left: str) -> None:
    assert without_end(sql) == left


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("", "q: the SQL is empty"),
        ("-- SELECT 1\n/* SELECT 2 */", "q: there is no statement, only blanks or comments"),
        (";;", "q: there is no statement"),
        ("SELECT 1; SELECT 2", "q: these are 2 statements, and a query is one; make each a query of its own"),
        ("/*;\n*/ SELECT 1;\n\n delete from t", r"these are 2 statements.*\(line 4 of the SQL\)"),
        ("DROP TABLE charges", "q: 'DROP' begins no query: Stripe's data can only be read, with SELECT or WITH"),
        ("FROM charges", "'FROM' begins no query"),
        ('[{"sql": 1}]', "this is JSON and no SQL"),
        ("SELECT 'a\n", "a string that begins here is never closed"),
        ('SELECT 1,\n"a', r"a quoted name that begins here is never closed \(line 2 of the SQL\)"),
        ("SELECT 1 /*/", "a comment that begins here is never closed"),
        ("SELECT 1\0", "a NUL character"),
    ],
)
def test_what_is_not_one_query_is_refused_in_a_sentence(sql: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        check_sql("q", sql, MOST)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "sql",
    ["SELECT 1;{}", "SELECT 1; --{}", "{}SELECT 1", "SELECT '{{{{{}'", "SELECT '{{{{ a }}}}{}'"],
)
def test_a_megabyte_of_blanks_is_read_once(sql: str) -> None:
    text = sql.format(" " * 1_000_000)
    check_sql("q", text, 2 * len(text))
    with contextlib.suppress(InputError):
        check_rendered("q", text)


_IN_QUOTES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0'"), max_size=20)


@given(st.lists(_IN_QUOTES, min_size=1, max_size=4))
def test_what_stands_in_a_string_never_makes_two_statements_of_one(texts: list[str]) -> None:
    check_sql("q", "SELECT " + " || ".join(f"'{text}'" for text in texts), MOST)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_is_taken_or_refused_and_never_breaks_the_check(text: str) -> None:
    with contextlib.suppress(InputError):
        check_sql("q", text, MOST)


@pytest.mark.parametrize("name", ["fees", "Gebühren", "月次", "a b", "👩‍💻"])
def test_a_name_in_any_script_passes(name: str) -> None:
    check_name("q", name)


@pytest.mark.parametrize("character", ["\x1b", "\n", "\r", "\x07", "\x9b", "\u202e", "\u2028", "\u2066"])
def test_a_name_that_a_terminal_would_obey_is_refused(character: str) -> None:
    with pytest.raises(InputError, match=f"control character \\(U\\+{ord(character):04X}\\)"):
        check_name("q", f"a{character}b")
