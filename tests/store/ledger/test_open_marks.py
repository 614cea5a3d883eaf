"""One LIST tells which batches may have something left to do, and what people asked of them."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from forebay.store.interface import Store
from forebay.store.key_rules import segment
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.open_marks import OpenMarks, accepted_at, is_retried
from forebay.store.ledger.outcomes import Closing, Coverage, Review
from forebay.store.ledger.records import BatchTerms, Item
from forebay.store.local import LocalStore
from tests.store.batch_ids import batch_ids

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def accept(store: Store, batch_id: str, items: Iterable[tuple[str, Item]] = ()) -> None:
    terms = BatchTerms(id=batch_id, output="out", source="test")
    given = items or [("l", Item(name="q", sql="SELECT 1", account=None))]
    Ledger(store).write_batch(terms, given, connection="c", created_at=NOW)


def test_marks_tell_all_by_their_names(store: Store) -> None:
    marks = OpenMarks(store)
    marks.accept("a/b", NOW)
    marks.steer("a/b", 3)
    marks.cancel("c")
    marks.retry("c")

    listed = marks.all()

    assert set(listed) == {segment("a/b"), "c"}
    assert "intents-000003" in listed[segment("a/b")]
    assert accepted_at(listed[segment("a/b")]) == NOW
    assert accepted_at(listed["c"]) is None
    assert (is_retried(listed["c"]), is_retried(listed[segment("a/b")])) == (True, False)


def test_what_is_written_after_the_listing_is_not_taken_away(store: Store) -> None:
    marks = OpenMarks(store)
    marks.retry("a")
    listed = marks.all()["a"]
    marks.retry("a")

    marks.remove("a", listed)

    (left,) = marks.all().values()
    assert len(left) == 1
    assert not left & listed


def test_an_accepted_batch_has_a_mark(store: Store) -> None:
    accept(store, "a")

    assert set(OpenMarks(store).all()) == {"a"}


def test_a_batch_that_is_reviewed_has_a_mark_though_who_found_it_closed_swept_meanwhile(store: Store) -> None:
    accept(store, "a")
    ledger = Ledger(store)
    closing = Closing(
        at=NOW,
        outcome="checks_failed",
        runs=1,
        landed=1,
        failed=0,
        canceled=0,
        stored_bytes=1,
        records=1,
        coverage=Coverage(expected=0, landed=0),
        in_quarantine=1,
    )
    ledger.record_closing("a", closing, after=0)

    def decide(review: Review) -> Review:
        ledger.open_marks.remove("a", ledger.open_marks.all()["a"])
        return review

    assert ledger.review("a", decide)
    assert set(ledger.open_marks.all()) == {"a"}


class Dying(LocalStore):
    """Dies right before one of its writes, and cannot tidy up."""

    def __init__(self, store: LocalStore, writes: int) -> None:
        super().__init__(store._root)
        self.writes = writes

    def put(self, key: str, data: bytes) -> None:
        self._die()
        super().put(key, data)

    def create(self, key: str, data: bytes) -> bool:
        self._die()
        return super().create(key, data)

    def delete(self, key: str) -> None:
        raise KeyboardInterrupt

    def _die(self) -> None:
        self.writes -= 1
        if self.writes < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("writes", "there"), [(0, False), (1, False), (2, False), (3, False), (4, False), (5, True)])
def test_no_crash_leaves_a_batch_without_a_mark(local_store: LocalStore, writes: int, there: bool) -> None:
    with suppress(KeyboardInterrupt):
        accept(Dying(local_store, writes), "a")

    assert list(batch_ids(Ledger(local_store))) == (["a"] if there else [])
    marked = "a" in OpenMarks(local_store).all()
    found = any(each.folder == "a" for each in Ledger(local_store).acceptances.newest(datetime.now(UTC)))
    assert there <= found <= marked, "a mark without a batch is swept; a batch needs its marks, the open one first"


def test_items_that_cannot_be_had_leave_nothing(local_store: LocalStore) -> None:
    def broken() -> Iterator[tuple[str, Item]]:
        yield "l", Item(name="q", sql="SELECT 1", account=None)
        raise ValueError

    with pytest.raises(ValueError):
        accept(local_store, "a", broken())

    assert list(local_store.list()) == []
