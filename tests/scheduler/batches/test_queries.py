import io
from pathlib import Path
from typing import TextIO

import pytest

from forebay.scheduler.batches.queries import read
from forebay.scheduler.errors import InputError
from forebay.store.ledger.records import Item


def items(*sources: str, stdin: str = "", account: str | None = None, most: int = 1000) -> list[Item]:
    return list(read(sources, stdin=io.StringIO(stdin), account=account, most_sql_bytes=most))


def item(name: str, sql: str = "SELECT 1", account: str | None = None) -> Item:
    return Item(name=name, sql=sql, account=account)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_sql_file_is_one_query_named_for_the_file(folder: Path) -> None:
    (folder / "fees.sql").write_text("SELECT 1\n")
    (folder / "a b.sql").write_text("SELECT 2")

    assert items("fees.sql", "a b.sql") == [item("fees", "SELECT 1\n"), item("a b", "SELECT 2")]


def test_sql_is_kept_byte_for_byte(folder: Path) -> None:
    sql = "-- ü\r\nSELECT '\t'  \n\n"
    (folder / "odd.sql").write_bytes(sql.encode())

    assert items("odd.sql")[0].sql == sql


def test_a_semicolon_at_the_end_is_not_sent(folder: Path) -> None:
    (folder / "fees.sql").write_text("SELECT 1;\n")

    assert items("fees.sql") == [item("fees", "SELECT 1\n")]


def test_a_glob_is_read_in_order_of_its_names(folder: Path) -> None:
    for name in ("b", "a", "c"):
        (folder / f"{name}.sql").write_text("SELECT 1")

    assert [item.name for item in items("*.sql")] == ["a", "b", "c"]


def test_lists_give_name_and_account_and_the_option_fills_in_the_account(folder: Path) -> None:
    (folder / "list.ndjson").write_text(
        '{"sql": "SELECT 1", "name": "x", "account": "acct_1"}\n\n{"sql": "SELECT 1"}\n'
    )
    (folder / "list.csv").write_text('sql,name\n"SELECT 1,\n2",two lines\n')

    assert items("list.ndjson", "list.csv", account="acct_9") == [
        item("x", account="acct_1"),
        item("query-000003", account="acct_9"),
        item("two lines", "SELECT 1,\n2", "acct_9"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", [item("query")]),
        ('{"sql": "SELECT 1", "name": "x"}', [item("x")]),
        ('\n [{"name": "x", "sql": "SELECT 1"}, {"sql": "SELECT 1"}]\n', [item("x"), item("query-000002")]),
        ('{"sql":\n "SELECT 1"}\n\n{"sql":\n "SELECT 1"}\n', [item("query-000001"), item("query-000004")]),
        ("name,sql\nx,SELECT 1\n", [item("x")]),
        ("name\t\"sql\"\r\nx\tSELECT 'a,b'\r\n", [item("x", "SELECT 'a,b'")]),
        ("sql\nSELECT 1\n", [item("query-000002")]),
        ("SELECT a, sql, b\nFROM c", [item("query", "SELECT a, sql, b\nFROM c")]),
    ],
)
def test_standard_input_is_one_query_or_a_list(text: str, expected: list[Item]) -> None:
    assert items("-", stdin=text) == expected


def test_a_suffix_is_read_without_its_case(folder: Path) -> None:
    (folder / "FEES.SQL").write_text("SELECT 1")
    (folder / "LIST.CSV").write_text("sql,name\nSELECT 1,x\n")
    (folder / "L.NDJSON").write_text('{"sql": "SELECT 1", "name": "y"}')
    (folder / "L.Json").write_text('[{"sql": "SELECT 1", "name": "z"}]')
    (folder / "L.TSV").write_bytes('\ufeffname\tsql\r\na\t"SELECT\n1"\r\n'.encode())

    names = ("FEES.SQL", "LIST.CSV", "L.NDJSON", "L.Json", "L.TSV")
    assert items(*names) == [item("FEES"), item("x"), item("y"), item("z"), item("a", "SELECT\n1")]


def test_a_cell_holds_a_long_query(folder: Path) -> None:
    sql = "SELECT 1 -- " + "x" * 200_000
    (folder / "long.csv").write_text(f"sql\n{sql}\n")

    assert items("long.csv", most=1_000_000)[0].sql == sql


@pytest.mark.parametrize("text", ["SELECT 1", "sql,name\nSELECT 1,query\n", '{"sql": "SELECT 1", "name": "query"}'])
def test_a_byte_order_mark_is_no_part_of_standard_input(text: str) -> None:
    assert items("-", stdin="\ufeff" + text) == [item("query")]


def test_braces_in_a_string_are_text(folder: Path) -> None:
    (folder / "a.sql").write_text("SELECT 1 WHERE x LIKE '%{{%'")

    assert len(items("a.sql")) == 1


def test_one_name_for_two_accounts_does_not_collide(folder: Path) -> None:
    (folder / "l.ndjson").write_text(
        '{"sql": "SELECT 1", "name": "x", "account": "acct_1"}\n{"sql": "SELECT 1", "name": "x", "account": "acct_2"}\n'
    )

    assert len(items("l.ndjson")) == 2


@pytest.mark.parametrize(
    ("name", "content", "source", "words"),
    [
        ("a.sql", "", "a.sql", "a.sql: the SQL is empty"),
        ("a.sql", " \n\t", "a.sql", "a.sql: the SQL is empty"),
        ("a.sql", "x" * 1001, "a.sql", "1,001 bytes, more than the 1,000 allowed"),
        ("a.sql", "ü" * 501, "a.sql", "1,002 bytes"),
        ("a.sql", "SELECT 1", "b.sql", "there is no file b.sql"),
        ("a.sql", "SELECT 1", "q/*.sql", "no file matches q/*.sql"),
        ("a.sql", "SELECT 1", ".", ". is a folder"),
        ("l.ndjson", '{"sql": "SELECT 1"}\n{"sql": \n', "l.ndjson", "l.ndjson, line 2 is not JSON"),
        ("l.ndjson", '{"sql":' * 100_000, "l.ndjson", "l.ndjson, line 1 is not JSON: it is nested too deeply"),
        ("l.ndjson", '\n["SELECT 1"]\n', "l.ndjson", "l.ndjson, line 2 is not an object"),
        ("l.ndjson", '{"name": "x"}', "l.ndjson", "l.ndjson, line 1 has no sql"),
        ("l.ndjson", '{"sql": 1}', "l.ndjson", "line 1: sql must be text"),
        ("l.ndjson", '{"sql": "SELECT 1", "acount": "acct_1"}', "l.ndjson", "unknown field 'acount'"),
        ("l.ndjson", '{"sql": " "}', "l.ndjson", "l.ndjson, line 1: the SQL is empty"),
        (
            "l.ndjson",
            '{"sql":"TABLE a","name":"x"}\n{"sql":"TABLE b","name":"x"}',
            "l.ndjson",
            "'x' is taken by l.ndjson, line 1",
        ),
        (
            "l.ndjson",
            '{"sql":"TABLE a","name":"x"}\n{"sql":"TABLE b","name":"X"}',
            "l.ndjson",
            "'X' is taken by l.ndjson, line 1, upper and lower case alike",
        ),
        ("l.ndjson", "\n\n", "l.ndjson", "no queries in the input"),
        ("l.ndjson", '{"sql": "SELECT 1", "name": "a\\ud800"}', "l.ndjson", "line 1: name holds half a character"),
        ("l.csv", "", "l.csv", "the first line must name the columns"),
        ("l.csv", "query\nSELECT 1\n", "l.csv", "the first line must name the columns"),
        ("l.csv", "sql,name\nSELECT 1,x,y\n", "l.csv", "l.csv, line 2 has more cells"),
        ("l.csv", 'sql\n"SELECT 1\n', "l.csv", "is not CSV"),
        ("l.csv", "sql;name\nSELECT 1;x\n", "l.csv", "here ';' stands between the cells, and commas are read"),
        ("l.csv", "sql\tname\n", "l.csv", "here '\\t' stands between the cells, and commas are read; save it as .tsv"),
        ("l.csv", "sql,name,sql\n", "l.csv", "the first line names a column twice"),
        ("L.TSV", "sql,name\n", "L.TSV", "here ',' stands between the cells, and tabs are read; save it as .csv"),
        ("l.tsv", 'sql\tname\n"SELECT 1', "l.tsv", "l.tsv, line 2 is not TSV"),
        ("l.json", '[{"sql": "SELECT 1"}\n{"sql": "SELECT 2"}]', "l.json", "l.json, line 1 is not JSON: a list goes"),
        ("l.json", '[{"sql": "SELECT 1"}', "l.json", "l.json, line 1 is not JSON: a list goes on with a comma"),
        ("l.json", '[{"sql": "SELECT 1"}] x', "l.json", "l.json, line 1 is not JSON: a list goes on with a comma"),
        ("l.json", '[\n{"sql":\n"SELECT 1" 2}]', "l.json", "l.json, line 2 is not JSON: Expecting ',' delimiter at"),
        ("l.json", '[{"sql": "SELECT 1"},\n"SELECT 2"]', "l.json", "l.json, line 2 is not an object"),
        ("l.json", "[]", "l.json", "no queries in the input"),
        ("l.json", "", "l.json", "no queries in the input"),
        ("notes.md", "SELECT 1", "notes.md", "a list of them one of .csv, .tsv, .json, .ndjson, .jsonl"),
        ("a.sql", "-- SELECT 1", "a.sql", "a.sql: there is no statement, only blanks or comments"),
        ("a.sql", "SELECT 1;\nSELECT 2", "a.sql", "a.sql: these are 2 statements, and a query is one"),
        ("a.sql", "\n\ndrop table charges", "a.sql", "a.sql: 'drop' begins no query"),
        ("a.sql", "SELECT '\0'", "a.sql", "a NUL character"),
        ("a.sql", "SELECT {{ start }}", "a.sql", "a placeholder stands in line 1"),
        ("a.sql", "SELECT 1,\n'{{ ds }}'", "a.sql", "a placeholder stands in line 2"),
        ("a.sql", "{% if x %} SELECT 1", "a.sql", "a placeholder stands in line 1"),
        ("a.sql", "SELECT 1", "SELECT 1 AS a", "'SELECT 1 AS a' is SQL and no file; hand it over on standard input"),
        ("a.sql", "SELECT 1", "select " + "x" * 5000, "is SQL and no file"),
        ("a.sql", "SELECT 1", "x" * 5000, "names no file: File name too long"),
        ("l.ndjson", '{"sql": "SELECT 1", "name": "a\\u001b[31m"}', "l.ndjson", "a control character (U+001B)"),
        ("l.ndjson", '{"sql": "SELECT 1", "name": "a\\u202eb"}', "l.ndjson", "a control character (U+202E)"),
        ("a\x07b.sql", "SELECT 1", "a*.sql", "a control character (U+0007)"),
    ],
)
def test_bad_input_is_one_sentence_that_names_its_place(
    folder: Path, name: str, content: str, source: str, words: str
) -> None:
    (folder / name).write_text(content)

    with pytest.raises(InputError) as error:
        items(source)

    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_text_is_named(folder: Path) -> None:
    (folder / "a.sql").write_bytes(b"SELECT \xff")

    with pytest.raises(InputError, match=r"a\.sql is not UTF-8 text \(byte 7\)"):
        items("a.sql")


@pytest.mark.parametrize(
    ("stdin", "words"),
    [
        (io.StringIO("sql;name\nSELECT 1;x"), "standard input: .* here ';' stands between the cells"),
        (io.StringIO("sql,nmae\nSELECT 1,x"), "standard input, line 2: unknown field 'nmae'"),
        (io.TextIOWrapper(io.BytesIO("sql".encode("utf-16")), "utf-8"), "is UTF-16, .* save it as UTF-8"),
        (io.TextIOWrapper(io.BytesIO(b"SELECT \xff"), "utf-8"), r"standard input is not UTF-8 text \(byte 7\)"),
    ],
)
def test_standard_input_that_is_no_query_is_not_sent_to_stripe(stdin: TextIO, words: str) -> None:
    with pytest.raises(InputError, match=words):
        list(read(["-"], stdin=stdin, account=None, most_sql_bytes=1000))
