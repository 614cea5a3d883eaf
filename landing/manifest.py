"""Writes and reads the manifest of a result: what makes the result exist, written last and beside the object.

A step of the worker writes it after `landing.land` returned; everything that asks "is it there?" reads it. It holds
what an auditor, a loader or a rebuild needs, and no rows. `landing/manifest_schema.py` publishes its JSON Schema.

What was added since format 1 began may be None: manifests from before it stay readable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from forebay.landing.errors import BadManifest
from forebay.landing.formats.stored_table import StoredTable
from forebay.store.errors import NotFound
from forebay.store.interface import Store
from forebay.store.ledger.batch_policy import Span

if TYPE_CHECKING:
    from forebay.landing.land import Landed  # whoever reads manifests lands nothing

SUFFIX = ".manifest.json"


class _Section(BaseModel):
    # Unknown fields are ignored: a newer Forebay may have added some. What an older one would misread raises
    # `format`, and then reading fails instead of guessing.
    model_config = ConfigDict(frozen=True, extra="ignore")


class ObjectPart(_Section):
    """The object as it is stored."""

    key: str
    """In its destination. Wherever the tree is copied to, it lies beside its manifest."""
    version: str | None = None
    """What stands before the suffix of its name where others may land at its place; None where nobody else does."""
    url: str
    """Where it was when this was written."""
    format: str
    """What it is stored in, as its name ends: `csv`, `csv.zip`, `csv.gz`, `csv.zst`, `parquet`."""
    bytes: int
    sha256: str
    """Of the object's bytes, in hex."""


class CsvPart(_Section):
    """The CSV in it, or that it was made of: equal to the object where that is plain CSV."""

    bytes: int
    sha256: str
    """Of the CSV's bytes, whichever format it is stored in."""
    records: int | None
    """Records, which are not lines; the header is none. None if the quotes of the CSV do not pair up."""
    columns: tuple[str, ...]
    """As the header names them, in its order."""


class ToldColumn(_Section):
    """A column as Stripe describes it."""

    name: str
    type: str
    """In Stripe's words, such as bigint, boolean, decimal, timestamp or varchar."""


class AttemptPart(_Section):
    """A QueryRun of the same run that failed before this one."""

    attempt: int
    query_run: str | None = None
    error_class: str
    code: str | None = None
    """Stripe's own word for it, where it gave one."""
    at: AwareDatetime
    """When that was seen."""


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


class ByAccountPart(_Section):
    """Whose rows these are of a result over the whole organization, which landed as an object for each account.

    `query_run`, `delivered_bytes` and the like are those of the one query; `object` and `csv` are this account's.
    """

    column: str
    """That said whose row a record is."""
    kept: bool
    """Whether this object has it."""
    of: int
    """How many objects it landed as: the result is there when all of them are."""
    csv: CsvPart
    """The organization's CSV, in which the records of all accounts stood."""
    problem: str | None = None
    """Why records of it name no account; those stand under no account, whole."""


class Manifest(_Section):
    """One run's result."""

    format: Literal[1] = 1
    """Raised when a field changes its meaning or goes; new ones may come at any time."""
    forebay: str | None = None
    """Which release landed it."""
    batch: str
    definition: str | None = None
    """The extract or batch of the spec; None for queries that were handed in by themselves."""
    spec_sha256: str | None = None
    """Of the spec by which the batch was accepted."""
    window: Span | None = None
    """Of an extract: the half-open stretch of time that the result is about, in UTC."""
    connection: str | None = None
    """The connection of the spec whose key asked."""
    lane: str
    run: str
    name: str
    account: str | None
    """Whom it asks; None is the connection's own account, or its organization."""
    attempt: int
    """From 0: how many QueryRuns of this run had failed before."""
    earlier_attempts: tuple[AttemptPart, ...] = ()
    """Those, as the ledger has them."""
    query_run: str
    idempotency_key: str | None = None
    """Of the create that made the QueryRun, where it was at hand: Stripe's own log finds the request by it."""
    refetched_from: str | None = None
    """The run (`<batch>/<index>`) that landed this QueryRun before, where its result was fetched once more."""
    started_elsewhere: bool = False
    """It was asked by another program, or in Stripe's Dashboard, and only fetched here."""
    sql: str | None = None
    """What was asked, as it was sent; None where that is not known, as of what was started elsewhere."""
    sql_sha256: str | None
    """Of that text's bytes in UTF-8."""
    object: ObjectPart
    csv: CsvPart
    table: StoredTable | None = None
    """Of a format with types: what the columns are stored as. None for CSV, which has none."""
    compress: bool
    delivered_bytes: int | None = None
    """The size of the file that Stripe delivered, at most MAX_RESULT_BYTES; stored it may be larger, or smaller."""
    delivered_sha256: str | None = None
    """Of that file's bytes, as they came."""
    accepted_at: AwareDatetime | None = None
    """When its batch was."""
    granted_at: AwareDatetime | None = None
    """When it got its slot."""
    submitted_at: AwareDatetime | None
    """When Stripe made the QueryRun, by Stripe's clock."""
    ended_at: AwareDatetime | None
    """When its end was seen."""
    fetched_at: AwareDatetime | None = None
    """When the transfer of the result began."""
    landed_at: AwareDatetime
    """When the object was whole and proven."""
    published_at: AwareDatetime | None = None
    """When it left quarantine; None where it landed at its place."""
    data_loaded_at: AwareDatetime | None = None
    """Up to where Sigma had data at least, of an extract that waited for them; its data may be newer."""
    refreshed_at: AwareDatetime | None = None
    """Up to when the data had come in that the query saw, as Stripe said with the result; None where it did not say."""
    told_columns: tuple[ToldColumn, ...] = ()
    """Name and type of each column of the result, as Stripe told them; none where it did not."""
    livemode: bool | None
    api_version: str
    request_ids: tuple[str, ...]
    """Of Stripe's answers that showed the result."""
    part: WindowPart | None = None
    replaces: tuple[str, ...] = ()
    """Keys of what was at its place before, and may be there still where somebody died: whoever lands here next removes
    it. No manifest names it any more."""
    by_account: ByAccountPart | None = None
    """Of a result that was sorted by account."""


def object_part(store: Store, landed: Landed, version: str | None = None) -> ObjectPart:
    """Describes a landed object for its manifest."""
    return ObjectPart(
        key=landed.key,
        version=version,
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
    store.put(key, manifest_bytes(manifest))
    return key


def manifest_bytes(manifest: Manifest) -> bytes:
    """Writes it as it is stored."""
    return manifest.model_dump_json(indent=1).encode() + b"\n"


def read_manifest(store: Store, stem: str) -> Manifest | None:
    """Reads it; None if the result does not exist. Raises BadManifest, StoreError."""
    try:
        data = store.get(stem + SUFFIX)
    except NotFound:
        return None
    return parse_manifest(stem + SUFFIX, data)


def parse_manifest(key: str, data: bytes) -> Manifest:
    """Reads one from the bytes that are stored under this key. Raises BadManifest."""
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as exc:
        raise BadManifest(key, fields_of(exc)) from exc


def fields_of(exc: ValidationError) -> str:
    """Names what of a manifest is not as it should be."""
    return ", ".join(".".join(map(str, error["loc"])) or "all" for error in exc.errors())
