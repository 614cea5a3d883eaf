"""Writes how Snowflake loads results: `COPY INTO … FILES = (…)` from a stage, in one transaction a window.

A COPY remembers for 64 days which files it has loaded, and skips them. Of a window whose rows were just deleted it has
to load them again, so it says FORCE.
"""

from collections.abc import Iterator, Sequence

from forebay.landing.loading.artefact import Artefact, Warehouse
from forebay.landing.loading.sql_writing import SqlWriting
from forebay.landing.loading.table_load import LoadFile, Slice, TableLoad, WindowLoad

_WRITING = SqlWriting(
    dialect="snowflake", types={"timestamp": "TIMESTAMP_NTZ", "double": "DOUBLE", "decimal": "NUMBER"}
)
#: So many files a COPY may name.
MOST_FILES = 1_000
_COMPRESSION = {"csv": "NONE", "csv.gz": "GZIP", "csv.zst": "ZSTD"}


def _write(load: TableLoad, _place: str) -> Iterator[Artefact]:
    table = _WRITING.table(load.table)
    # DDL ends a transaction, so it stands before all of them.
    lines = [f"CREATE TABLE IF NOT EXISTS {table} (\n{_WRITING.definitions(load)}\n);"]
    for window in load.windows:
        lines += ["BEGIN;", f"DELETE FROM {table} WHERE {_WRITING.is_window(window)};"]
        for each in window.slices:
            lines += [_copy(load, window, each, files) for files in each.lots(MOST_FILES)]
        lines.append("COMMIT;")
    yield Artefact(name=f"{load.table}.snowflake.sql", text="\n".join(lines) + "\n")


def _copy(load: TableLoad, window: WindowLoad, each: Slice, files: Sequence[LoadFile]) -> str:
    if each.is_csv:
        fields = [f"${number}" for number in range(1, len(load.columns) + 1)]
        # ERROR_ON_COLUMN_COUNT_MISMATCH has no effect where a query reads the fields; TRUNCATECOLUMNS is off by itself.
        form = (
            "TYPE = CSV SKIP_HEADER = 1 FIELD_OPTIONALLY_ENCLOSED_BY = '\"' NULL_IF = () "
            f"EMPTY_FIELD_AS_NULL = TRUE COMPRESSION = {_COMPRESSION[each.format]}"
        )
    else:
        fields = [f"$1:{_WRITING.name(column.name)}::{_WRITING.type(column.type)}" for column in load.columns]
        form = "TYPE = PARQUET"
    stage = files[0].url.removesuffix(files[0].key)
    return (
        f"COPY INTO {_WRITING.table(load.table)} ({_WRITING.columns(load)})\n"
        f"FROM (SELECT {_WRITING.values(fields, empty_is_null=each.is_csv)}, "
        f"{_WRITING.own_values(window, each)} FROM {stage})\n"
        f"FILES = ({_WRITING.texts(file.key for file in files)})\n"
        f"FILE_FORMAT = ({form})\nON_ERROR = ABORT_STATEMENT FORCE = TRUE;"
    )


SNOWFLAKE = Warehouse(
    name="snowflake",
    formats=frozenset({"csv", "csv.gz", "csv.zst", "parquet"}),
    places=("@",),
    elsewhere="name a stage over {place} with --at @STAGE",
    write=_write,
)
