"""Reads how an extract's newest windows stand: for `forebay extracts`, the API and the page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from forebay.cli.deployment import Deployment
from forebay.cli.following.known_data import known_data
from forebay.cli.output import words
from forebay.scheduler.definitions.expand import calendar_of
from forebay.scheduler.extracts.decisions import ExtractStatus, State, WindowStatus, state_of
from forebay.scheduler.extracts.schedules import Schedule
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.scheduler.windows.calendar import Window
from forebay.store.ledger.records import ExtractPause

#: How a window stands that is a gap; one that is late is one as long as it has no batch.
_GAPS = (State.MISSING, State.FAILED, State.PARTIAL, State.SKIPPED)
#: Reads what has become of windows of an extract.
Statuses = Callable[[str, list[Window]], ExtractStatus]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractStanding:
    """One extract, with its newest windows and the state of each."""

    name: str
    schedule: Schedule
    windows: tuple[tuple[WindowStatus, State], ...]
    paused: ExtractPause | None
    loaded: datetime | None
    """Up to where data was when somebody last asked, if it waits for data."""

    @property
    def gaps(self) -> int:
        """Counts the windows that `forebay backfill` can do something about."""
        return sum(is_gap(*each) for each in self.windows)

    @property
    def way_on(self) -> str:
        """Spells the command that fills its gaps, and no more than those that were counted."""
        return f"forebay backfill {self.name}{_from(self)}"


def is_gap(status: WindowStatus, state: State) -> bool:
    """Tells whether a backfill can do something about a window."""
    return state in _GAPS or (state is State.LATE and status.absent)


def extract_standing(
    deployment: Deployment, name: str, limit: int, statuses: Statuses | None = None
) -> ExtractStanding:
    """Reads its newest windows that are over, up to `limit`; by `statuses`, where somebody keeps a reader.

    Raises StoreError and GovernorError.
    """
    assert deployment.config.written  # noqa: S101 - it has the extract
    now, calendar = datetime.now(UTC), calendar_of(deployment.config.written, name)
    schedule, marks = Schedule.of(deployment.config.written.spec.extracts[name]), deployment.marks
    read = statuses or StatusReader(deployment.ledger, marks).read
    status = read(name, list(islice(calendar.ended(now), limit)))
    loaded = known_data(deployment, name) if schedule.when == "data_ready" else None
    return ExtractStanding(
        name=name,
        schedule=schedule,
        windows=tuple(
            (each, state_of(schedule, each, now, loaded=loaded, alive=_is_alive(deployment, each)))
            for each in status.windows
        ),
        paused=marks.paused(name),
        loaded=loaded,
    )


def window_standing(
    deployment: Deployment, name: str, window: Window, statuses: Statuses
) -> tuple[WindowStatus, State]:
    """Reads how one of its windows stands, over or not. Raises StoreError and GovernorError."""
    assert deployment.config.written  # noqa: S101 - it has the extract
    schedule = Schedule.of(deployment.config.written.spec.extracts[name])
    loaded = known_data(deployment, name) if schedule.when == "data_ready" else None
    (status,) = statuses(name, [window]).windows
    alive = _is_alive(deployment, status)
    return status, state_of(schedule, status, datetime.now(UTC), loaded=loaded, alive=alive)


def window_facts(status: WindowStatus) -> dict[str, Any]:
    """Names what is known of a window."""
    return {
        "start": status.window.start.isoformat(),
        "end": status.window.end.isoformat(),
        "batch": status.batch,
        "outcome": status.outcome,
        "ended_at": status.closed_at.isoformat() if status.closed_at else None,
        "told_late": status.told_late,
        **({"message": status.unreadable} if status.unreadable else {}),
    }


def _is_alive(deployment: Deployment, status: WindowStatus) -> bool:
    if not status.open or status.batch is None:
        return False
    progress = deployment.reader.progress(deployment.ledger.batch(status.batch))
    return progress.size > progress.waiting


def _from(extract: ExtractStanding) -> str:
    """Bounds a backfill to the windows that were counted; nothing where these are all that there are."""
    calendar, oldest = extract.schedule.calendar, extract.windows[-1][0].window
    if oldest.start <= calendar.first:
        return ""
    return f" --from {words.moment_option(oldest.start.astimezone(calendar.zone))}"
