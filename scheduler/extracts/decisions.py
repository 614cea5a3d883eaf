"""Decides what to do about an extract's windows now: from its schedule, the clock, and what has become of them.

Pure. Beat asks it in each round (`scheduler/extracts/rounds.py`), and does what it says; several beats that ask at once
get the same answer, and meet in the ledger, which creates a batch, or a mark, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from forebay.scheduler.extracts.schedules import Schedule
from forebay.scheduler.windows.calendar import Window
from forebay.store.ledger.outcomes import Outcome

#: How soon the next round is where a window waits for another's end.
SOON = timedelta(seconds=15)
#: And where one waits for data, which come once in hours.
DATA_AGAIN = timedelta(minutes=1)
#: The longest that an extract goes without a round, for whatever was not thought of here.
AT_MOST = timedelta(minutes=10)
#: Batches that one round submits; the rest follow in the next one, so that no extract keeps beat from the others.
MOST_AT_ONCE = 20


class State(StrEnum):
    """How a window stands, for people."""

    LANDED = "landed"  # its results count
    RUNNING = "running"  # its batch is at work
    WAITING = "waiting"  # not due yet, or its batch waits for slots
    LATE = "late"  # as the two before, and past its deadline
    MISSING = "missing"  # should have run, and has no batch
    FAILED = "failed"  # nothing of its batch counts
    PARTIAL = "partial"  # some of its results count
    SKIPPED = "skipped"  # dropped by `overlap: skip`
    UNREADABLE = "unreadable"  # it has a batch whose record cannot be read
    PRUNED = "pruned"  # it ended long ago, and its record was pruned


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStatus:
    """What has become of one window."""

    window: Window
    batch: str | None = None
    """Its batch, or the last deliberate repeat of it."""
    since: datetime | None = None
    """When that was accepted."""
    backfill: bool = False
    outcome: Outcome | None = None
    closed_at: datetime | None = None
    skipped: bool = False
    pruned: bool = False
    """It had ended when its record was pruned."""
    told_late: bool = False
    unreadable: str = ""
    """Why nothing is known of its batch, if so: then nobody does anything about it."""

    @property
    def open(self) -> bool:
        return self.batch is not None and self.outcome is None and not self.unreadable

    @property
    def landed_at(self) -> datetime | None:
        return self.closed_at if self.outcome == "landed" else None

    @property
    def absent(self) -> bool:
        return self.batch is None and not self.skipped and not self.pruned


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractStatus:
    """What has become of an extract's windows."""

    windows: Sequence[WindowStatus]
    """Those that were asked for, newest first."""
    busy_since: datetime | None = None
    """When the oldest batch of the extract that is still open, and no backfill, was accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do now. Windows go oldest first."""

    submit: tuple[Window, ...] = ()
    skip: tuple[Window, ...] = ()
    """To be marked as skipped."""
    late: tuple[WindowStatus, ...] = ()
    """To be marked as late, and told to people."""
    wants_data: datetime | None = None
    """Some window waits until Sigma has data up to here."""
    next_round: datetime


def decide(
    schedule: Schedule,
    now: datetime,
    status: ExtractStatus,
    *,
    loaded: datetime | None = None,
    known_since: datetime | None = None,
) -> Decision:
    """Decides by the status of the windows that `schedule.watched` names.

    `loaded`: up to where Sigma has data. `known_since`: when the extract was first seen; what should have landed before
    that is nobody's fault.
    """
    oldest_first = sorted(status.windows, key=lambda one: one.window)
    missing = [one.window for one in oldest_first if one.absent and schedule.is_due(one.window, now, loaded)]
    submit, skip = _overlapping(schedule, missing, status.busy_since)
    late = tuple(one for one in oldest_first if _newly_late(schedule, one, now, known_since))
    waiting = [one.window for one in oldest_first if _waits_for_data(schedule, one, now, loaded)]
    left = len(submit) + len(skip) < len(missing)
    return Decision(
        submit=submit,
        skip=skip,
        late=late,
        wants_data=waiting[0].end if waiting else None,
        next_round=_next_round(
            schedule, oldest_first, now, at_most=SOON if left or submit else DATA_AGAIN if waiting else AT_MOST
        ),
    )


def state_of(schedule: Schedule, status: WindowStatus, now: datetime, *, loaded: datetime | None, alive: bool) -> State:
    """Says how a window stands, for people.

    `alive`: whether any run of its batch is at work or has ended; `loaded` as in `Schedule.is_due`.
    """
    if status.unreadable:
        return State.UNREADABLE
    match status.outcome:
        case "landed":
            return State.LANDED
        case "partial":
            return State.PARTIAL
        case "failed" | "checks_failed" | "stopped" | "canceled":
            return State.FAILED
    due = schedule.is_due(status.window, now, loaded)
    if status.batch is None and status.pruned:
        return State.PRUNED
    if status.batch is None and (status.skipped or due):
        return State.SKIPPED if status.skipped else State.MISSING
    deadline = schedule.deadline(status.window)
    if deadline is not None and now > deadline:
        return State.LATE
    return State.RUNNING if status.batch is not None and alive else State.WAITING


def _overlapping(
    schedule: Schedule, missing: list[Window], busy_since: datetime | None
) -> tuple[tuple[Window, ...], tuple[Window, ...]]:
    """Decides which to submit and which to drop."""
    if schedule.overlap == "allow":
        return tuple(missing[:MOST_AT_ONCE]), ()
    if busy_since is None:
        return tuple(missing[:1]), ()
    if schedule.overlap == "queue":
        return (), ()
    # What came due before the running one began was not overlapped by it, but missed earlier: it waits.
    return (), tuple(window for window in missing if (schedule.due_at(window) or window.end) >= busy_since)


def _newly_late(schedule: Schedule, status: WindowStatus, now: datetime, known_since: datetime | None) -> bool:
    deadline = schedule.deadline(status.window)
    if deadline is None or status.told_late or status.skipped or schedule.when == "manual":
        return False
    if status.batch is None and status.pruned:
        return False
    if known_since is not None and deadline < known_since:
        return False
    # One that landed while no beat ran was late all the same.
    return (status.landed_at or now) > deadline


def _waits_for_data(schedule: Schedule, status: WindowStatus, now: datetime, loaded: datetime | None) -> bool:
    due = schedule.due_at(status.window)
    return (
        schedule.when == "data_ready"
        and status.absent
        and due is not None
        and now >= due
        and not schedule.is_due(status.window, now, loaded)
    )


def _next_round(schedule: Schedule, statuses: Sequence[WindowStatus], now: datetime, *, at_most: timedelta) -> datetime:
    moments = [now + at_most, schedule.next_due(now)]
    for status in statuses:
        if status.absent:
            moments.append(schedule.due_at(status.window))
        if status.landed_at is None and not status.told_late:
            moments.append(schedule.deadline(status.window))
    return min(moment for moment in moments if moment is not None and moment > now)
