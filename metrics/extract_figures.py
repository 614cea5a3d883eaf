"""Reads of the ledger how each extract stands: what `forebay extracts` shows, as numbers.

Costs some LISTs an extract, and a GET for each window that has not landed; what has landed is remembered.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from forebay.config.document.load_spec import WrittenSpec
from forebay.scheduler.definitions.expand import calendar_of
from forebay.scheduler.extracts.decisions import ExtractStatus, State, WindowStatus, state_of
from forebay.scheduler.extracts.schedules import Schedule
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from forebay.store.ledger.outcomes import Closing

#: The newest windows that are over: a month of days.
MOST_WINDOWS = 31

#: Says up to where the data of an extract are known to be, where it waits for them.
Loaded = Callable[[str], datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractFigures:
    """How one extract stands."""

    extract: str
    windows: Mapping[State, int]
    last_landed: datetime | None
    """The end of the newest window that has landed."""
    last_success: datetime | None
    """When that one was closed."""
    promised: datetime | None
    """The end of the newest window that should have landed by now; None where nothing was promised."""
    unsubmitted: int
    """Windows that beat should have submitted by now, none being under way; 0 where it is paused."""
    coverage: float | None
    """Accounts landed of those expected, in the newest window that was closed; None where none was expected."""
    checks_failed: int | None
    paused: bool


class ExtractReader:
    """Reads extracts. Remembers what has landed; one thread uses it. Raises StoreError and ConfigError."""

    def __init__(self, written: WrittenSpec | None, ledger: Ledger, marks: Marks, loaded: Loaded) -> None:
        self._written, self._ledger, self._marks, self._loaded = written, ledger, marks, loaded
        self._statuses = StatusReader(ledger, marks)
        self._closings: dict[str, Closing] = {}

    def read(self, now: datetime) -> list[ExtractFigures]:
        """Reads all extracts of the spec, in its order."""
        return [self._read(name, now) for name in (self._written.spec.extracts if self._written else ())]

    def _read(self, name: str, now: datetime) -> ExtractFigures:
        assert self._written  # noqa: S101 - it has the extract
        calendar, schedule = calendar_of(self._written, name), Schedule.of(self._written.spec.extracts[name])
        loaded = self._loaded(name) if schedule.when == "data_ready" else None
        status, pause = self._statuses.read(name, islice(calendar.ended(now), MOST_WINDOWS)), self._marks.paused(name)
        windows = status.windows
        states = Counter(state_of(schedule, one, now, loaded=loaded, alive=one.open) for one in windows)
        landed = next((one for one in windows if one.landed_at), None)
        closing = self._newest_closing(windows)
        expected = closing.coverage.expected if closing else 0
        return ExtractFigures(
            extract=name,
            windows=states,
            last_landed=landed.window.end if landed else None,
            last_success=landed.landed_at if landed else None,
            promised=promised(schedule, windows, now, self._marks.known_since(name)),
            unsubmitted=0 if pause else unsubmitted(schedule, status, now, loaded),
            coverage=closing.coverage.landed / expected if closing and expected else None,
            checks_failed=sum(not check.ok for check in closing.checks) if closing else None,
            paused=pause is not None,
        )

    def _newest_closing(self, windows: Sequence[WindowStatus]) -> Closing | None:
        """Reads how the newest window ended that was closed, once each time that it was."""
        newest = next((one for one in windows if one.batch and one.closed_at), None)
        if newest is None or newest.batch is None:
            return None
        known = self._closings.get(newest.batch)
        if known is None or known.at != newest.closed_at:
            known = self._ledger.closing(newest.batch)
            self._closings = {batch: each for batch, each in self._closings.items() if batch != newest.batch}
            if known:
                self._closings[newest.batch] = known
        return known


def unsubmitted(schedule: Schedule, status: ExtractStatus, now: datetime, loaded: datetime | None) -> int:
    """Counts the windows that beat would submit now: those of the far past it leaves to a backfill."""
    if status.busy_since is not None and schedule.overlap != "allow":
        return 0
    watched = set(islice(schedule.watched(now, loaded), MOST_WINDOWS))
    return sum(
        one.absent and one.window in watched and schedule.is_due(one.window, now, loaded) for one in status.windows
    )


def promised(
    schedule: Schedule, windows: Sequence[WindowStatus], now: datetime, known_since: datetime | None
) -> datetime | None:
    """Says up to where data should have landed by now; what was due before the extract was first seen counts not."""
    if schedule.when == "manual":
        return None
    for one in windows:
        deadline = schedule.deadline(one.window)
        if deadline is None:
            return None
        if deadline <= now and not one.skipped:
            return one.window.end if known_since is None or deadline >= known_since else None
    return None


def seconds(at: datetime) -> float:
    """Writes a moment as Prometheus has it."""
    return at.astimezone(UTC).timestamp()
