"""Where the SQL of a definition is: files, globs, inline text; and what each is called."""

from pathlib import Path

import pytest

from forebay.config.document.load_spec import WrittenSpec, load_spec
from forebay.scheduler.definitions.definition import Definition
from forebay.scheduler.definitions.sources import (
    Source,
    definition_sources,
    is_inline,
    sql_sources,
    tie_out_sources,
)
from forebay.scheduler.errors import InputError, SourceError


def spec(folder: Path, definitions: str) -> WrittenSpec:
    (folder / "forebay.yaml").write_text(
        f"version: 1\nconnections:\n  c: {{mode: test, key: secret://env/K}}\n{definitions}"
    )
    return load_spec(folder / "forebay.yaml")


def definition(written: WrittenSpec, name: str) -> Definition:
    return Definition(written=written, name=name, spec=written.spec.batches[name])


def test_a_file_is_named_for_its_stem_and_read_byte_for_byte_from_the_spec_folder(tmp_path: Path) -> None:
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "fees.sql").write_bytes("SELECT 'ü'\r\n".encode())

    (source,) = sql_sources("q/fees.sql", "daily", tmp_path)

    assert source == Source(name="fees", text="SELECT 'ü'\r\n", origin=str(tmp_path / "q" / "fees.sql"))


def test_a_glob_gives_its_files_in_order_and_a_list_keeps_its_own(tmp_path: Path) -> None:
    for name in ("b", "a", "z"):
        (tmp_path / f"{name}.sql").write_text("SELECT 1")

    assert [one.name for one in sql_sources("*.sql", "d", tmp_path)] == ["a", "b", "z"]
    assert [one.name for one in sql_sources(["z.sql", "[ab].sql"], "d", tmp_path)] == ["z", "a", "b"]


def test_inline_sql_takes_the_name_of_its_definition_and_numbers_in_a_list(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("SELECT 1")

    assert [one.name for one in sql_sources("SELECT 1", "daily", tmp_path)] == ["daily"]
    named = [one.name for one in sql_sources(["SELECT 1", "a.sql", "SELECT\n2"], "daily", tmp_path)]
    assert named == ["daily-1", "a", "daily-3"]


def test_a_file_whose_name_has_a_blank_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "my fees").write_text("SELECT 1")

    assert not is_inline("my fees", tmp_path)
    assert not is_inline("no such.sql", tmp_path)
    assert is_inline("SELECT * FROM charges", tmp_path)
    assert is_inline("SELECT " + "x, " * 5000 + "y FROM t", tmp_path)


def test_the_line_of_inline_sql_is_where_its_text_begins(tmp_path: Path) -> None:
    written = spec(
        tmp_path,
        "batches:\n  one:\n    sql: SELECT 1\n  two:\n    sql: |\n      SELECT\n      2\n"
        "  three:\n    sql:\n      - SELECT 1\n      - SELECT 2\n",
    )

    def lines(name: str) -> list[int]:
        return [source.first_line for source in definition_sources(definition(written, name))]

    assert (lines("one"), lines("two"), lines("three")) == ([6], [9], [13, 14])


def tie_outs(written: WrittenSpec, name: str) -> dict[str, str]:
    sources = tie_out_sources(definition(written, name), definition_sources(definition(written, name)))
    return {query: source.text for query, source in sources.items()}


def test_one_tie_out_is_every_querys_and_a_pattern_has_each_querys_own(tmp_path: Path) -> None:
    for folder in ("q", "t"):
        (tmp_path / folder).mkdir()
        for name in ("a", "b"):
            (tmp_path / folder / f"{name}.sql").write_text(f"SELECT '{folder}{name}'")
    written = spec(
        tmp_path,
        "batches:\n  none: {sql: q/*.sql}\n"
        "  inline: {sql: q/*.sql, checks: {tie_out: SELECT count(*) AS records FROM charges}}\n"
        "  one: {sql: q/*.sql, checks: {tie_out: t/a.sql}}\n"
        "  each: {sql: q/*.sql, checks: {tie_out: t/*.sql}}\n"
        "  stranger: {sql: q/b.sql, checks: {tie_out: t/*.sql}}\n"
        "  missing: {sql: [q/*.sql, SELECT 1], checks: {tie_out: t/*.sql}}\n",
    )

    assert tie_outs(written, "none") == {}
    assert set(tie_outs(written, "inline").values()) == {"SELECT count(*) AS records FROM charges"}
    assert tie_outs(written, "one") == {"a": "SELECT 'ta'", "b": "SELECT 'ta'"}
    assert tie_outs(written, "each") == {"a": "SELECT 'ta'", "b": "SELECT 'tb'"}
    with pytest.raises(InputError, match=r"a\.sql ties out no query: none has its name"):
        tie_outs(written, "stranger")
    with pytest.raises(InputError, match=r"nothing ties out 'missing-2'; t/\*\.sql needs a file of that name"):
        tie_outs(written, "missing")


def test_a_file_that_is_not_there_is_told_with_the_line_of_the_spec_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "fees.sql").write_text("SELECT 1")
    written = spec(tmp_path, "batches:\n  close:\n    sql:\n      - fees.sql\n      - fee.sql\n")

    with pytest.raises(SourceError) as raised:
        definition_sources(definition(written, "close"))

    lines = written.document.path.read_text().splitlines()
    assert "- fee.sql" in lines[raised.value.line - 1]
    assert raised.value.why == "there is no file fee.sql, did you mean 'fees.sql'?"
    assert str(raised.value).startswith(f"{written.document.path}, line {raised.value.line}: ")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("none.sql", "there is no file none.sql"),
        ("b.sql", "there is no file b.sql"),
        ("sub/aa.sql", r"the spec, line 1: there is no file sub/aa\.sql, did you mean 'sub/a\.sql'\?"),
        ("sub/a", r"did you mean 'sub/a\.sql'\?"),
        ("sup/a.sql", r"no file sup/a\.sql, did you mean 'sub'\?"),
        ("sup/*.sql", r"no file matches sup/\*\.sql, did you mean 'sub'\?"),
        ("list.csvv/a.sql", r"there is no file list\.csvv/a\.sql$"),
        ("q/*.sql", r"no file matches q/\*\.sql"),
        ("list.csv", "list.csv is no SQL file"),
        (["a.sql", "sub/a.sql"], "both named 'a', upper and lower case alike; results would collide"),
        (["a.sql", "else/A.sql"], "both named 'A', upper and lower case alike; results would collide"),
        (["SELECT 1", "d-1.sql"], "both named 'd-1'"),
        ("sub", "sub is a folder"),
        ([], "no queries"),
    ],
)
def test_what_is_no_query_is_one_sentence(tmp_path: Path, sql: str | list[str], words: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "else").mkdir()
    for name in ("a.sql", "sub/a.sql", "else/A.sql", "d-1.sql", "list.csv"):
        (tmp_path / name).write_text("SELECT 1")

    with pytest.raises(InputError, match=words):
        sql_sources(sql, "d", tmp_path)
