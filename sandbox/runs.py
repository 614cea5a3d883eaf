"""Every query run the sandbox knows, how many of them are alive under each cap, and how many ever were at once.

The book is the judge's own count: the tests of the whole system believe these numbers and not the client's.
All of it happens on the event loop, so a check and the entry that follows it cannot be torn apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path

from forebay.sandbox.callers import Caller
from forebay.sandbox.errors import cap_reached, run_not_found


class Status(StrEnum):
    RUNNING = "running"  # holds a slot
    SUCCEEDED = "succeeded"  # its file can be fetched
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    path: Path
    content_type: str  # csv or zip
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    id: str
    owner: str
    livemode: bool
    key_id: str
    cap_scope: str
    sql: str
    compress: bool
    idempotency_key: str | None
    created_at: datetime
    duration_s: float
    status: Status = Status.RUNNING
    ended_at: datetime | None = None
    result: ResultFile | None = None
    failure: Failure | None = None

    @property
    def account(self) -> str | None:
        return self.owner if self.owner.startswith("acct_") else None


@dataclass(slots=True)
class Tally:
    alive: int = 0
    peak_alive: int = 0
    created: int = 0
    succeeded: int = 0
    failed: int = 0
    overshoot_attempts: int = 0  # creates that met a full cap


@dataclass(slots=True)
class RunBook:
    _runs: dict[str, Run] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)

    def claim(self, run: Run, *, cap: int, outside_slots: int, with_reason: bool) -> None:
        """Takes a slot for the run, or raises the cap's 429."""
        tally = self.tallies.setdefault(run.cap_scope, Tally())
        if tally.alive + outside_slots >= cap:
            tally.overshoot_attempts += 1
            raise cap_reached(cap, with_reason=with_reason)
        self._runs[run.id] = run
        tally.created += 1
        tally.alive += 1
        tally.peak_alive = max(tally.peak_alive, tally.alive)

    def end(self, run_id: str, outcome: ResultFile | Failure, at: datetime) -> None:
        run = self._runs[run_id]
        tally = self.tallies[run.cap_scope]
        tally.alive -= 1
        if isinstance(outcome, Failure):
            tally.failed += 1
            self._runs[run_id] = replace(run, status=Status.FAILED, ended_at=at, failure=outcome)
        else:
            tally.succeeded += 1
            self._runs[run_id] = replace(run, status=Status.SUCCEEDED, ended_at=at, result=outcome)

    def get(self, run_id: str) -> Run:
        if run_id not in self._runs:
            raise run_not_found(run_id)
        return self._runs[run_id]

    def visible_to(self, caller: Caller, run_id: str) -> Run:
        """The run, if it belongs to what the caller may see; a run of another account does not exist for it."""
        run = self.get(run_id)
        if (run.owner, run.livemode) != (caller.owner, caller.livemode):
            raise run_not_found(run_id)
        return run

    def page(self, start: int, limit: int) -> Iterator[Run]:
        return islice(self._runs.values(), start, start + limit)

    def __len__(self) -> int:
        return len(self._runs)
