"""Before a create can be sent the ledger knows that it may be: whatever dies or stalls on the way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forebay.governor.contract import Claimed
from forebay.store.errors import Unavailable
from forebay.store.interface import Store
from forebay.store.ledger.sent_records import NOTED_FOR, SentMinute, SentRecords, SentRun
from forebay.store.local import LocalStore
from forebay.worker.sent_writer import MOST_RUNS, SLOW, SentPorts, SentWriter
from tests.servers.processes import wait_until

NOW = datetime(2026, 11, 22, 12, 30, 20, tzinfo=UTC)
LANE = "acme:live"


class Records(SentRecords):
    """Those of a store, counted, and refused or held up as told."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.writes = 0
        self.sweeps = 0
        self.before: Callable[[], None] = lambda: None

    def write(self, minute: datetime, node: str, sent: SentMinute) -> None:
        self.writes += 1
        self.before()
        super().write(minute, node, sent)

    def sweep(self, now: datetime) -> None:
        self.sweeps += 1
        super().sweep(now)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(LocalStore(tmp_path))


def ports(records: SentRecords, clock: Clock | None = None, **more: object) -> SentPorts:
    made = SentPorts(
        records=records,
        node="host-1",
        now=clock or Clock(),
        wake=lambda: None,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def claimed(*numbers: int, fence: int = 1) -> list[Claimed]:
    return [Claimed(f"b/{number}", fence) for number in numbers]


def noted(writer: SentWriter) -> list[Claimed]:
    return [run for _, runs in writer.noted() for run in runs]


def alive(records: SentRecords) -> set[SentRun]:
    return records.may_be_alive(NOW).get(LANE, set())


@contextmanager
def running(writer: SentWriter) -> Iterator[None]:
    writer.start()
    try:
        yield
    finally:
        writer.stop()


def test_nothing_is_handed_out_before_it_is_noted_and_all_at_once_is_one_write(records: Records) -> None:
    writer = SentWriter(ports(records))
    writer.note(LANE, claimed(0, 1))
    writer.note("other:test", claimed(7))
    assert (noted(writer), writer.waiting) == ([], 3)

    writer.commit()

    assert alive(records) == {SentRun("b", 0, 0), SentRun("b", 1, 0)}
    assert (writer.waiting, records.writes) == (3, 1)
    assert dict(writer.noted()) == {LANE: claimed(0, 1), "other:test": claimed(7)}
    assert (noted(writer), writer.waiting) == ([], 0)


def test_a_write_of_the_same_minute_keeps_what_was_noted_before(records: Records) -> None:
    writer = SentWriter(ports(records))
    for number in range(3):
        writer.note(LANE, claimed(number))
        writer.commit()

    assert alive(records) == {SentRun("b", number, 0) for number in range(3)}


def test_an_object_is_not_written_anew_for_ever_and_none_of_its_runs_is_lost(records: Records) -> None:
    clock = Clock()
    writer = SentWriter(ports(records, clock))
    numbers = iter(range(1000))
    for _ in range(3 * MOST_RUNS):
        writer.note(LANE, claimed(next(numbers)))
        writer.commit()
    clock.now -= timedelta(minutes=1)  # a clock that is put back overwrites nothing either
    for _ in range(2):
        writer.note(LANE, claimed(next(numbers)))
        writer.commit()
        clock.now += timedelta(minutes=1)

    assert alive(records) == {SentRun("b", number, 0) for number in range(3 * MOST_RUNS + 2)}
    runs_of = [records._read(key).runs[LANE]["b"] for _, key in records._noted()]
    assert sorted(map(len, runs_of)) == [1, 1, MOST_RUNS, MOST_RUNS, MOST_RUNS]


def test_a_run_is_noted_again_only_when_its_note_has_grown_old_or_its_attempt_is_another(records: Records) -> None:
    clock = Clock()
    writer = SentWriter(ports(records, clock))

    def send_again(attempt: int = 0) -> int:
        again = Claimed("b/0", 1, attempt)
        writer.note(LANE, [again])
        writer.commit()
        assert noted(writer) == [again]
        return records.writes

    assert [send_again(), send_again()] == [1, 1]
    clock.now += NOTED_FOR
    assert [send_again(), send_again()] == [2, 2]
    assert send_again(attempt=1) == 3
    clock.now -= timedelta(hours=3)  # a clock that was put back says nothing about how old a note is
    assert send_again(attempt=1) == 4


def test_without_the_ledger_nothing_is_sent_and_the_cause_is_told_until_it_is_there_again(records: Records) -> None:
    refused = threading.Event()

    def refuse() -> None:
        refused.set()
        raise Unavailable("the disk is full")

    records.before = refuse
    writer = SentWriter(ports(records))
    with running(writer):
        writer.note(LANE, claimed(0))
        assert refused.wait(10)
        wait_until(lambda: writer.trouble == "the disk is full", "the cause to be told")
        assert (noted(writer), writer.waiting) == ([], 1)

        records.before = lambda: None
        wait_until(lambda: writer.trouble is None, "the ledger to take notes again")
        assert noted(writer) == claimed(0)


def test_a_store_that_stalls_holds_up_nobody_and_what_comes_meanwhile_is_one_write(records: Records) -> None:
    stalled, go_on = threading.Event(), threading.Event()

    def stall() -> None:
        stalled.set()
        assert go_on.wait(30)

    records.before = stall
    writer = SentWriter(ports(records))
    with running(writer):
        writer.note(LANE, claimed(0))
        assert stalled.wait(10)
        for number in range(1, 20):
            writer.note(LANE, claimed(number))  # returns at once
        go_on.set()
        wait_until(lambda: len(alive(records)) == 20, "all to be noted")

    assert records.writes == 2


def test_a_claim_that_came_again_while_its_note_was_written_is_handed_out_with_its_new_fence(records: Records) -> None:
    writer = SentWriter(ports(records))
    records.before = lambda: writer.note(LANE, claimed(0, fence=2)) if records.writes == 1 else None
    writer.note(LANE, claimed(0))
    writer.commit()
    writer.commit()

    assert noted(writer) == claimed(0, fence=2)
    assert records.writes == 1


def test_a_note_that_took_too_long_is_written_again(records: Records) -> None:
    clock = Clock()

    def slow() -> None:
        clock.now += 2 * SLOW if records.writes == 1 else timedelta()

    records.before = slow
    writer = SentWriter(ports(records, clock))
    writer.note(LANE, claimed(0))
    writer.commit()

    assert records.writes == 2
    assert len(list(records._noted())) == 2
    assert noted(writer) == claimed(0)


def test_an_answer_goes_with_the_next_note_and_costs_nothing(records: Records) -> None:
    writer = SentWriter(ports(records))
    writer.note(LANE, claimed(0, 1))
    writer.commit()
    writer.answered(LANE, "b/0", 0)
    writer.note(LANE, claimed(2))
    writer.commit()

    assert records.writes == 2
    assert alive(records) == {SentRun("b", 0, 0, answered=True), SentRun("b", 1, 0), SentRun("b", 2, 0)}


def test_answers_that_no_note_takes_along_are_one_write_by_themselves(records: Records) -> None:
    writer = SentWriter(ports(records))
    with running(writer):
        writer.note(LANE, claimed(*range(9)))
        wait_until(lambda: len(alive(records)) == 9, "the runs to be noted")
        for number in range(9):
            writer.answered(LANE, f"b/{number}", 0)
        wait_until(lambda: all(run.answered for run in alive(records)), "the answers to be noted")

    assert records.writes <= 3, "one more at most, if the second ended among them"


def test_an_answer_that_the_ledger_refused_is_noted_later(records: Records) -> None:
    def refuse() -> None:
        raise Unavailable("the disk is full")

    writer = SentWriter(ports(records))
    writer.note(LANE, claimed(0))
    writer.commit()
    writer.answered(LANE, "b/0", 0)
    records.before = refuse
    with pytest.raises(Unavailable):
        writer.commit()
    records.before = lambda: None
    writer.commit()

    assert alive(records) == {SentRun("b", 0, 0, answered=True)}


def test_old_notes_are_swept_once_an_hour_by_who_writes_any(records: Records) -> None:
    clock = Clock()
    writer = SentWriter(ports(records, clock))
    for number in range(180):
        writer.note(LANE, claimed(number))
        writer.commit()
        clock.now += timedelta(minutes=1)

    assert records.sweeps == 3


def test_a_run_costs_at_most_one_write_and_far_less_where_many_are_begun_at_once(records: Records) -> None:
    runs = 300
    writer = SentWriter(ports(records))
    with running(writer):
        for number in range(runs):
            writer.note(LANE, claimed(number))
        wait_until(lambda: len(alive(records)) == runs, "all to be noted")

    assert records.writes < runs / 10
