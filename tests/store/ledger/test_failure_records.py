"""Of what was written about a run's failures the newest counts, by attempt and fence and not by who wrote last."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.store.interface import Store
from forebay.store.ledger.failure_records import FailureRecords
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.records import FailureRecord
from tests.store.memory import MemoryStore

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def failed(attempt: int, fence: int, message: str = "m") -> FailureRecord:
    return FailureRecord(
        attempt=attempt,
        error_class=FailureClass.TRANSFER,
        code=None,
        message=message,
        query_run="qryrun_1",
        request_id=None,
        at=NOW,
        fence=fence,
    )


@pytest.fixture
def records(store: Store) -> FailureRecords:
    return FailureRecords(store, "batches/a/l")


def test_a_sleeper_covers_neither_a_newer_failure_nor_a_retry(records: FailureRecords) -> None:
    records.add(3, failed(0, 20, "seen by who took over"))
    records.retry(3, failed(0, 20))
    records.add(3, failed(0, 10, "of the sleeper"))

    assert records.of(3) == replace(failed(0, 20, "seen by who took over"), retried=True)


def test_the_same_attempt_may_fail_again_after_a_retry(records: FailureRecords) -> None:
    records.add(3, failed(0, 20))
    records.retry(3, failed(0, 20))
    records.add(3, failed(0, 30, "again"))

    assert records.of(3) == failed(0, 30, "again")


def test_a_text_holds_from_the_attempt_after_the_retry_that_brought_it(records: FailureRecords) -> None:
    records.retry(3, failed(0, 10), "SELECT 1")
    records.retry(3, failed(1, 20))
    records.retry(3, failed(2, 30), "SELECT 2")

    assert [records.text(3, attempt) for attempt in range(5)] == [None, "SELECT 1", "SELECT 1", "SELECT 2", "SELECT 2"]
    assert records.text(4, 1) is None


def test_the_text_of_an_attempt_is_decided_once(records: FailureRecords) -> None:
    records.retry(3, failed(0, 10), "SELECT 1")
    records.retry(3, failed(0, 10), "SELECT 2")
    records.retry(3, failed(0, 10))

    assert records.text(3, 1) == "SELECT 1"


def test_runs_come_in_their_order_with_those_that_were_written_before_there_were_fences(store: Store) -> None:
    old = b'{"format": 1, "attempt": 2, "error_class": "sql", "message": "old", "at": "2026-11-22T12:30:00Z"}'
    for index in (1, 4):
        store.put(f"batches/a/l/failed-{index:09d}.json", old)
    records = FailureRecords(store, "batches/a/l")
    records.add(2, failed(0, 20))
    records.add(4, failed(3, 20))

    told = {index: (failure.attempt, failure.fence) for index, failure in records.all()}
    assert list(told.items()) == [(1, (2, 0)), (2, (0, 20)), (4, (3, 20))]

    before = records.of(1)
    assert before and not before.retried
    records.retry(1, before)
    after = records.of(1)
    assert after and after.retried
    assert dict(records.all())[1] == after


def test_a_run_that_did_not_fail_has_none(records: FailureRecords) -> None:
    records.add(11, failed(0, 1))

    assert records.of(1) is None
    assert [index for index, _ in records.all()] == [11]


@given(
    words=st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 5)), max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_writing_does_not_matter(words: list[tuple[bool, int, int]], order: "st.random.Random") -> None:
    def written(words: list[tuple[bool, int, int]]) -> FailureRecord | None:
        records = FailureRecords(MemoryStore(), "f")
        for retried, attempt, fence in words:
            (records.retry if retried else records.add)(0, failed(attempt, fence))
        return records.of(0)

    shuffled = list(words)
    order.shuffle(shuffled)

    assert written(words) == written(shuffled)
