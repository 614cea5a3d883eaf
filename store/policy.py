"""What a batch of the spec has to fulfil, and how it ended: the parts of the ledger that its closing reads and writes.

The policy is written with the batch (`batch.json`), so that who closes it needs no spec, and a spec that changed since
changes nothing. It holds references to secrets, never one. Unknown fields are ignored, as everywhere in the ledger.
"""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from forebay.store.failures import FailureClass

Outcome = Literal["landed", "partial", "failed", "checks_failed", "stopped", "canceled"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Span(_Part):
    """A half-open window in UTC."""

    start: AwareDatetime
    end: AwareDatetime


class Checks(_Part):
    """As in the spec; `tie_out` says that each item has a second one that ties it out (`Item.ties`)."""

    columns: tuple[str, ...] | Literal["contract"] | None = None
    rows_min: int | None = None
    rows_max: int | None = None
    rows_max_change: float | None = None
    tie_out: bool = False


class Notify(_Part):
    webhook: str | None = None
    """A secret reference."""
    command: tuple[str, ...] | None = None
    on: tuple[str, ...] = ("failed", "late")


class Splitting(_Part):
    """All that it takes to render an item again for a part of its window."""

    on: str
    min: str
    max_parts: int
    timezone: str
    start: AwareDatetime
    end: AwareDatetime
    """What the query was told: `start` with the lookback in it."""
    texts: dict[str, str]
    """Item name → template."""
    values: dict[str, dict[str, str | int | float | bool | list[str | int | float | bool]]]
    """Item name → its params."""

    @property
    def window(self) -> Span:
        """The window that is cut: what the query was told, with the lookback in it."""
        return Span(start=self.start, end=self.end)


class Policy(_Part):
    """What the spec asks of one batch."""

    definition: str
    """Name of the extract or batch in the spec."""
    kind: Literal["extract", "batch"]
    spec_sha256: str
    window: Span | None = None
    fan_out: Literal["per_account", "organization"] = "per_account"
    accounts: tuple[str, ...] = ()
    """Those from which a result is expected."""
    canary: bool = False
    publish: Literal["per_item", "all_or_nothing"] = "per_item"
    stop_after: float | None = None
    checks: Checks | None = None
    split: Splitting | None = None
    notify: Notify | None = None
    part_of: str | None = None
    """The run (`<batch>/<lane>/<index>`) that this batch's items are the parts of."""

    @property
    def whole(self) -> str | None:
        """The batch that this one's items are parts of: what happens to them is its closing's to decide."""
        return self.part_of.partition("/")[0] if self.part_of else None

    @property
    def quarantined(self) -> bool:
        """Whether results land in quarantine first, and are published by the closing."""
        return self.publish == "all_or_nothing" or self.checks is not None


class Check(_Part):
    """One check of one result."""

    check: Literal["columns", "rows", "change", "tie_out"]
    name: str
    account: str | None
    ok: bool
    finding: str
    """What it came to, for people."""

    @model_validator(mode="before")
    @classmethod
    def _read_said(cls, record: Any) -> Any:
        """Reads a record that calls its finding `said`, as they all did once."""
        if isinstance(record, dict) and "said" in record:
            return {"finding": record["said"], **record}
        return record


class FailureGroup(_Part):
    """Failures of one cause. `accounts` and `names` are examples, at most 20 of each."""

    error_class: FailureClass
    message: str
    count: int
    accounts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Coverage(_Part):
    """Accounts expected against accounts landed. An account whose results are all empty has landed."""

    expected: int
    landed: int
    empty: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Closing(_Part):
    """How a batch ended: `closed.json` in the ledger, and the core of the manifest `_batch.json` in the destination."""

    at: AwareDatetime
    outcome: Outcome
    runs: int
    landed: int
    failed: int
    canceled: int
    stored_bytes: int
    records: int
    coverage: Coverage
    failures: tuple[FailureGroup, ...] = ()
    checks: tuple[Check, ...] = ()
    parts: tuple[str, ...] = ()
    """Batches that landed parts of its items."""
    reopened: bool = False
    """Somebody took failed runs up again since: this is history, and another closing follows."""


class Stop(_Part):
    """That a batch was paused because of how its runs ended. It happens once: who resumes it takes it over."""

    at: AwareDatetime
    by: Literal["canary", "stop_after"]
    reason: str
    resumed: bool = False
