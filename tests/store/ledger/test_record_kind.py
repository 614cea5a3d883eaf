import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from forebay.config.standing import FlowClass, Standing
from forebay.store.errors import BadRecord, NotFound
from forebay.store.ledger.outcomes import Stop
from forebay.store.ledger.record_kind import RecordKind
from forebay.store.ledger.records import BATCH_SHAPE, Batch, FailureRecord, FlowSummary, Moment
from forebay.store.local import LocalStore

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
STOP = Stop(at=NOW, by="canary", reason="no such column")


def stop_key(batch: str, number: int) -> str:
    return f"{batch}/stop-{number}.json"


STOPS = RecordKind(TypeAdapter(Stop), stop_key)
MOMENTS = RecordKind(TypeAdapter(Moment), str)
BATCHES = RecordKind(BATCH_SHAPE, str)


def stop_bytes(**changed: Any) -> bytes:
    return json.dumps({**json.loads(STOPS.dump(STOP)), **changed}).encode()


def test_a_record_lies_under_the_key_of_what_it_is_about(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    assert STOPS.find(store, "b1", 2) is None
    assert not STOPS.exists(store, "b1", 2)
    with pytest.raises(NotFound):
        STOPS.get(store, "b1", 2)

    STOPS.put(store, STOP, "b1", 2)

    assert list(store.list()) == ["b1/stop-2.json"]
    assert STOPS.get(store, "b1", 2) == STOPS.find(store, "b1", 2) == STOPS.read(store, "b1/stop-2.json") == STOP
    assert STOPS.exists(store, "b1", 2)
    assert not STOPS.exists(store, "b1", 3)


def test_what_is_created_is_not_replaced_and_what_is_put_is(tmp_path: Path) -> None:
    store, later = LocalStore(tmp_path), STOP.model_copy(update={"resumed": True})

    assert STOPS.create(store, STOP, "b1", 1)
    assert not STOPS.create(store, later, "b1", 1)
    assert STOPS.get(store, "b1", 1) == STOP
    STOPS.put(store, later, "b1", 1)
    assert STOPS.get(store, "b1", 1) == later


def test_what_a_newer_forebay_has_added_is_ignored() -> None:
    assert STOPS.load("k", stop_bytes(news=1)) == STOP


def test_what_was_added_later_is_not_missed_in_what_is_older() -> None:
    record = json.loads(STOPS.dump(STOP))
    del record["resumed"]

    assert STOPS.load("k", json.dumps(record).encode()) == STOP


def test_a_failure_that_says_less_is_still_a_failure() -> None:
    failures = RecordKind(TypeAdapter(FailureRecord), str)
    least = b'{"format": 1, "attempt": 2, "error_class": "provider", "message": "m", "at": "2026-11-22T12:30:00Z"}'

    failure = failures.load("k", least)

    assert (failure.attempt, failure.code, failure.query_run, failure.request_id) == (2, None, None, None)


def test_another_format_is_refused_and_not_guessed() -> None:
    with pytest.raises(BadRecord, match="has format 2; this Forebay reads 1"):
        STOPS.load("the key", stop_bytes(format=2))
    newer = RecordKind(TypeAdapter(Stop), stop_key, version=2)
    assert json.loads(newer.dump(STOP))["format"] == 2
    assert newer.load("the key", newer.dump(STOP)) == STOP
    with pytest.raises(BadRecord, match="has format 1; this Forebay reads 2"):
        newer.load("the key", STOPS.dump(STOP))


def test_what_an_older_one_would_misread_has_another_format_and_all_else_keeps_its_own() -> None:
    kind = RecordKind(TypeAdapter(Stop), stop_key, misread_before=lambda stop: stop.resumed)
    resumed = STOP.model_copy(update={"resumed": True})
    assert [json.loads(kind.dump(stop))["format"] for stop in (STOP, resumed)] == [1, 2]
    assert [kind.load("k", kind.dump(stop)) for stop in (STOP, resumed)] == [STOP, resumed]
    with pytest.raises(BadRecord, match="has format 2; this Forebay reads 1"):
        STOPS.load("k", kind.dump(resumed))
    with pytest.raises(BadRecord, match="has format 3; this Forebay reads 2"):
        kind.load("k", stop_bytes(format=3))


@pytest.mark.parametrize("data", [b"", b"x", b"[]", b'"format"', b"{}", b"\xff", b"null"])
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(BadRecord, match=r"the key.*no JSON object with a format"):
        STOPS.load("the key", data)


@pytest.mark.parametrize("changed", [{"by": "nobody"}, {"at": None}, {"reason": ["secret"]}])
def test_what_has_another_form_is_refused_without_its_values(changed: dict[str, Any]) -> None:
    (name,) = changed
    with pytest.raises(BadRecord, match=f"another form: {name}: ") as caught:
        STOPS.load("the key", stop_bytes(**changed))
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_time_without_a_zone_is_neither_read_nor_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="timezone"):
        MOMENTS.create(LocalStore(tmp_path), Moment(at=NOW.replace(tzinfo=None)), "k")
    assert list(LocalStore(tmp_path).list()) == []
    with pytest.raises(BadRecord, match="timezone"):
        MOMENTS.load("k", b'{"format": 1, "at": "2026-11-22T12:30:00"}')


def test_a_time_of_any_zone_is_the_same_moment() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert MOMENTS.load("k", MOMENTS.dump(Moment(at=elsewhere))) == Moment(at=NOW)


def test_how_a_batch_is_served_lies_side_by_side_in_its_file() -> None:
    batch = Batch(
        id="a",
        output="out",
        source="",
        standing=Standing(flow_class=FlowClass.BACKFILL, weight=2.5, ceiling=7),
        created_at=NOW,
        connection="main",
        flows=(FlowSummary(lane="l", size=1),),
        chunk_items=500,
        writing="1",
    )
    record = json.loads(BATCHES.dump(batch))

    assert (record["flow_class"], record["weight"], record["ceiling"]) == ("backfill", 2.5, 7)
    assert "standing" not in record
    assert BATCHES.load("k", BATCHES.dump(batch)) == batch
    del record["weight"], record["ceiling"]
    assert BATCHES.load("k", json.dumps(record).encode()).standing == Standing(flow_class=FlowClass.BACKFILL)
