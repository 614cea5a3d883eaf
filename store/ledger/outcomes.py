"""Says how a batch ended, and why it was paused on the way: the records that its closing writes.

A closing is also the core of the manifest `_batch.json` in the destination.
"""

from typing import Literal

from pydantic import AliasChoices, AwareDatetime, Field

from forebay.store.ledger.batch_policy import Checks
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.record_kind import Stored

CheckKind = Literal["columns", "rows", "change", "tie_out", "types", "accounts", "exists"]
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
    unexpected: tuple[str, ...] = ()
    """Those that an organization's result had rows of, and that nobody expected. They land too."""


class Release(Stored):
    """That a person looked at results in quarantine, and wants them published."""

    at: AwareDatetime
    by: str
    reason: str


class Recheck(Stored):
    """That what landed is checked again, by what the spec said then."""

    at: AwareDatetime
    by: str
    spec_sha256: str
    checks: Checks | None = None


class Review(Stored):
    """What people decided about results in quarantine: the next closing goes by it."""

    released: Release | None = None
    """It covers what had landed by then, and nothing that lands later."""
    rechecked: Recheck | None = None


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
    """Somebody took failed runs up again since, or reviewed it: this is history, and another closing follows."""
    in_quarantine: int | None = None
    """Results that stay there, what ties them out among them; None before this was counted."""
    review: Review | None = None


class Stop(Stored):
    """That a batch was paused because of how its runs ended. It happens once: who resumes it takes it over."""

    at: AwareDatetime
    by: Literal["canary", "stop_after"]
    reason: str
    resumed: bool = False
