from datetime import UTC, datetime

import pytest

from forebay.store.interface import Store
from forebay.store.ledger.marks import Marks
from forebay.store.ledger.records import ExtractPause

NOW = datetime(2026, 10, 1, tzinfo=UTC)
LATER = datetime(2026, 10, 2, tzinfo=UTC)


@pytest.fixture
def marks(store: Store) -> Marks:
    return Marks(store)


def test_a_mark_is_made_once(marks: Marks) -> None:
    assert not marks.has("fees", "late", "w1")
    assert marks.add("fees", "late", "w1", NOW)
    assert not marks.add("fees", "late", "w1", LATER)
    assert marks.has("fees", "late", "w1")


def test_marks_of_other_kinds_and_extracts_are_others(marks: Marks) -> None:
    marks.add("fees", "late", "w1", NOW)
    marks.add("fees", "skipped", "w2", NOW)
    marks.add("fees2", "skipped", "w3", NOW)

    assert list(marks.all("fees", "skipped")) == ["w2"]
    assert not marks.has("fees", "skipped", "w1")


def test_an_extract_is_first_seen_once(marks: Marks) -> None:
    assert marks.first_seen("fees", NOW) == NOW
    assert marks.first_seen("fees", LATER) == NOW
    assert marks.first_seen("other", LATER) == LATER


def test_an_extract_is_paused_for_the_first_reason_until_it_is_resumed(marks: Marks) -> None:
    first = ExtractPause(at=NOW, reason="the chart of accounts moves")
    assert marks.paused("fees") is None
    assert marks.pause("fees", first)
    assert not marks.pause("fees", ExtractPause(at=LATER, reason="another"))
    assert marks.paused("fees") == first
    assert marks.paused("fees2") is None

    assert marks.resume("fees")
    assert not marks.resume("fees")
    assert marks.paused("fees") is None
