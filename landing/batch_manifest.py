"""Writes and reads the manifest of a batch: `_batch.json`, the last word on it, beside its results.

The closing writes it, at the batch's place and in quarantine for what stays there. It says how the batch ended, and
names each result that is there, so that who verifies or loads them misses none. Queries that were handed in by
themselves are closed by nobody, and have none.
"""

from collections.abc import Iterable
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from forebay.config.release_number import __version__
from forebay.landing.errors import BadManifest
from forebay.landing.manifest import SUFFIX, Manifest, fields_of
from forebay.landing.result_paths import folder_of, quarantine_of
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
    batch: str | None = None
    """Which landed it, where that is another one, at a place that batches share; None where it is this one."""
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
    folder: str | None = None
    """What the keys below begin with: where this manifest lies; None in one from before it was said."""
    results: tuple[ResultPart, ...] | None = None
    """What lies here, in the order of the keys; None in a manifest from before they were named."""


def write_batch_manifest(
    store: Store, batch: Batch, closing: Closing, results: Iterable[tuple[str, Manifest]], *, published: bool
) -> None:
    """Says beside the results how the batch ended: at its place, or in quarantine for what stays there.

    `results`: the stem of each manifest that is there, and what it says.
    """
    policy = batch.policy
    named = sorted((_result(batch, stem, manifest) for stem, manifest in results), key=lambda each: each.key.encode())
    folder = folder_of(batch) if published else quarantine_of(batch.id)
    manifest = BatchManifest(
        forebay=__version__,
        batch=batch.id,
        definition=policy.definition if policy else None,
        window=policy.window if policy else None,
        spec_sha256=policy.spec_sha256 if policy else None,
        connection=batch.connection,
        folder=folder,
        results=tuple(named),
        **dict(closing),
    )
    store.put(folder + BATCH_MANIFEST, batch_manifest_bytes(manifest))


def batch_manifest_bytes(manifest: BatchManifest) -> bytes:
    """Writes it as it is stored."""
    return manifest.model_dump_json(indent=1, exclude={"reopened"}).encode() + b"\n"


def parse_batch_manifest(key: str, data: bytes) -> BatchManifest:
    """Reads one from the bytes that are stored under this key. Raises BadManifest."""
    try:
        return BatchManifest.model_validate_json(data)
    except ValidationError as exc:
        raise BadManifest(key, fields_of(exc)) from exc


def _result(batch: Batch, stem: str, manifest: Manifest) -> ResultPart:
    return ResultPart(
        name=manifest.name,
        account=manifest.account,
        batch=None if manifest.batch == batch.id else manifest.batch,
        part=manifest.part.number if manifest.part else None,
        key=manifest.object.key,
        manifest=stem + SUFFIX,
        bytes=manifest.object.bytes,
        sha256=manifest.object.sha256,
        records=manifest.csv.records,
        landed_at=manifest.landed_at,
    )
