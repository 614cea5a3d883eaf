"""Writes how Redshift loads results: a COPY by a manifest of its own, which names exactly these files; none may lack.

COPY has no constants, so what is loaded goes by way of a temporary table. In it rows are deleted, never truncated: that
would end the transaction.
"""

import hashlib
import json
from collections.abc import Iterator

from forebay.landing.loading.artefact import Artefact, Warehouse
from forebay.landing.loading.sql_writing import SqlWriting
from forebay.landing.loading.table_load import Slice, TableLoad, WindowLoad

_WRITING = SqlWriting(dialect="redshift", types={"text": "VARCHAR(65535)"})
_STAGING = "__load"
_COMPRESSION = {"csv": "", "csv.gz": " GZIP", "csv.zst": " ZSTD"}


def _write(load: TableLoad, place: str) -> Iterator[Artefact]:
    table, staging = _WRITING.table(load.table), _WRITING.name(load.table.rpartition(".")[2] + _STAGING)
    lines = [
        f"CREATE TABLE IF NOT EXISTS {table} (\n{_WRITING.definitions(load)}\n);",
        f"CREATE TEMP TABLE {staging} (\n{_WRITING.definitions(load, own=False)}\n);",
    ]
    for window in load.windows:
        lines += ["BEGIN;", f"DELETE FROM {table} WHERE {_WRITING.is_window(window)};"]
        for each in window.slices:
            listed = _list(load, each)
            yield listed
            lines += _copied(load, window, each, staging, place + listed.name)
        lines.append("COMMIT;")
    lines.append(f"DROP TABLE {staging};")
    yield Artefact(name=f"{load.table}.redshift.sql", text="\n".join(lines) + "\n")


def _copied(load: TableLoad, window: WindowLoad, each: Slice, staging: str, listed: str) -> Iterator[str]:
    form = f"CSV IGNOREHEADER 1{_COMPRESSION[each.format]}" if each.is_csv else "PARQUET"
    yield f"DELETE FROM {staging};"
    yield (
        f"COPY {staging} ({_WRITING.columns(load, own=False)}) FROM {_WRITING.text(listed)}\n"
        f"IAM_ROLE DEFAULT MANIFEST FORMAT AS {form};"
    )
    names = [_WRITING.name(column.name) for column in load.columns]
    yield (
        f"INSERT INTO {_WRITING.table(load.table)} ({_WRITING.columns(load)})\n"
        f"SELECT {_WRITING.values(names, empty_is_null=each.is_csv)}, {_WRITING.own_values(window, each)}\n"
        f"FROM {staging};"
    )


def _list(load: TableLoad, each: Slice) -> Artefact:
    entries = [{"url": file.url, "mandatory": True, "meta": {"content_length": file.bytes}} for file in each.files]
    text = json.dumps({"entries": entries}, indent=1) + "\n"
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Artefact(name=f"redshift/{load.table}-{mark}.manifest", text=text)


REDSHIFT = Warehouse(
    name="redshift",
    formats=frozenset({"csv", "csv.gz", "csv.zst", "parquet"}),
    places=("s3://",),
    elsewhere="copy the tree to S3 and name where with --at s3://…",
    write=_write,
    needs_place=True,
)
