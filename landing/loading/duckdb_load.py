"""Writes how DuckDB loads results: `read_csv` or `read_parquet` of exactly these files, in one transaction a window."""

import re
from collections.abc import Iterator
from functools import partial

from forebay.landing.loading.artefact import Artefact, Warehouse
from forebay.landing.loading.sql_writing import SqlWriting
from forebay.landing.loading.table_load import Slice, TableLoad, WindowLoad

_WRITING = SqlWriting(dialect="duckdb", types={"double": "DOUBLE"})
#: A field may be long; DuckDB's own bound for a line is 2 MB.
_LINE_BYTES = 32 << 20
#: It takes each name of a file for a pattern; a class of one letter is that letter.
_PATTERN, _ONE_LETTER = re.compile(r"[*?\[]"), r"[\g<0>]"


def _write(load: TableLoad, _place: str) -> Iterator[Artefact]:
    table = _WRITING.table(load.table)
    lines = [f"CREATE TABLE IF NOT EXISTS {table} (\n{_WRITING.definitions(load)}\n);"]
    for window in load.windows:
        lines += ["BEGIN TRANSACTION;", f"DELETE FROM {table} WHERE {_WRITING.is_window(window)};"]
        lines += map(partial(_insert, load, window), window.slices)
        lines.append("COMMIT;")
    yield Artefact(name=f"{load.table}.duckdb.sql", text="\n".join(lines) + "\n")


def _insert(load: TableLoad, window: WindowLoad, each: Slice) -> str:
    names = [_WRITING.name(column.name) for column in load.columns]
    files = f"[{_WRITING.texts(_PATTERN.sub(_ONE_LETTER, file.url) for file in each.files)}]"
    if each.is_csv:
        types = ", ".join(f"{_WRITING.text(column.name)}: 'VARCHAR'" for column in load.columns)
        source = (
            f"read_csv({files}, header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
            f"nullstr = '', max_line_size = {_LINE_BYTES}, columns = {{{types}}})"
        )
    else:
        source = f"read_parquet({files})"
    values = _WRITING.values(names, empty_is_null=each.is_csv)
    return (
        f"INSERT INTO {_WRITING.table(load.table)} ({_WRITING.columns(load)})\n"
        f"SELECT {values}, {_WRITING.own_values(window, each)}\nFROM {source};"
    )


DUCKDB = Warehouse(
    name="duckdb",
    formats=frozenset({"csv", "csv.gz", "csv.zst", "parquet"}),
    places=(),
    elsewhere="",
    write=_write,
)
