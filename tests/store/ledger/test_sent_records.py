"""What may be alive at Stripe is what was noted lately, by any process."""

from datetime import UTC, datetime, timedelta

from forebay.store.interface import Store
from forebay.store.ledger.sent_records import KEPT, MAY_BE_ALIVE, NOTED_FOR, SentMinute, SentRecords, SentRun

NOW = datetime(2026, 11, 22, 12, 30, 20, tzinfo=UTC)
LANE, OTHER = "acme:live", "other:test"


def test_notes_of_all_processes_add_up_by_lane(store: Store) -> None:
    sent = SentRecords(store)
    sent.write(NOW, "host-1", SentMinute({LANE: {"b/1": [(0, 0)]}}))
    sent.write(NOW, "host-1", SentMinute({LANE: {"b/1": [(0, 0), (1, 0)]}, OTHER: {"c": [(7, 2)]}}))
    sent.write(NOW - timedelta(minutes=3), "host-2", SentMinute({LANE: {"b/1": [(2, 1), (0, 0)]}}))

    assert sent.may_be_alive(NOW) == {
        LANE: {SentRun("b/1", 0, 0), SentRun("b/1", 1, 0), SentRun("b/1", 2, 1)},
        OTHER: {SentRun("c", 7, 2)},
    }


def test_what_was_answered_is_told_whichever_process_heard_it(store: Store) -> None:
    sent = SentRecords(store)
    sent.write(NOW - timedelta(minutes=9), "host-1", SentMinute({LANE: {"b": [(0, 0), (0, 1), (1, 0)]}}))
    sent.write(NOW, "host-2", SentMinute({}, {LANE: {"b": [(0, 0)]}, OTHER: {"b": [(1, 0)]}}))

    assert sent.may_be_alive(NOW) == {LANE: {SentRun("b", 0, 0, answered=True), SentRun("b", 0, 1), SentRun("b", 1, 0)}}


def test_notes_of_a_release_that_told_no_answers_are_read(store: Store) -> None:
    store.put("sent/20261122T1230Z-host.json", b'{"format": 1, "runs": {"acme:live": {"b": [[0, 0]]}}}')

    assert SentRecords(store).may_be_alive(NOW) == {LANE: {SentRun("b", 0, 0)}}


def test_a_note_counts_for_as_long_as_a_query_can_live_that_was_created_while_it_was_good(store: Store) -> None:
    sent = SentRecords(store)
    sent.write(NOW, "host", SentMinute({LANE: {"b": [(0, 0)]}}))
    stripes_limit = timedelta(minutes=90)

    assert sent.may_be_alive(NOW + NOTED_FOR + stripes_limit)
    assert not sent.may_be_alive(NOW + MAY_BE_ALIVE + timedelta(minutes=1))


def test_old_notes_are_swept_whoever_wrote_them(store: Store) -> None:
    sent = SentRecords(store)
    for age in (timedelta(), KEPT + timedelta(minutes=1), timedelta(days=3)):
        sent.write(NOW - age, "a host: with letters/of all kinds", SentMinute({}))

    sent.sweep(NOW)

    assert len(list(store.list("sent/"))) == 1
    assert KEPT > MAY_BE_ALIVE
