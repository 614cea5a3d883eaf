from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.scheduler.extracts.decisions import (
    MOST_AT_ONCE,
    Decision,
    ExtractStatus,
    State,
    WindowStatus,
    decide,
    state_of,
)
from forebay.scheduler.extracts.schedules import Schedule
from forebay.scheduler.windows.calendar import Window
from tests.scheduler.extracts.test_schedules import day, schedule, utc

NOON = utc("2026-10-05T12:00")


def absent(*days: str) -> list[WindowStatus]:
    """Newest first, as they are watched."""
    return [WindowStatus(window=day(text)) for text in sorted(days, reverse=True)]


def opened(text: str, since: str) -> WindowStatus:
    return WindowStatus(window=day(text), batch="b", since=utc(since))


def landed(text: str, at: str) -> WindowStatus:
    return WindowStatus(window=day(text), batch="b", since=utc(at), outcome="landed", closed_at=utc(at))


def decided(
    schedule: Schedule,
    now: datetime,
    windows: Sequence[WindowStatus],
    *,
    busy_since: datetime | None = None,
    loaded: datetime | None = None,
    known_since: datetime | None = None,
) -> Decision:
    status = ExtractStatus(windows=windows, busy_since=busy_since)
    return decide(schedule, now, status, loaded=loaded, known_since=known_since)


def test_missing_windows_are_submitted_oldest_first() -> None:
    decision = decided(schedule(when="at_end", overlap="allow"), NOON, absent("2026-10-02", "2026-10-03", "2026-10-04"))

    assert decision.submit == (day("2026-10-02"), day("2026-10-03"), day("2026-10-04"))


def test_one_look_submits_no_more_than_it_may() -> None:
    hours = schedule(when="at_end", every="1h", overlap="allow", catch_up="all")
    statuses = [WindowStatus(window=window) for window in hours.watched(NOON, None)]
    decision = decided(hours, NOON, statuses)

    assert len(decision.submit) == MOST_AT_ONCE and decision.submit[0] == statuses[-1].window
    assert decision.next_round <= NOON + timedelta(minutes=1)


def test_what_has_a_batch_or_was_skipped_is_not_submitted() -> None:
    skipped = WindowStatus(window=day("2026-10-03"), skipped=True)
    statuses = [opened("2026-10-04", "2026-10-05"), skipped, landed("2026-10-02", "2026-10-03")]

    assert decided(schedule(when="at_end", overlap="allow"), NOON, statuses).submit == ()


def test_a_queue_takes_one_at_a_time() -> None:
    queue, statuses = schedule(when="at_end"), absent("2026-10-03", "2026-10-04")

    assert decided(queue, NOON, statuses).submit == (day("2026-10-03"),)
    busy = decided(queue, NOON, statuses, busy_since=utc("2026-10-04"))
    assert busy.submit == () and busy.skip == () and busy.next_round <= NOON + timedelta(minutes=1)


def test_a_window_that_comes_due_while_another_runs_is_skipped_and_one_missed_before_waits() -> None:
    statuses = absent("2026-10-02", "2026-10-03", "2026-10-04")
    decision = decided(schedule(when="at_end", overlap="skip"), NOON, statuses, busy_since=utc("2026-10-04T01:00"))

    assert decision.skip == (day("2026-10-04"),) and decision.submit == ()


def test_a_window_without_data_waits_and_says_up_to_where() -> None:
    gated, statuses = schedule(when="data_ready"), absent("2026-10-03", "2026-10-04")
    decision = decided(gated, NOON, statuses, loaded=utc("2026-10-03T20:00"))

    assert decision.submit == () and decision.wants_data == utc("2026-10-04")
    assert decision.next_round <= NOON + timedelta(minutes=1)
    assert decided(gated, NOON, statuses, loaded=utc("2026-10-05")).wants_data is None


def test_nobody_asks_for_data_before_the_delay_is_over() -> None:
    gated = schedule(when="data_ready", delay="2d")
    decision = decided(gated, NOON, absent("2026-10-04"), loaded=None)

    assert decision.wants_data is None


def test_a_window_past_its_deadline_is_late_once() -> None:
    strict = schedule(when="data_ready", late_after="6h")
    waits, runs = absent("2026-10-04")[0], opened("2026-10-03", "2026-10-04")

    assert decided(strict, NOON, [waits, runs]).late == (runs, waits)
    told = [replace(waits, told_late=True), replace(runs, told_late=True)]
    assert decided(strict, NOON, told).late == ()
    assert decided(strict, utc("2026-10-05T06:00"), [waits]).late == ()


def test_one_that_landed_late_while_nobody_looked_is_reported_and_one_in_time_is_not() -> None:
    strict = schedule(when="at_end", late_after="6h")
    late, in_time = landed("2026-10-03", "2026-10-04T06:01"), landed("2026-10-04", "2026-10-05T05:59")

    assert decided(strict, NOON, [in_time, late]).late == (late,)


def test_what_was_dropped_on_purpose_or_due_before_the_extract_was_known_is_not_late() -> None:
    strict = schedule(when="at_end", late_after="6h")
    skipped = WindowStatus(window=day("2026-10-03"), skipped=True)
    old = absent("2026-10-02")

    assert decided(strict, NOON, [skipped]).late == ()
    assert decided(strict, NOON, old, known_since=utc("2026-10-05")).late == ()
    assert decided(strict, NOON, old, known_since=utc("2026-10-03")).late == tuple(old)


def test_the_next_look_is_at_the_next_moment_that_matters() -> None:
    daily = schedule(when="at_end", delay="1h", late_after="6h")
    evening = utc("2026-10-05T23:55")

    assert decided(daily, NOON, []).next_round == utc("2026-10-05T12:10")
    assert decided(daily, utc("2026-10-06T00:55"), absent("2026-10-05")).next_round == utc("2026-10-06T01:00")
    runs = [opened("2026-10-04", "2026-10-05")]
    assert decided(daily, utc("2026-10-05T05:56"), runs).next_round == utc("2026-10-05T06:00")
    assert decided(daily, evening, []).next_round == utc("2026-10-06T00:05")


@pytest.mark.parametrize(
    ("status", "alive", "state"),
    [
        (landed("2026-10-04", "2026-10-05"), False, State.LANDED),
        (replace(landed("2026-10-04", "2026-10-05"), outcome="partial"), False, State.PARTIAL),
        (replace(landed("2026-10-04", "2026-10-05"), outcome="checks_failed"), False, State.FAILED),
        (replace(landed("2026-10-04", "2026-10-05"), outcome="canceled"), False, State.FAILED),
        (opened("2026-10-05", "2026-10-06"), True, State.RUNNING),
        (opened("2026-10-05", "2026-10-06"), False, State.WAITING),
        (opened("2026-10-02", "2026-10-06"), True, State.LATE),
        (WindowStatus(window=day("2026-10-03")), False, State.MISSING),
        (WindowStatus(window=day("2026-10-03"), skipped=True), False, State.SKIPPED),
        (WindowStatus(window=day("2026-10-05")), False, State.WAITING),
        (WindowStatus(window=day("2026-10-04")), False, State.LATE),
    ],
)
def test_a_window_has_one_state_for_people(status: WindowStatus, alive: bool, state: State) -> None:
    gated = schedule(when="data_ready", late_after="24h")

    assert state_of(gated, status, utc("2026-10-06T12:00"), loaded=utc("2026-10-04T12:00"), alive=alive) is state


@dataclass
class World:
    """A ledger whose batches land after a while, a Sigma that lags, and beats that make their rounds now and then."""

    schedule: Schedule
    lag: timedelta
    took: list[timedelta]
    start: datetime
    batches: dict[Window, tuple[datetime, datetime]] = field(default_factory=dict)
    skipped: set[Window] = field(default_factory=set)
    late: list[Window] = field(default_factory=list)

    def round(self, now: datetime) -> datetime:
        loaded = now - self.lag
        statuses = [self.status(window, now) for window in self.schedule.watched(now, loaded)]
        busy = [since for since, lands in self.batches.values() if lands > now]
        decision = decided(
            self.schedule,
            now,
            statuses,
            loaded=loaded,
            busy_since=min(busy, default=None),
            known_since=self.start,
        )
        assert decision.next_round > now
        for window in decision.submit:
            assert window not in self.batches and window not in self.skipped
            self.batches[window] = (now, now + self.took[len(self.batches) % len(self.took)])
        for window in decision.skip:
            assert window not in self.batches
            self.skipped.add(window)
        self.late += [status.window for status in decision.late]
        return decision.next_round

    def status(self, window: Window, now: datetime) -> WindowStatus:
        told, skipped = window in self.late, window in self.skipped
        if window not in self.batches:
            return WindowStatus(window=window, skipped=skipped, told_late=told)
        since, lands = self.batches[window]
        done: dict[str, Any] = {"outcome": "landed", "closed_at": lands} if lands <= now else {}
        return WindowStatus(window=window, batch="b", since=since, skipped=skipped, told_late=told, **done)


MINUTES = st.integers(1, 240).map(lambda minutes: timedelta(minutes=minutes))


@settings(max_examples=25)
@given(
    every=st.sampled_from(["2h", "6h", "1d", "0 5,17 * * *"]),
    when=st.sampled_from(["data_ready", "at_end", "30 * * * *"]),
    overlap=st.sampled_from(["skip", "queue", "allow"]),
    lag=MINUTES,
    took=st.lists(MINUTES, min_size=1, max_size=4),
    outages=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=4),
)
def test_however_beats_fail_each_window_runs_once_or_is_skipped_and_what_is_late_is_told_once(
    every: str, when: str, overlap: str, lag: timedelta, took: list[timedelta], outages: list[tuple[int, int]]
) -> None:
    begin, end = utc("2026-10-24"), utc("2026-10-26T12:00")
    cuts = schedule(
        every=every,
        timezone="Europe/Berlin",
        start="2026-10-24",
        when=when,
        overlap=overlap,
        late_after="8h",
        catch_up="all",
    )
    world = World(cuts, lag, took, begin)
    # Beats make a round when they said that they would, not always at once; during an outage nobody does.
    now, calm = begin, end + timedelta(days=9)
    down = [(begin + timedelta(hours=at), begin + timedelta(hours=at + hours)) for at, hours in outages]
    while now < calm:
        again = max(world.round(now), now + timedelta(minutes=5))
        now = max((to for since, to in down if since <= again < to), default=again)
        if now > end and set(cuts.calendar.between(begin, end)) <= world.batches.keys() | world.skipped:
            break

    windows = [window for window in cuts.calendar.between(cuts.calendar.first, end) if window.end <= end]
    assert windows and set(windows) <= world.batches.keys() | world.skipped
    assert overlap == "skip" or not world.skipped
    runs = sorted(world.batches.values())
    if overlap != "allow":
        assert all(lands <= following for (_, lands), (following, _) in pairwise(runs))
    for window in windows:
        since, _ = world.batches.get(window, (end, end))
        assert window in world.skipped or since >= window.end
    world.round(max(lands for _, lands in runs) + timedelta(hours=9))
    deadline = timedelta(hours=8)
    assert len(world.late) == len(set(world.late))
    assert {w for w in windows if w in world.batches and world.batches[w][1] > w.end + deadline} <= set(world.late)
    assert all(window not in world.batches or world.batches[window][1] > window.end + deadline for window in world.late)
