"""Keeps every query run, how many of them are alive under each cap, and how many ever were at once.

The book is the judge's own count: the tests of the whole system believe these numbers and not the client's.
All of it happens on the event loop, so a check and the entry that follows it cannot be torn apart.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from pathlib import Path

from forebay.sandbox.apis import SandboxApi
from forebay.sandbox.errors import cap_reached, run_not_found
from forebay.sandbox.http.callers import Caller
from forebay.sandbox.sql.column_types import ResultColumn


class Status(StrEnum):
    """What is true of a run; a retrieve says so unless a fault has it say something else."""

    RUNNING = "running"  # holds a slot
    SUCCEEDED = "succeeded"  # its file can be fetched
    FAILED = "failed"
    CANCELED = "canceled"  # ended by nobody that the API has a word for


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRun:
    """What a create asks for, read from whichever body."""

    api: SandboxApi
    sql: str
    compress: bool
    fingerprint: str
    """The same for bodies that ask for the same: what belongs to an idempotency key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a run failed, as a retrieve says it."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """That a run was canceled, as a retrieve says it."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledResult:
    """A result that waits in the spool to be fetched."""

    path: Path
    content_type: str
    """csv or zip."""
    size_bytes: int
    csv_bytes: int
    """Of the CSV, which may be in a zip."""
    row_count: int
    """Without the header."""
    columns: tuple[ResultColumn, ...]


#: How a run can end.
RunEnd = SpooledResult | Failure | Cancellation


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxRun:
    """A query run, as it is now; each change makes a new one."""

    id: str
    api: SandboxApi
    owner: str
    livemode: bool
    key_id: str
    cap_scope: str
    sql: str
    compress: bool
    idempotency_key: str | None
    created_ns: int
    """Since 1970: one generation shows nine digits of a second."""
    refreshed_at: datetime | None
    """When the data that it sees were loaded, if that is told."""
    duration_s: float
    status: Status = Status.RUNNING
    ended_at: datetime | None = None
    result: SpooledResult | None = None
    failure: Failure | None = None
    cancellation: Cancellation | None = None

    @property
    def created_at(self) -> datetime:
        """Gives when it was created, to the microsecond."""
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=self.created_ns // 1000)

    @property
    def account(self) -> str | None:
        """Gives the account whose rows it sees; None for the whole organization."""
        return self.owner if self.owner.startswith("acct_") else None


@dataclass(slots=True)
class Tally:
    """The runs under one cap, counted."""

    alive: int = 0
    peak_alive: int = 0
    created: int = 0
    succeeded: int = 0
    failed: int = 0
    canceled: int = 0
    overshoot_attempts: int = 0
    """Creates that met a full cap."""


@dataclass(slots=True)
class RunBook:
    """All runs by id, and a tally for each cap."""

    _runs: dict[str, SandboxRun] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)

    def claim(self, run: SandboxRun, *, cap: int, outside_slots: int, with_reason: bool) -> None:
        """Takes a slot for the run, or raises the cap's 429."""
        tally = self.tallies.setdefault(run.cap_scope, Tally())
        if tally.alive + outside_slots >= cap:
            tally.overshoot_attempts += 1
            raise cap_reached(cap, with_reason=with_reason)
        self._runs[run.id] = run
        tally.created += 1
        tally.alive += 1
        tally.peak_alive = max(tally.peak_alive, tally.alive)

    def end(self, run_id: str, outcome: RunEnd, at: datetime) -> None:
        """Frees the run's slot and writes down how it ended."""
        run = replace(self._runs[run_id], ended_at=at)
        tally = self.tallies[run.cap_scope]
        tally.alive -= 1
        if isinstance(outcome, Failure):
            tally.failed += 1
            run = replace(run, status=Status.FAILED, failure=outcome)
        elif isinstance(outcome, Cancellation):
            tally.canceled += 1
            run = replace(run, status=Status.CANCELED, cancellation=outcome)
        else:
            tally.succeeded += 1
            run = replace(run, status=Status.SUCCEEDED, result=outcome)
        self._runs[run_id] = run

    def get(self, run_id: str) -> SandboxRun:
        """Finds a run, whoever asks; raises the 404."""
        if run_id not in self._runs:
            raise run_not_found(run_id)
        return self._runs[run_id]

    def visible_to(self, caller: Caller, apis: Collection[SandboxApi], run_id: str) -> SandboxRun:
        """Finds a run that the caller may see; one of another account, or of no such generation, is not found."""
        run = self.get(run_id)
        if (run.owner, run.livemode) != (caller.owner, caller.livemode) or run.api not in apis:
            raise run_not_found(run_id)
        return run

    def other_than(self, run: SandboxRun) -> SandboxRun:
        """Finds another of the owner's of that API, one with a result if there is any; itself if there is none."""
        whose = (run.owner, run.api)
        others = [each for each in self._runs.values() if (each.owner, each.api) == whose and each.id != run.id]
        return max(others, key=lambda each: each.result is not None, default=run)

    def page(self, start: int, limit: int) -> Iterator[SandboxRun]:
        """Yields runs in the order in which they were created."""
        return islice(self._runs.values(), start, start + limit)

    def __len__(self) -> int:
        return len(self._runs)
