import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forebay.config.stripe import Api
from forebay.store.errors import BadRecord, NotFound, Unavailable
from forebay.store.interface import Store
from forebay.store.ledger.batch_writer import Written
from forebay.store.ledger.failures import FailureClass
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import BatchTerms, FailureRecord, FlowSummary, Item, PathNames
from forebay.store.local import LocalStore
from tests.store.batch_ids import batch_ids

NOW = datetime(2026, 11, 22, 12, 30, 0, 250_000, tzinfo=UTC)
LANE = "acme:live"
FAILURE = FailureRecord(
    attempt=1,
    error_class=FailureClass.SQL,
    code="query_run_invalid_sql",
    message="line 1: no such column 'ä'",
    query_run="qryrun_1",
    request_id="req_1",
    at=NOW,
)


def item(number: int, account: str | None = None) -> Item:
    return Item(name=f"q{number}", sql=f"select {number} -- 'ü'\n", account=account)


def write(ledger: Ledger, batch_id: str, *flows: tuple[str, int]) -> Written:
    items = ((lane, item(number)) for lane, size in flows for number in range(size))
    return ledger.write_batch(terms(batch_id), items, connection="main", created_at=NOW)


def terms(batch_id: str = "a") -> BatchTerms:
    return BatchTerms(id=batch_id, output="s3://bucket/out", source="submit queries/*.sql")


def test_a_batch_comes_back_as_it_was_written(store: Store):
    written = write(Ledger(store, chunk_items=3), "2026-11-22-a", (LANE, 7), ("other:test", 3))
    assert written.created
    fresh = Ledger(store)  # with another setting: the batch knows how it was cut
    batch = fresh.batch("2026-11-22-a")
    assert batch == written.batch
    assert batch.created_at == NOW
    assert batch.flows == (FlowSummary(lane=LANE, size=7), FlowSummary(lane="other:test", size=3))
    assert [fresh.item(batch.id, LANE, index) for index in range(7)] == [item(index) for index in range(7)]
    assert list(fresh.items(batch.id, LANE)) == [item(index) for index in range(7)]
    assert list(fresh.items(batch.id, LANE, 2, 5)) == [item(2), item(3), item(4)]
    assert list(fresh.items(batch.id, "other:test", 1)) == [item(1), item(2)]
    assert list(batch_ids(fresh)) == ["2026-11-22-a"]


def test_a_new_batch_has_no_percent_signs_in_the_paths_of_its_results(store: Store):
    assert write(Ledger(store), "a", (LANE, 1)).batch.path_names is PathNames.PLAIN
    assert Ledger(store).batch("a").path_names is PathNames.PLAIN

    record = json.loads(store.get("batches/a/batch.json"))
    store.put("batches/a/batch.json", json.dumps(record | {"path_names": "of next year"}).encode())
    with pytest.raises(BadRecord, match="path_names"):  # nobody may guess where its results lie
        Ledger(store).batch("a")


def test_a_batch_keeps_the_format_of_its_results_and_one_without_any_means_auto(store: Store):
    asked = replace(terms(), result_format="zip")
    Ledger(store).write_batch(asked, [(LANE, item(0))], connection="main", created_at=NOW)
    assert Ledger(store).batch("a").result_format == "zip"

    record = json.loads(store.get("batches/a/batch.json"))
    del record["result_format"]
    store.put("batches/a/batch.json", json.dumps(record).encode())
    assert Ledger(store).batch("a").result_format == "auto"

    store.put("batches/a/batch.json", json.dumps(record | {"result_format": "of next year"}).encode())
    assert Ledger(store).batch("a").result_format == "of next year", "who cannot land it can still list it"


def test_a_batch_keeps_by_which_api_it_is_asked_and_one_of_before_is_asked_by_the_older(store: Store):
    Ledger(store).write_batch(terms(), [(LANE, item(0))], connection="main", api=Api.DATA, created_at=NOW)
    assert Ledger(store).batch("a").api is Api.DATA

    record = json.loads(store.get("batches/a/batch.json"))
    assert record["format"] > 1, "an older worker would create its runs by the other one"
    del record["api"]
    store.put("batches/a/batch.json", json.dumps(record).encode())
    assert Ledger(store).batch("a").api is Api.REPORTING


def test_a_second_write_of_an_id_returns_the_first_batch_and_reads_no_items(store: Store):
    ledger = Ledger(store)
    first = write(ledger, "a", (LANE, 2))

    def never() -> Iterator[tuple[str, Item]]:
        raise AssertionError("nobody needs these items")
        yield

    second = Ledger(store).write_batch(terms(), never(), connection="x", created_at=NOW + timedelta(days=1))
    assert not second.created
    assert second.batch == first.batch


def test_of_two_writers_at_once_one_wins_and_its_items_are_the_ones_kept(store: Store):
    def contend(number: int) -> Written:
        items = ((LANE, Item(name=f"{number}", sql="select 1", account=None)) for _ in range(5))
        return Ledger(store, chunk_items=2).write_batch(terms(), items, connection=f"{number}", created_at=NOW)

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(contend, range(4)))
    winner = next(outcome.batch for outcome in outcomes if outcome.created)
    assert all(outcome.batch == winner for outcome in outcomes)
    assert sum(outcome.created for outcome in outcomes) == 1
    assert {kept.name for kept in Ledger(store).items("a", LANE)} == {winner.connection}
    assert len(list(store.list("batches/"))) == 4, "the losers' chunks are removed"


def test_an_error_among_the_items_leaves_nothing(store: Store):
    def broken() -> Iterator[tuple[str, Item]]:
        for number in range(10):
            yield LANE, item(number)
        raise ValueError("a template failed")

    with pytest.raises(ValueError, match="template"):
        Ledger(store, chunk_items=2).write_batch(terms(), broken(), connection="main", created_at=NOW)
    assert list(store.list()) == []
    assert list(batch_ids(Ledger(store))) == []


def test_a_half_written_batch_does_not_exist_and_can_be_written_anew(store: Store):
    store.put("batches/a/acme%3Alive/items-000000-0badc0de.ndjson.gz", b"from a writer that was killed")
    ledger = Ledger(store)
    assert list(batch_ids(ledger)) == []
    with pytest.raises(NotFound):
        ledger.batch("a")
    assert write(ledger, "a", (LANE, 2)).created
    assert ledger.item("a", LANE, 1) == item(1)


class LostReply(LocalStore):
    """A store whose answer to a create is lost after the work was done, as a retrying client would see it."""

    def create(self, key: str, data: bytes) -> bool:
        super().create(key, data)
        return False


class LostCall(LocalStore):
    """The same, for a client that gives up."""

    def create(self, key: str, data: bytes) -> bool:
        super().create(key, data)
        raise Unavailable("no answer")


def test_a_lost_reply_does_not_make_our_own_batch_look_like_anothers(tmp_path: Path):
    assert write(Ledger(LostReply(tmp_path)), "a", (LANE, 2)).created


def test_a_batch_that_may_exist_keeps_its_chunks(tmp_path: Path):
    with pytest.raises(Unavailable):
        write(Ledger(LostCall(tmp_path)), "a", (LANE, 2))
    assert Ledger(LocalStore(tmp_path)).item("a", LANE, 1) == item(1)


def test_full_chunks_are_written_while_items_still_come(local_store: LocalStore):
    def watched() -> Iterator[tuple[str, Item]]:
        for number in range(1000):
            yield LANE, item(number)
            assert len(list(local_store.list("batches/a/"))) == (number + 1) // 100

    Ledger(local_store, chunk_items=100).write_batch(terms(), watched(), connection="main", created_at=NOW)


def test_a_hundred_thousand_items_are_written_and_found(local_store: LocalStore):
    ledger = Ledger(local_store)
    batch = write(ledger, "big", *[(f"lane{number}:live", 10_000) for number in range(10)]).batch
    assert batch.size == 100_000
    assert ledger.item("big", "lane7:live", 9_999) == item(9_999)
    assert list(ledger.items("big", "lane3:live", 4_999, 5_001)) == [item(4_999), item(5_000)]


def test_chunks_are_the_same_bytes_whenever_they_are_written(tmp_path: Path):
    chunks = []
    for name in ("one", "two"):
        store = LocalStore(tmp_path / name)
        write(Ledger(store), "a", (LANE, 3000))
        chunks.append([store.get(key) for key in store.list() if key.endswith(".gz")])
    assert chunks[0] == chunks[1]
    assert b"".join(map(gzip.decompress, chunks[0])).count(b"\n") == 3000


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(
    items=st.lists(
        st.tuples(
            st.sampled_from(["a:live", "b:test", "ö/..:live"]),
            st.builds(Item, name=st.text(), sql=st.text(), account=st.none() | st.text()),
        ),
        max_size=40,
    ),
    chunk_items=st.integers(1, 7),
)
def test_any_text_survives_in_any_order_of_lanes(
    tmp_path_factory: pytest.TempPathFactory, items: list[tuple[str, Item]], chunk_items: int
):
    ledger = Ledger(LocalStore(tmp_path_factory.mktemp("ledger")), chunk_items=chunk_items)
    batch = ledger.write_batch(terms(), items, connection="main", created_at=NOW).batch
    for flow in batch.flows:
        expected = [one for lane, one in items if lane == flow.lane]
        assert flow.size == len(expected)
        assert list(ledger.items("a", flow.lane)) == expected
        assert [ledger.item("a", flow.lane, index) for index in range(flow.size)] == expected


def test_asking_for_what_a_batch_does_not_have_raises_not_found(store: Store):
    ledger = Ledger(store)
    write(ledger, "a", (LANE, 2))
    for batch_id, lane, index in [("b", LANE, 0), ("a", "x:live", 0), ("a", LANE, 2), ("a", LANE, -1)]:
        with pytest.raises(NotFound):
            ledger.item(batch_id, lane, index)


def test_ids_of_any_length_and_letters_are_listed_as_they_are(store: Store):
    ids = ["a/b", "extract:2026-01-01", "x" * 300]
    for batch_id in ids:
        write(Ledger(store), batch_id, (LANE, 1))
    assert sorted(batch_ids(Ledger(store))) == sorted(ids)


def test_failures_are_kept_and_a_later_attempt_replaces_them(store: Store):
    ledger = Ledger(store)
    assert ledger.failure("a", LANE, 12) is None
    ledger.record_failure("a", LANE, 12, FAILURE)
    assert ledger.failure("a", LANE, 12) == FAILURE
    later = FailureRecord(
        attempt=2, error_class=FailureClass.PROVIDER, code=None, message="m", query_run=None, request_id=None, at=NOW
    )
    ledger.record_failure("a", LANE, 12, later)
    ledger.record_failure("a", LANE, 3, FAILURE)
    assert list(ledger.failures("a", LANE)) == [(3, FAILURE), (12, later)]


def test_a_cancel_keeps_its_first_moment(store: Store):
    ledger = Ledger(store)
    assert ledger.canceled_at("a") is None
    ledger.record_cancel("a", NOW)
    ledger.record_cancel("a", NOW + timedelta(hours=1))
    assert ledger.canceled_at("a") == NOW


def test_a_moment_keeps_its_zone_and_one_without_is_refused(local_store: LocalStore):
    ledger = Ledger(local_store)
    zoned = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    ledger.record_cancel("a", zoned)
    assert ledger.canceled_at("a") == NOW
    with pytest.raises(ValueError, match="timezone"):
        ledger.record_cancel("b", NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="no time zone"):
        ledger.write_batch(terms("b"), [], connection="main", created_at=NOW.replace(tzinfo=None))


def test_unknown_fields_are_ignored_and_unknown_formats_refused(local_store: LocalStore):
    write(Ledger(local_store), "a", (LANE, 1))
    key = "batches/a/batch.json"
    record = json.loads(local_store.get(key))
    assert record["format"] == 1
    local_store.put(key, json.dumps({**record, "news": 1}).encode())
    assert Ledger(local_store).batch("a").id == "a"
    for broken in ({**record, "format": 3}, {**record, "flows": None}, {"format": 1}, [], "x"):
        local_store.put(key, json.dumps(broken).encode())
        with pytest.raises(BadRecord, match=r"batch\.json"):
            Ledger(local_store).batch("a")


def test_a_damaged_chunk_says_so(local_store: LocalStore):
    write(Ledger(local_store), "a", (LANE, 100))
    key = next(key for key in local_store.list() if key.endswith(".gz"))
    whole = local_store.get(key)
    for damaged in (b"", b"text", whole[:-9], whole[:50] + b"\xff" + whole[51:]):
        local_store.put(key, damaged)
        with pytest.raises(BadRecord, match="ledger record"):
            Ledger(local_store).item("a", LANE, 99)
