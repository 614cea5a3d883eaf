"""Makes landed trees, as landing leaves them behind, and verifies them."""

import gzip
import hashlib
import io
from csv import reader as read_csv
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from forebay.landing.compressing import zstandard
from forebay.landing.content import Content
from forebay.landing.manifest import CsvPart, Manifest, ObjectPart, write_manifest
from forebay.landing.verifying.discrepancies import Checked, Discrepancy, Discrepant
from forebay.landing.verifying.stored_result import TreeReading
from forebay.landing.verifying.verifier import Verifier
from forebay.store.interface import Store
from tests.landing.conftest import zipped

CSV = b'id,"a ""quoted"", name"\n1,"two\nlines"\n2,\n'
FORMATS = ("csv", "csv.zip", "csv.gz", "csv.zst", "parquet")
LANDED_AT = datetime(2026, 11, 22, 13, tzinfo=UTC)


def stored_as(csv: bytes, container: str) -> bytes:
    if container == "parquet":
        columns = list(zip(*read_csv(io.StringIO(csv.decode(), newline="")), strict=True))
        table = pa.table({name: pa.array(list(values), pa.string()) for name, *values in columns})
        sink = io.BytesIO()
        parquet.write_table(table, sink, write_page_checksum=True)
        return sink.getvalue()
    if container == "csv.zst":
        pieces: list[bytes] = []
        for _ in zstandard(iter([csv]), pieces.append):
            pass
        return b"".join(pieces)
    return {"csv": lambda: csv, "csv.zip": lambda: zipped(csv), "csv.gz": lambda: gzip.compress(csv, mtime=0)}[
        container
    ]()


def manifest_of(stem: str, csv: bytes, data: bytes, container: str, **more: Any) -> Manifest:
    content = Content()
    content.feed(csv)
    return Manifest(
        **{
            "batch": stem.partition("/")[0],
            "lane": "acme:test",
            "run": "b/0",
            "name": stem.rpartition("/")[2],
            "account": None,
            "attempt": 0,
            "query_run": "qryrun_1",
            "sql_sha256": "cc",
            "object": ObjectPart(
                key=f"{stem}.{container}",
                url=f"file:///elsewhere/{stem}.{container}",
                format=container,
                bytes=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
            ),
            "csv": CsvPart(
                bytes=content.bytes, sha256=content.sha256, records=content.records, columns=content.columns
            ),
            "compress": True,
            "submitted_at": None,
            "ended_at": None,
            "landed_at": LANDED_AT,
            "livemode": False,
            "api_version": "v",
            "request_ids": (),
            **more,
        }
    )


def land(store: Store, stem: str, container: str = "csv", csv: bytes = CSV, **more: Any) -> Manifest:
    """Lands a result at its place."""
    data = stored_as(csv, container)
    store.put(f"{stem}.{container}", data)
    manifest = manifest_of(stem, csv, data, container, **more)
    write_manifest(store, stem, manifest)
    return manifest


def verified(store: Store, *prefixes: str, parallel: int = 4) -> tuple[list[Checked], list[Discrepancy]]:
    """Gives what came of each manifest, and everything that was found."""
    outcomes = list(Verifier(TreeReading(store=store), parallel=parallel).verify(prefixes or ("",)))
    checked = [outcome for outcome in outcomes if isinstance(outcome, Checked)]
    found = [finding for each in checked for finding in each.findings]
    return checked, found + [outcome for outcome in outcomes if isinstance(outcome, Discrepancy)]


def found(store: Store, *prefixes: str) -> list[tuple[Discrepant, str]]:
    """Discrepant and key of everything that was found, in the order of the keys."""
    return sorted(((each.kind, each.key) for each in verified(store, *prefixes)[1]), key=lambda pair: pair[1])
