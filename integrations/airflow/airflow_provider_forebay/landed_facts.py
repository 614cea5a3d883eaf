"""Says of a batch that landed what an event of an asset carries: rows, sha256, window, and where to look."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from airflow.sdk import Asset, Context

from forebay_client import BatchStatus, LandedResult


def landed_facts(status: BatchStatus, page: str, results: Iterable[LandedResult]) -> dict[str, Any]:
    """Sums them up. `sha256` is that of the object, or of the list of those of all objects, in their order.

    The same bytes have the same one, so whoever reads the event may tell whether a window that landed anew did change.
    """
    digests, window = [], None
    for each in results:
        digests.append(each.sha256)
        window = window or each.manifest.get("window")
    whole = digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return {
        "batch": status.id,
        "page": page,
        "rows": status.records,
        "bytes": status.bytes,
        "objects": len(digests),
        "sha256": whole,
        "window": window,
    }


def tell_outlets(outlets: Iterable[object], context: Context, facts: Mapping[str, Any]) -> None:
    """Has the event of each asset among a task's outlets carry these."""
    for outlet in outlets:
        if isinstance(outlet, Asset):
            context["outlet_events"][outlet].extra.update(facts)
