"""Writes how Databricks loads results: `COPY INTO … FILES = (…)` into a table of its own, then one statement a window.

Delta has no transaction over several statements; `INSERT … REPLACE WHERE` is one, and replaces a window whole. A COPY
remembers which files it has loaded, and skips them, so it says force.
"""

from collections.abc import Iterator, Sequence

from forebay.landing.loading.artefact import Artefact, Warehouse
from forebay.landing.loading.sql_writing import SqlWriting
from forebay.landing.loading.table_load import OWN_COLUMNS, LoadFile, Slice, TableLoad, WindowLoad

_WRITING = SqlWriting(
    dialect="databricks",
    types={"text": "STRING", "integer": "INT", "double": "DOUBLE"},
    # With its zone: a session's own may be another one.
    moment="TIMESTAMP '{:%Y-%m-%dT%H:%M:%S}Z'",
)
#: So many files a COPY may name.
MOST_FILES = 1_000
_STAGING = "__load"
_CSV = (
    "FORMAT_OPTIONS ('header' = 'true', 'multiLine' = 'true', "
    "'quote' = '\"', 'escape' = '\"', 'inferSchema' = 'false', 'enforceSchema' = 'false')\n"
)


def _write(load: TableLoad, _place: str) -> Iterator[Artefact]:
    table, staging = _WRITING.table(load.table), _WRITING.table(load.table, _STAGING)
    lines = [f"CREATE TABLE IF NOT EXISTS {table} (\n{_WRITING.definitions(load)}\n);"]
    for window in load.windows:
        lines.append(f"CREATE OR REPLACE TABLE {staging} AS SELECT * FROM {table} WHERE FALSE;")
        for each in window.slices:
            lines += [_copy(load, window, each, files) for files in each.lots(MOST_FILES)]
        columns = _WRITING.columns(load)
        lines.append(
            f"INSERT INTO {table} REPLACE WHERE {_WRITING.is_window(window)}\nSELECT {columns} FROM {staging};"
        )
    lines.append(f"DROP TABLE IF EXISTS {staging};")
    yield Artefact(name=f"{load.table}.databricks.sql", text="\n".join(lines) + "\n")


def _copy(load: TableLoad, window: WindowLoad, each: Slice, files: Sequence[LoadFile]) -> str:
    names = [_WRITING.name(column.name) for column in load.columns]
    values = [f"NULLIF({name}, '') AS {name}" if each.is_csv else name for name in names]
    own = zip(_WRITING.own(window, each), OWN_COLUMNS, strict=True)
    values += [f"{value} AS {_WRITING.name(name)}" for value, name in own]
    kind, options = ("CSV", _CSV) if each.is_csv else ("PARQUET", "")
    place = files[0].url.removesuffix(files[0].key)
    return (
        f"COPY INTO {_WRITING.table(load.table, _STAGING)}\n"
        f"FROM (SELECT {', '.join(values)} FROM {_WRITING.text(place)})\n"
        f"FILEFORMAT = {kind}\nFILES = ({_WRITING.texts(file.key for file in files)})\n{options}"
        "COPY_OPTIONS ('force' = 'true');"
    )


DATABRICKS = Warehouse(
    name="databricks",
    formats=frozenset({"csv", "csv.gz", "parquet"}),
    places=("s3://", "gs://", "abfss://", "/Volumes/"),
    elsewhere="copy the tree to where it reads and name that with --at s3://…, --at /Volumes/… or the like",
    write=_write,
)
