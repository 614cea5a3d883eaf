"""What the ledger's files say: value types, and how each becomes JSON and back.

Reading is tolerant: unknown fields are ignored, so a newer Forebay may add some. A change that an older one would
misread raises `FORMAT`, and then the older one refuses instead of guessing.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from forebay.config.result_format import ResultFormat
from forebay.config.standing import DEFAULT_STANDING, FlowClass, Standing
from forebay.store.errors import BadRecord
from forebay.store.failures import FailureClass
from forebay.store.policy import Closing, Policy, Stop

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One query of a batch, rendered once, byte for byte."""

    name: str
    sql: str
    account: str | None
    share: str | None = None
    """The run (`<batch>/<index>` of the same lane) whose idempotency key it uses: the two are one QueryRun."""
    ties: str | None = None
    """The name of the item that this one ties out; its result is compared, and not expected of anybody."""
    parts: int | None = None
    """Into how many parts it is cut before it runs: what its last windows came to would not fit into one query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSummary:
    """How many items of a batch are on one lane; they are numbered from 0."""

    lane: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTerms:
    """What is asked of a batch before it is accepted; its record keeps all of it."""

    id: str
    output: str
    """URL of the destination."""
    source: str
    """Where it came from, for people: a command, an extract's window."""
    result_format: str = ResultFormat.AUTO
    """In which format its results are stored: a name that a newer Forebay may know alone."""
    standing: Standing = DEFAULT_STANDING
    """How its flows are to be served from the start; what is changed later is only in Redis."""
    policy: Policy | None = None
    """What the spec asks of it; None for queries that were handed in by themselves, which nobody closes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(BatchTerms):
    """What `batch.json` says. The batch exists from the moment that this file does."""

    created_at: datetime
    connection: str
    flows: tuple[FlowSummary, ...]
    chunk_items: int
    """Items in each chunk but the last; kept here so that the setting may change between batches."""
    writing: str
    """Which write made it: the chunks of an interrupted one lie beside, under another mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRecord:
    """Why a run ended without a result."""

    attempt: int
    error_class: FailureClass
    code: str | None
    message: str
    query_run: str | None
    request_id: str | None
    at: datetime
    retried: bool = False
    """Somebody asked for another attempt since: this is history, no longer how the run ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """That people want no new windows of an extract."""

    at: datetime
    reason: str


def dump_batch(batch: Batch) -> bytes:
    record = asdict(replace(batch, policy=None))
    standing = record.pop("standing")
    policy = batch.policy and batch.policy.model_dump(mode="json", exclude_defaults=True)
    return _dump({**record, **standing, "created_at": batch.created_at.isoformat(), "policy": policy})


def load_batch(key: str, data: bytes) -> Batch:
    """Raises BadRecord."""
    record = load(key, data)
    try:
        return Batch(
            id=record["id"],
            created_at=aware(datetime.fromisoformat(record["created_at"])),
            connection=record["connection"],
            output=record["output"],
            flows=tuple(FlowSummary(lane=flow["lane"], size=int(flow["size"])) for flow in record["flows"]),
            source=record["source"],
            chunk_items=int(record["chunk_items"]),
            writing=record["writing"],
            result_format=record.get("result_format", ResultFormat.AUTO),
            standing=Standing(
                flow_class=FlowClass(record.get("flow_class", "scheduled")),
                weight=float(record.get("weight", 1.0)),
                ceiling=int(record.get("ceiling", 0)),
            ),
            policy=Policy.model_validate(record["policy"]) if record.get("policy") else None,
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise BadRecord(key, f"lacks something or has it in another form: {exc}") from exc


def dump_failure(failure: FailureRecord) -> bytes:
    return _dump({**asdict(failure), "at": aware(failure.at).isoformat()})


def load_failure(key: str, data: bytes) -> FailureRecord:
    """Raises BadRecord."""
    record = load(key, data)
    try:
        return FailureRecord(
            attempt=int(record["attempt"]),
            error_class=FailureClass(record["error_class"]),
            code=record.get("code"),
            message=record["message"],
            query_run=record.get("query_run"),
            request_id=record.get("request_id"),
            at=aware(datetime.fromisoformat(record["at"])),
            retried=bool(record.get("retried", False)),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise BadRecord(key, f"lacks something or has it in another form: {exc}") from exc


def dump_closing(closing: Closing) -> bytes:
    return _dump(closing.model_dump(mode="json"))


def load_closing(key: str, data: bytes) -> Closing:
    """Raises BadRecord."""
    try:
        return Closing.model_validate(load(key, data))
    except ValueError as exc:
        raise BadRecord(key, f"lacks something or has it in another form: {exc}") from exc


def dump_stop(stop: Stop) -> bytes:
    return _dump(stop.model_dump(mode="json"))


def load_stop(key: str, data: bytes) -> Stop:
    """Raises BadRecord."""
    try:
        return Stop.model_validate(load(key, data))
    except ValueError as exc:
        raise BadRecord(key, f"lacks something or has it in another form: {exc}") from exc


def dump_moment(at: datetime) -> bytes:
    return _dump({"at": aware(at).isoformat()})


def load_moment(key: str, data: bytes) -> datetime:
    """Raises BadRecord."""
    try:
        return aware(datetime.fromisoformat(load(key, data)["at"]))
    except (KeyError, TypeError, ValueError) as exc:
        raise BadRecord(key, f"has no readable time: {exc}") from exc


def dump_pause(pause: Pause) -> bytes:
    return _dump({"at": aware(pause.at).isoformat(), "reason": pause.reason})


def load_pause(key: str, data: bytes) -> Pause:
    """Raises BadRecord."""
    return Pause(at=load_moment(key, data), reason=str(load(key, data).get("reason", "")))


def dump_item(item: Item) -> bytes:
    """One line; the chunk's format is that of its batch."""
    said = {name: value for name, value in asdict(item).items() if value is not None}
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"


def load_item(key: str, line: bytes) -> Item:
    """Raises BadRecord."""
    try:
        record = json.loads(line)
        return Item(
            name=record["name"],
            sql=record["sql"],
            account=record.get("account"),
            share=record.get("share"),
            ties=record.get("ties"),
            parts=record.get("parts"),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise BadRecord(key, f"has an item that cannot be read: {exc}") from exc


def load(key: str, data: bytes) -> Mapping[str, Any]:
    """A JSON object of a format known here. Raises BadRecord."""
    try:
        record = json.loads(data)
        version = record["format"]
    except (KeyError, TypeError, ValueError) as exc:
        raise BadRecord(key, "is no JSON object with a format") from exc
    if version != FORMAT:
        raise BadRecord(key, f"has format {version!r}; this Forebay reads {FORMAT}")
    return record  # type: ignore[no-any-return]


def aware(moment: datetime) -> datetime:
    """The moment itself; without a zone it could be any of 24, so that is a ValueError."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment


def _dump(record: Mapping[str, Any]) -> bytes:
    return json.dumps({"format": FORMAT, **record}, indent=1).encode() + b"\n"
