"""Says of a window that landed what Dagster shows of a materialization: rows, bytes, sha256, where it lies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import dagster as dg

from dagster_forebay.forebay_resource import ForebayResource
from dagster_forebay.window_landing import EndedWindow
from forebay_client import LandedResult

BATCH, SHA256 = "forebay/batch", "forebay/sha256"
#: What Dagster itself keeps a data version of a materialization under, which it has no public name for.
DATA_VERSION_TAG = "dagster/data_version"


def metadata_of(window: EndedWindow, forebay: ForebayResource) -> Mapping[str, dg.MetadataValue]:
    """Gives it. Rows and bytes are those of all results of the window together."""
    status, results = window.status, window.results
    rows = "dagster/row_count" if window.partition is None else "dagster/partition_row_count"
    metadata: dict[str, dg.MetadataValue] = {
        rows: dg.MetadataValue.int(status.records),
        "dagster/uri": dg.MetadataValue.text(destination_of(window)),
        "forebay/window_start": dg.MetadataValue.text(window.start.isoformat()),
        "forebay/window_end": dg.MetadataValue.text(window.end.isoformat()),
        "forebay/bytes": dg.MetadataValue.int(sum(result.bytes for result in results)),
        SHA256: dg.MetadataValue.text(sha256_of(results)),
        "forebay/results": dg.MetadataValue.int(len(results)),
        BATCH: dg.MetadataValue.text(status.id),
        "forebay/page": dg.MetadataValue.url(forebay.batch_page(status.id)),
    }
    if results and all(result.columns == results[0].columns for result in results):
        metadata["forebay/columns"] = dg.MetadataValue.json(list(results[0].columns))
    return metadata


def destination_of(window: EndedWindow) -> str:
    """Gives the object of a window that has one, else the folder below which all of them lie."""
    if len(window.results) == 1:
        return window.results[0].url
    places = window.status.places
    return places[0] if len(places) == 1 else window.status.output


def sha256_of(results: Iterable[LandedResult]) -> str:
    """Gives the sha256 of one result; of several that of a list of theirs, by account and name."""
    found = sorted((result.account or "", result.name, result.sha256) for result in results)
    if len(found) == 1:
        return found[0][2]
    return hashlib.sha256(
        "".join(f"{sha256} {account}/{name}\n" for account, name, sha256 in found).encode()
    ).hexdigest()
