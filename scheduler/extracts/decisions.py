"""What to do about an extract's windows now: a pure function of its schedule, the clock, and what has become of them.

Beat asks it at each look (`scheduler/extracts/rounds.py`), and does what it says; several beats that ask at once get
the same answer, and meet in the ledger, which creates a batch, or a mark, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from forebay.scheduler.extracts.schedules import Schedule
from forebay.scheduler.windows.calendar import Window
from forebay.store.policy import Outcome

#: How soon a window that waits for another's end is looked at again.
SOON = timedelta(seconds=15)
#: And one that waits for data, which come once in hours.
DATA_AGAIN = timedelta(minutes=1)
#: The longest that an extract goes without a look, for whatever was not thought of here.
AT_MOST = timedelta(minutes=10)
#: Batches that one look submits; the rest follow at the next one, so that no extract keeps beat from the others.
MOST_AT_ONCE = 20


class State(StrEnum):
    """How a window stands, for people."""

    LANDED = "landed"
    RUNNING = "running"
    WAITING = "waiting"  # not due yet, or its batch waits for slots
    LATE = "late"  # as the two before, and past its deadline
    MISSING = "missing"  # should have run, and has no batch
    FAILED = "failed"
    PARTIAL = "partial"
    SKIPPED = "skipped"  # dropped by `overlap: skip`


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
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
    told_late: bool = False

    @property
    def open(self) -> bool:
        return self.batch is not None and self.outcome is None

    @property
    def landed_at(self) -> datetime | None:
        return self.closed_at if self.outcome == "landed" else None

    @property
    def absent(self) -> bool:
        return self.batch is None and not self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do now: `skip` and `late` are to be marked, `late` is told to people; oldest first, each of them."""

    submit: tuple[Window, ...] = ()
    skip: tuple[Window, ...] = ()
    late: tuple[Standing, ...] = ()
    wants_data: datetime | None = None
    """Some window waits until Sigma has data up to here."""
    look_again: datetime


def decide(
    schedule: Schedule,
    now: datetime,
    standings: Sequence[Standing],
    *,
    loaded: datetime | None = None,
    busy_since: datetime | None = None,
    known_since: datetime | None = None,
) -> Decision:
    """`standings` are those of `schedule.watched`, newest first.

    `busy_since`: when the oldest batch of this extract that is still open, and no backfill, was accepted.
    `known_since`: when the extract was first seen; what should have landed before that is nobody's fault.
    """
    oldest_first = sorted(standings, key=lambda standing: standing.window)
    missing = [
        standing.window
        for standing in oldest_first
        if standing.absent and schedule.is_due(standing.window, now, loaded)
    ]
    submit, skip = _overlapping(schedule, missing, busy_since)
    late = tuple(standing for standing in oldest_first if _newly_late(schedule, standing, now, known_since))
    waiting = [standing.window for standing in oldest_first if _waits_for_data(schedule, standing, now, loaded)]
    left = len(submit) + len(skip) < len(missing)
    return Decision(
        submit=submit,
        skip=skip,
        late=late,
        wants_data=waiting[0].end if waiting else None,
        look_again=_look_again(
            schedule, oldest_first, now, at_most=SOON if left or submit else DATA_AGAIN if waiting else AT_MOST
        ),
    )


def state_of(schedule: Schedule, standing: Standing, now: datetime, *, loaded: datetime | None, alive: bool) -> State:
    """`alive`: whether any run of its batch is at work or has ended; `loaded` as in `Schedule.is_due`."""
    match standing.outcome:
        case "landed":
            return State.LANDED
        case "partial":
            return State.PARTIAL
        case "failed" | "checks_failed" | "stopped" | "canceled":
            return State.FAILED
    due = schedule.is_due(standing.window, now, loaded)
    if standing.batch is None and (standing.skipped or due):
        return State.SKIPPED if standing.skipped else State.MISSING
    deadline = schedule.deadline(standing.window)
    if deadline is not None and now > deadline:
        return State.LATE
    return State.RUNNING if standing.batch is not None and alive else State.WAITING


def _overlapping(
    schedule: Schedule, missing: list[Window], busy_since: datetime | None
) -> tuple[tuple[Window, ...], tuple[Window, ...]]:
    """Which to submit and which to drop."""
    if schedule.overlap == "allow":
        return tuple(missing[:MOST_AT_ONCE]), ()
    if busy_since is None:
        return tuple(missing[:1]), ()
    if schedule.overlap == "queue":
        return (), ()
    # What came due before the running one began was not overlapped by it, but missed earlier: it waits.
    return (), tuple(window for window in missing if (schedule.due_at(window) or window.end) >= busy_since)


def _newly_late(schedule: Schedule, standing: Standing, now: datetime, known_since: datetime | None) -> bool:
    deadline = schedule.deadline(standing.window)
    if deadline is None or standing.told_late or standing.skipped or schedule.when == "manual":
        return False
    if known_since is not None and deadline < known_since:
        return False
    # One that landed while nobody looked was late all the same.
    return (standing.landed_at or now) > deadline


def _waits_for_data(schedule: Schedule, standing: Standing, now: datetime, loaded: datetime | None) -> bool:
    due = schedule.due_at(standing.window)
    return (
        schedule.when == "data_ready"
        and standing.absent
        and due is not None
        and now >= due
        and not schedule.is_due(standing.window, now, loaded)
    )


def _look_again(schedule: Schedule, standings: Sequence[Standing], now: datetime, *, at_most: timedelta) -> datetime:
    moments = [now + at_most, schedule.next_due(now)]
    for standing in standings:
        if standing.absent:
            moments.append(schedule.due_at(standing.window))
        if standing.landed_at is None and not standing.told_late:
            moments.append(schedule.deadline(standing.window))
    return min(moment for moment in moments if moment is not None and moment > now)
