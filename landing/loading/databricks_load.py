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


def _write(load: TableLoad, _place: str) -> Iterator[Artefact]:
    table, staging = _WRITING.table(load.table), _WRITING.table(load.table, _STAGING)
    lines = [f"CREATE TABLE IF NOT EXISTS {table} (\n{_WRITING.definitions(load)}\n);"]
    for window in load.windows:
        lines.append(f"CREATE OR REPLACE TABLE {staging} AS SELECT * FROM {table} WHERE FALSE;")
        for each in window.slices:
            starts = range(0, len(each.files), MOST_FILES)
            lines += [_copy(load, window, each, each.files[start : start + MOST_FILES]) for start in starts]
        columns = _WRITING.columns(load)
        lines.append(
            f"INSERT INTO {table} REPLACE WHERE {_WRITING.is_window(window)}\nSELECT {columns} FROM {staging};"
        )
    lines.append(f"DROP TABLE IF EXISTS {staging};")
    yield Artefact(name=f"{load.table}.databricks.sql", text="\n".join(lines) + "\n")


def _copy(load: TableLoad, window: WindowLoad, each: Slice, files: Sequence[LoadFile]) -> str:
    names = [_WRITING.name(column.name) for column in load.columns]
    values = [f"NULLIF({name}, '') AS {name}" if each.is_csv else name for name in names]
    span = window.window
    own = [
        _WRITING.at(span.start if span else None),
        _WRITING.at(span.end if span else None),
        _WRITING.text(each.account),
        _WRITING.text(window.batch),
    ]
    values += [f"{value} AS {_WRITING.name(name)}" for value, name in zip(own, OWN_COLUMNS, strict=True)]
    if each.is_csv:
        form = (
            "FILEFORMAT = CSV\nFILES = ({files})\nFORMAT_OPTIONS ('header' = 'true', 'multiLine' = 'true', "
            "'quote' = '\"', 'escape' = '\"', 'inferSchema' = 'false', 'enforceSchema' = 'false')"
        )
    else:
        form = "FILEFORMAT = PARQUET\nFILES = ({files})"
    place = files[0].url.removesuffix(files[0].key)
    listed = _WRITING.texts(file.key for file in files)
    return (
        f"COPY INTO {_WRITING.table(load.table, _STAGING)}\n"
        f"FROM (SELECT {', '.join(values)} FROM {_WRITING.text(place)})\n"
        + form.replace("{files}", listed)
        + "\nCOPY_OPTIONS ('force' = 'true');"
    )


DATABRICKS = Warehouse(
    name="databricks",
    formats=frozenset({"csv", "csv.gz", "parquet"}),
    places=("s3://", "gs://", "abfss://", "/Volumes/"),
    elsewhere="copy the tree to where it reads and name that with --at s3://…, --at /Volumes/… or the like",
    write=_write,
)
