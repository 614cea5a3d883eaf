"""Says how a batch ended, and why it was paused on the way: the records that its closing writes.

A closing is also the core of the manifest `_batch.json` in the destination.
"""

from typing import Literal

from pydantic import AliasChoices, AwareDatetime, Field

from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.record_kind import Stored

CheckKind = Literal["columns", "rows", "change", "tie_out"]
Outcome = Literal["landed", "partial", "failed", "checks_failed", "stopped", "canceled"]


class Check(Stored):
    """One check of one result."""

    check: CheckKind
    name: str
    account: str | None
    ok: bool
    finding: str = Field(validation_alias=AliasChoices("finding", "said"))
    """What it came to, for people. `said` is what it was called once."""


class FailureGroup(Stored):
    """Failures of one cause."""

    error_class: FailureClass
    message: str
    count: int
    accounts: tuple[str, ...] = ()
    """Examples, at most 20."""
    names: tuple[str, ...] = ()
    """Examples, at most 20."""


class Coverage(Stored):
    """Accounts expected against accounts landed."""

    expected: int
    landed: int
    """Those whose results are all empty have landed, too."""
    empty: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Closing(Stored):
    """How a batch ended."""

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


class Stop(Stored):
    """That a batch was paused because of how its runs ended. It happens once: who resumes it takes it over."""

    at: AwareDatetime
    by: Literal["canary", "stop_after"]
    reason: str
    resumed: bool = False
