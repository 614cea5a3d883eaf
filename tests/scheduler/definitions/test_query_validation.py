import io
from pathlib import Path

import pytest

from forebay.scheduler.definitions.query_validation import validate_queries
from forebay.scheduler.definitions.validation import Validation
from forebay.scheduler.errors import InputError
from forebay.scheduler.sql.trino.selects import Tables


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def validation(*sources: str, stdin: str = "", tables: Tables | None = None) -> Validation:
    return validate_queries(sources, stdin=io.StringIO(stdin), account=None, most_sql_bytes=1000, tables=tables)


def told(validated: Validation) -> list[tuple[str, int, str]]:
    return [(remark.file, remark.line, remark.rule) for remark in validated.remarks]


def test_each_file_is_checked_and_one_that_cannot_be_read_hides_no_other(folder: Path) -> None:
    for name, sql in {
        "a": "SELECT id\nFROM t LIMIT 5",
        "b": "DROP TABLE t",
        "c": "SELECT 1 +",
        "d": "SELECT 1 AS one",
    }.items():
        (folder / f"{name}.sql").write_text(sql)

    validated = validation("*.sql")

    assert told(validated) == [("a.sql", 2, "limit-order"), ("b.sql", 1, "input"), ("c.sql", 1, "syntax")]
    assert (validated.queries, validated.errors, validated.warnings) == (4, 2, 1)


def test_a_row_of_a_list_is_named_by_its_line_and_its_query(folder: Path) -> None:
    (folder / "l.ndjson").write_text('{"sql": "SELECT 1 AS x", "name": "x"}\n{"sql": "SELECT 1 +", "name": "y"}\n')

    validated = validation("l.ndjson")

    assert told(validated) == [("l.ndjson", 2, "syntax")]
    assert validated.remarks[0].text.startswith("y: ")


def test_names_that_would_collide_are_told_with_the_first_place(folder: Path) -> None:
    (folder / "x.sql").write_text("SELECT 1 AS one")

    validated = validation("x.sql", "-", stdin='{"sql": "SELECT 2 AS two", "name": "x"}')

    assert told(validated) == [("standard input", 1, "name")]
    assert (
        validated.remarks[0].text == "the name 'x' is taken by x.sql, upper and lower case alike; results would collide"
    )


def test_names_of_tables_are_checked_where_a_schema_is_known(folder: Path) -> None:
    (folder / "x.sql").write_text("SELECT id FROM charge")

    assert told(validation("x.sql")) == []
    assert told(validation("x.sql", tables={"charges": {"id": "varchar"}})) == [("x.sql", 1, "table")]


def test_a_file_that_is_not_there_is_an_error_and_no_remark(folder: Path) -> None:
    (folder / "fees.sql").write_text("SELECT 1 AS one")

    with pytest.raises(InputError, match=r"there is no file fee\.sql, did you mean 'fees\.sql'\?"):
        validation("fee.sql")


@pytest.mark.parametrize(
    ("name", "written", "line", "text"),
    [
        ("l.csv", "sql,name\n", 1, "it names no query"),
        ("l.json", "[]", 1, "it names no query"),
        ("l.csv", "sql,name,when\nSELECT 1,a,now\n", 2, "unknown field 'when'; a query has sql, name, account"),
        ("l.ndjson", '{"sql": "SELECT 1"}\n{"name": "b"}\n', 2, "has no sql"),
        ("l.tsv", "name\nx\n", 1, "the first line must name the columns: sql, and name or account if wanted"),
    ],
)
def test_what_keeps_a_list_from_being_read_is_told_once_with_its_line(
    folder: Path, name: str, written: str, line: int, text: str
) -> None:
    (folder / name).write_text(written)

    (remark,) = validation(name).remarks

    assert (remark.file, remark.line, remark.text) == (name, line, text)


def test_standard_input_is_called_so() -> None:
    (remark,) = validation("-", stdin="").remarks

    assert (remark.file, remark.line) == ("standard input", 1)


@pytest.mark.parametrize("source", ["l.CSV", "-"])
def test_columns_of_a_list_are_known_in_capitals_too(folder: Path, source: str) -> None:
    written = "Name,SQL\na,SELECT 1 AS x\n"
    (folder / "l.CSV").write_text(written)

    assert validation(source, stdin=written).remarks == ()
