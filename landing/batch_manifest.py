"""Writes and reads the manifest of a batch: `_batch.json`, the last word on it, beside its results.

The closing writes it, at the batch's place and in quarantine for what stays there. It says how the batch ended, and
names each result that is there, so that who verifies or loads them misses none. Queries that were handed in by
themselves are closed by nobody, and have none.
"""

from collections.abc import Iterable
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

import forebay
from forebay.landing.errors import BadManifest
from forebay.landing.manifest import SUFFIX, Manifest, fields_of
from forebay.landing.result_paths import batch_folder, quarantined
from forebay.store.interface import Store
from forebay.store.ledger.batch_policy import Span
from forebay.store.ledger.outcomes import Closing
from forebay.store.ledger.records import Batch

BATCH_MANIFEST = "_batch.json"


class ResultPart(BaseModel):
    """One result of the batch, which has a manifest of its own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    account: str | None
    part: int | None = None
    """Which part of its window, from 1, of a run that landed in parts."""
    key: str
    """Of the object, in the destination."""
    manifest: str
    """The key of its manifest."""
    bytes: int
    sha256: str
    records: int | None
    landed_at: AwareDatetime
    """Its manifest's: a result that landed again since is another one."""


class BatchManifest(Closing):
    """How a batch ended, and what is there of it."""

    format: Literal[1] = 1
    """Raised when a field changes its meaning or goes; new ones may come at any time."""
    forebay: str | None = None
    """Which release closed it."""
    batch: str
    definition: str | None = None
    """The extract or batch of the spec."""
    window: Span | None = None
    """Of an extract: the half-open stretch of time, in UTC."""
    spec_sha256: str | None = None
    """Of the spec by which it was accepted."""
    connection: str | None = None
    results: tuple[ResultPart, ...] | None = None
    """What lies here of it, in the order of the keys; None in a manifest from before they were named."""


def write_batch_manifest(
    store: Store, batch: Batch, closing: Closing, results: Iterable[Manifest], *, published: bool
) -> None:
    """Says beside the results how the batch ended: at its place, or in quarantine for what stays there."""
    policy = batch.policy
    named = sorted((_result(manifest, published=published) for manifest in results), key=lambda each: each.key.encode())
    manifest = BatchManifest(
        forebay=forebay.__version__,
        batch=batch.id,
        definition=policy.definition if policy else None,
        window=policy.window if policy else None,
        spec_sha256=policy.spec_sha256 if policy else None,
        connection=batch.connection,
        results=tuple(named),
        **dict(closing),
    )
    key = batch_manifest_key(batch.id)
    store.put(key if published else quarantined(key), batch_manifest_bytes(manifest))


def batch_manifest_bytes(manifest: BatchManifest) -> bytes:
    """Writes it as it is stored."""
    return manifest.model_dump_json(indent=1, exclude={"reopened"}).encode() + b"\n"


def parse_batch_manifest(key: str, data: bytes) -> BatchManifest:
    """Reads one from the bytes that are stored under this key. Raises BadManifest."""
    try:
        return BatchManifest.model_validate_json(data)
    except ValidationError as exc:
        raise BadManifest(key, fields_of(exc)) from exc


def batch_manifest_key(batch_id: str) -> str:
    """Says where it is, once something of the batch is published."""
    return batch_folder(batch_id) + BATCH_MANIFEST


def _result(manifest: Manifest, *, published: bool) -> ResultPart:
    key = manifest.object.key.removeprefix(quarantined("") if published else "")
    return ResultPart(
        name=manifest.name,
        account=manifest.account,
        part=manifest.part.number if manifest.part else None,
        key=key,
        manifest=key.removesuffix(f".{manifest.object.format}") + SUFFIX,
        bytes=manifest.object.bytes,
        sha256=manifest.object.sha256,
        records=manifest.csv.records,
        landed_at=manifest.landed_at,
    )
