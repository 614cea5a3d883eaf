"""Writes and reads the manifest of a result: what makes the result exist, written last and beside the object.

A step of the worker writes it after `landing.land` returned; everything that asks "is it there?" reads it. It holds
what an auditor, a loader or a rebuild needs, and neither SQL text nor rows.
"""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from forebay.landing.errors import BadManifest
from forebay.landing.land import Landed
from forebay.store.errors import NotFound
from forebay.store.interface import Store

SUFFIX = ".manifest.json"


class _Section(BaseModel):
    # Unknown fields are ignored: a newer Forebay may have added some. What an older one would misread raises
    # `format`, and then reading fails instead of guessing.
    model_config = ConfigDict(frozen=True, extra="ignore")


class ObjectPart(_Section):
    """The object as it is stored."""

    key: str
    url: str
    format: str
    bytes: int
    sha256: str


class CsvPart(_Section):
    """The CSV in it; equal to the object unless that is a zip."""

    bytes: int
    sha256: str
    records: int | None
    columns: tuple[str, ...]


class WindowPart(_Section):
    """Which part of its window this is, of a run that landed in parts.

    Each part is a QueryRun of its own, and has seen the data as it was between its `submitted_at` and its `ended_at`.
    """

    number: int
    """From 1, in the order of time."""
    of: int
    start: AwareDatetime
    end: AwareDatetime
    batch: str
    """The batch of the parts: this one's item in it is `number - 1`."""


class Manifest(_Section):
    """One run's result."""

    format: Literal[1] = 1
    batch: str
    lane: str
    run: str
    name: str
    account: str | None
    attempt: int
    query_run: str
    sql_sha256: str
    object: ObjectPart
    csv: CsvPart
    compress: bool
    delivered_bytes: int | None = None
    """The size of the file that Stripe delivered, at most MAX_RESULT_BYTES; stored it may be larger, or smaller."""
    submitted_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    landed_at: AwareDatetime
    livemode: bool | None
    api_version: str
    request_ids: tuple[str, ...]
    part: WindowPart | None = None


def object_part(store: Store, landed: Landed) -> ObjectPart:
    """Describes a landed object for its manifest."""
    return ObjectPart(
        key=landed.key,
        url=store.url_of(landed.key),
        format=landed.format,
        bytes=landed.bytes,
        sha256=landed.sha256,
    )


def csv_part(landed: Landed) -> CsvPart:
    """Describes the CSV in it for its manifest."""
    return CsvPart(bytes=landed.csv_bytes, sha256=landed.csv_sha256, records=landed.records, columns=landed.columns)


def write_manifest(store: Store, stem: str, manifest: Manifest) -> str:
    """Publishes it, and gives its key back. Raises StoreError."""
    key = stem + SUFFIX
    store.put(key, manifest.model_dump_json(indent=1).encode() + b"\n")
    return key


def read_manifest(store: Store, stem: str) -> Manifest | None:
    """Reads it; None if the result does not exist. Raises BadManifest, StoreError."""
    try:
        data = store.get(stem + SUFFIX)
    except NotFound:
        return None
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as exc:
        raise BadManifest(f"{stem + SUFFIX}: {exc.error_count()} fields cannot be read: {_fields(exc)}") from exc


def _fields(exc: ValidationError) -> str:
    return ", ".join(".".join(map(str, error["loc"])) or "all" for error in exc.errors())
