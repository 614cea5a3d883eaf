"""Writes how Athena reads results where they lie: an external table, whose partitions are lists of exactly these files.

A table of Athena is a folder, and there manifests lie beside results. So each partition, a window and an account, is a
folder with one list of files in it (`SymlinkTextInputFormat`). A list is written anew under the same name where a
window ran again: then the partition shows what is listed now, and nothing is deleted or inserted.
"""

import hashlib
from collections.abc import Iterator

from forebay.landing.errors import NotLoadable
from forebay.landing.loading.artefact import Artefact, Warehouse
from forebay.landing.loading.sql_writing import SqlWriting
from forebay.landing.loading.table_load import Slice, TableLoad, WindowLoad

_WRITING = SqlWriting(
    dialect="hive", types={"text": "STRING", "integer": "INT", "double": "DOUBLE"}, moment="'{:%Y-%m-%dT%H:%M:%SZ}'"
)
_PARTITIONS = ("_window_start", "_account", "_batch")
_CSV = (
    "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'\n"
    "WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '\"', 'escapeChar' = '\"')"
)
_PARQUET = "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'"
_INPUT = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"


def _write(load: TableLoad, place: str) -> Iterator[Artefact]:
    kinds = {each.is_csv for window in load.windows for each in window.slices}
    if len(kinds) > 1:
        raise NotLoadable(f"an Athena table is CSV or Parquet, and {load.table} would be both: load its batches apart")
    table = _WRITING.table(load.table)
    yield Artefact(name=f"{load.table}.athena-table.sql", text=_table(load, place, is_csv=kinds == {True}))
    lines = []
    for window in load.windows:
        for each in window.slices:
            listed = _list(load, window, each)
            yield listed
            partition = _partition(window, each)
            folder = f"{place}{listed.name.rpartition('/')[0]}/"
            lines += [
                f"ALTER TABLE {table} DROP IF EXISTS PARTITION ({partition});",
                f"ALTER TABLE {table} ADD IF NOT EXISTS PARTITION ({partition}) LOCATION {_WRITING.text(folder)};",
            ]
    yield Artefact(name=f"{load.table}.athena-partitions.sql", text="\n".join(lines) + "\n")


def _table(load: TableLoad, place: str, *, is_csv: bool) -> str:
    partitions = ", ".join(f"{_WRITING.name(name)} STRING" for name in _PARTITIONS)
    header = "\nTBLPROPERTIES ('skip.header.line.count' = '1')" if is_csv else ""
    where = _WRITING.text(f"{place}athena/{load.table}/")
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {_WRITING.table(load.table)} (\n"
        f"{_WRITING.definitions(load, own=False)}\n)\nPARTITIONED BY ({partitions})\n{_CSV if is_csv else _PARQUET}\n"
        f"STORED AS INPUTFORMAT '{_INPUT}'\nOUTPUTFORMAT '{_OUTPUT}'\nLOCATION {where}{header};\n"
    )


def _partition(window: WindowLoad, each: Slice) -> str:
    # A batch that repeats a window takes its place; without a window a batch is replaced by itself alone.
    start = _WRITING.at(window.window.start) if window.window else "'none'"
    batch = "'window'" if window.window else _WRITING.text(window.batch)
    values = (start, _WRITING.text(each.account or "none"), batch)
    return ", ".join(f"{_WRITING.name(name)} = {value}" for name, value in zip(_PARTITIONS, values, strict=True))


def _list(load: TableLoad, window: WindowLoad, each: Slice) -> Artefact:
    mark = hashlib.sha256(_partition(window, each).encode()).hexdigest()[:16]
    text = "".join(f"{file.url}\n" for file in each.files)
    return Artefact(name=f"athena/{load.table}/{mark}/files.txt", text=text)


ATHENA = Warehouse(
    name="athena",
    formats=frozenset({"csv", "csv.gz", "csv.zst", "parquet"}),
    places=("s3://",),
    elsewhere="copy the tree to S3 and name where with --at s3://…",
    write=_write,
    needs_place=True,
)
