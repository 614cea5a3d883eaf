"""Reads extracts and their windows for the page and the API, with what is remembered of windows that landed."""

from datetime import UTC, datetime
from threading import Lock
from zoneinfo import ZoneInfo

from forebay.cli.deployment import Deployment
from forebay.cli.following.extract_standing import (
    ExtractStanding,
    extract_standing,
    is_gap,
    window_facts,
    window_standing,
)
from forebay.cli.output import words
from forebay.cli.submitting.expanding import moment_of
from forebay.metrics.extract_figures import promised
from forebay.scheduler.definitions.expand import calendar_of
from forebay.scheduler.extracts.decisions import ExtractStatus, WindowStatus
from forebay.scheduler.extracts.removed import removed_extracts
from forebay.scheduler.extracts.statuses import StatusReader
from forebay.scheduler.windows.calendar import Window, label
from forebay.store.ledger.outcomes import Closing
from forebay.web.api.readings import Facts
from forebay.web.errors import NothingThere

#: Windows that a list of extracts reads of each.
FEW_WINDOWS = 7


class ExtractReadings:
    """The extracts of the spec. One request at a time reads statuses, since what it remembers is for one thread."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._statuses = StatusReader(deployment.ledger, deployment.marks)
        self._reading = Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """Gives the names that the spec has."""
        written = self._deployment.config.written
        return tuple(written.spec.extracts) if written else ()

    def all(self) -> list[Facts]:
        """Says of each how its newest windows stand."""
        return [self._line(self.standing(name, FEW_WINDOWS)) for name in self.names]

    def one(self, name: str, windows: int) -> Facts:
        """Shows one with so many windows, newest first. Raises `NothingThere`."""
        self.check(name)
        assert self._deployment.config.written  # noqa: S101 - it has the extract
        spec = self._deployment.config.written.spec.extracts[name]
        standing = self.standing(name, windows)
        schedule = standing.schedule
        return {
            **self._line(standing),
            "when": schedule.when,
            "every": spec.window.every,
            "time_zone": schedule.calendar.zone.key,
            "first_start": schedule.calendar.first.isoformat(),
            "late_after": str(schedule.late_after) if schedule.late_after else None,
            "checks": sorted(spec.checks.model_fields_set) if spec.checks else [],
            "data_until": standing.loaded.isoformat() if standing.loaded else None,
            "gap_ranges": gap_ranges(standing),
        }

    def window(self, name: str, text: str) -> Facts:
        """Shows the window that a date or a time is in, which is one of the extract's zone where it names none.

        Raises `NothingThere` and `InputError`.
        """
        self.check(name)
        assert self._deployment.config.written  # noqa: S101 - it has the extract
        calendar = calendar_of(self._deployment.config.written, name)
        window = calendar.containing(moment_of(text, "window", calendar))
        if window is None:
            raise NothingThere(f"{text} lies before the start of {name} ({calendar.first.isoformat()})")
        status, state = window_standing(self._deployment, name, window, self._read)
        facts = {**window_facts(status), "label": label(window, calendar.zone), "state": state}
        return {"extract": name, **facts, "gap": is_gap(status, state)}

    def removed(self) -> list[Facts]:
        """Tells of those whose windows are in the ledger, and that the spec has no more."""
        written = self._deployment.config.written
        if written is None:
            return []
        gone = removed_extracts(self._deployment.ledger, self._deployment.marks, written.spec)
        return [{"extract": each.name, "end": each.end.isoformat(), "message": each.sentence} for each in gone]

    def check(self, name: str) -> None:
        """Raises `NothingThere` for a name that the spec does not have."""
        if name not in self.names:
            raise NothingThere(f"the spec has no extract {name!r}; `forebay extracts` lists them")

    def standing(self, name: str, windows: int) -> ExtractStanding:
        """Reads how its newest windows stand."""
        return extract_standing(self._deployment, name, windows, self._read)

    def closings(self, standing: ExtractStanding) -> list[tuple[WindowStatus, Closing]]:
        """Reads how those of its windows ended that did, newest first."""
        ended = [status for status, _ in standing.windows if status.batch and status.outcome]
        read = [(status, self._deployment.ledger.closing(status.batch or "")) for status in ended]
        return [(status, closing) for status, closing in read if closing]

    def statuses(self, name: str, windows: list[Window]) -> list[WindowStatus]:
        """Reads what has become of these windows, newest first."""
        return [*self._read(name, windows[::-1]).windows]

    def _read(self, name: str, windows: list[Window]) -> ExtractStatus:
        with self._reading:
            return self._statuses.read(name, windows)

    def _line(self, standing: ExtractStanding) -> Facts:
        zone = standing.schedule.calendar.zone
        windows = [
            {**window_facts(status), "label": label(status.window, zone), "state": state, "gap": is_gap(status, state)}
            for status, state in standing.windows
        ]
        newest_ended = next((status for status, _ in standing.windows if status.batch and status.outcome), None)
        closing = self._deployment.ledger.closing(newest_ended.batch) if newest_ended and newest_ended.batch else None
        return {
            "extract": standing.name,
            "paused": standing.paused.reason or "no reason given" if standing.paused else None,
            "gaps": standing.gaps,
            "next": standing.way_on if standing.gaps else None,
            "coverage": {"expected": closing.coverage.expected, "landed": closing.coverage.landed} if closing else None,
            **self._freshness(standing),
            "windows": windows,
        }

    def _freshness(self, standing: ExtractStanding) -> Facts:
        """Says up to where its data have landed, and up to where they should have by now."""
        statuses = [status for status, _ in standing.windows]
        landed = next((status.window.end for status in statuses if status.landed_at), None)
        known_since = self._deployment.marks.known_since(standing.name)
        due = promised(standing.schedule, statuses, datetime.now(UTC), known_since)
        return {
            "landed_until": landed.isoformat() if landed else None,
            "promised_until": due.isoformat() if due else None,
            "behind": due is not None and (landed is None or landed < due),
        }


def gap_ranges(standing: ExtractStanding) -> list[Facts]:
    """Puts gaps that lie side by side together, oldest first: who fills a past thinks of stretches, not of windows.

    `from` and `to` are its ends as `forebay backfill` takes them.
    """
    ranges: list[list[WindowStatus]] = []
    joined = False
    for status, state in reversed(standing.windows):
        gap = is_gap(status, state)
        if gap and joined:
            ranges[-1].append(status)
        elif gap:
            ranges.append([status])
        joined = gap
    zone = standing.schedule.calendar.zone
    return [_range(standing.name, some[0].window, some[-1].window, len(some), zone) for some in ranges]


def _range(extract: str, first: Window, last: Window, windows: int, zone: ZoneInfo) -> Facts:
    start, end = (words.moment_option(moment.astimezone(zone)) for moment in (first.start, last.end))
    return {
        "start": first.start.isoformat(),
        "end": last.end.isoformat(),
        "windows": windows,
        "first": label(first, zone),
        "last": label(last, zone),
        "from": start,
        "to": end,
        "next": f"forebay backfill {extract} --from {start} --to {end}",
    }
