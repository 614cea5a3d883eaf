"""Writes how BigQuery loads results: load jobs with ids of our own, then one transaction a window.

A job fills a table that is there for it alone. Its id is made of what it loads: a repeat is the same job, which
BigQuery does not run again, and finds that table as the first left it. What counts is the transaction after it.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from forebay.landing.loading.artefact import Artefact, Warehouse
from forebay.landing.loading.sql_writing import SqlWriting
from forebay.landing.loading.table_load import Slice, TableLoad

_WRITING = SqlWriting(
    dialect="bigquery",
    types={
        "text": "STRING",
        "boolean": "BOOL",
        "integer": "INT64",
        "bigint": "INT64",
        "double": "FLOAT64",
        "decimal": "BIGNUMERIC",
    },
    moment="TIMESTAMP '{:%Y-%m-%d %H:%M:%S}+00'",
)


def _write(load: TableLoad, _place: str) -> Iterator[Artefact]:
    table = _WRITING.table(load.table)
    lines = [f"CREATE TABLE IF NOT EXISTS {table} (\n{_WRITING.definitions(load)}\n);"]
    names = [_WRITING.name(column.name) for column in load.columns]
    for window in load.windows:
        lines += ["BEGIN TRANSACTION;", f"DELETE FROM {table} WHERE {_WRITING.is_window(window)};"]
        for each in window.slices:
            mark = _mark(each)
            yield _job(load, each, mark)
            lines.append(
                f"INSERT INTO {table} ({_WRITING.columns(load)})\n"
                f"SELECT {_WRITING.values(names, empty_is_null=each.is_csv)}, "
                f"{_WRITING.own_values(window, each)}\n"
                f"FROM {_WRITING.table(load.table, f'__load_{mark}')};"
            )
        lines.append("COMMIT TRANSACTION;")
    yield Artefact(name=f"{load.table}.bigquery.sql", text="\n".join(lines) + "\n")


def _mark(each: Slice) -> str:
    told = "\n".join(f"{file.url} {file.sha256}" for file in each.files)
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def _job(load: TableLoad, each: Slice, mark: str) -> Artefact:
    *dataset, table = load.table.split(".")
    place = dict(zip(("datasetId", "projectId"), reversed(dataset), strict=False))
    configuration: dict[str, Any] = {
        "sourceUris": [file.url for file in each.files],
        "destinationTable": {**place, "tableId": f"{table}__load_{mark}"},
        "createDisposition": "CREATE_IF_NEEDED",
        "writeDisposition": "WRITE_TRUNCATE",
        "schema": {"fields": [{"name": column.name, "type": _field(column.type)} for column in load.columns]},
    }
    if each.is_csv:
        configuration |= {
            "sourceFormat": "CSV",
            "skipLeadingRows": 1,
            "allowQuotedNewlines": True,
            "encoding": "UTF-8",
        }
    else:
        configuration |= {"sourceFormat": "PARQUET"}
    job = {"jobReference": {"jobId": f"forebay_{mark}"}, "configuration": {"load": configuration}}
    return Artefact(name=f"bigquery/forebay_{mark}.json", text=json.dumps(job, indent=1) + "\n")


def _field(kind: str) -> str:
    return _WRITING.type(kind).partition("(")[0]


BIGQUERY = Warehouse(
    name="bigquery",
    # zstd it reads of other things than CSV.
    formats=frozenset({"csv", "csv.gz", "parquet"}),
    places=("gs://",),
    elsewhere="copy the tree to Cloud Storage and name where with --at gs://…",
    write=_write,
    needs_place=True,
)
