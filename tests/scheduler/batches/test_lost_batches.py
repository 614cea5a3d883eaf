"""What Redis has lost is found by asking it first: nothing is read of what it knows, however much is open."""

from datetime import UTC, datetime
from pathlib import Path

import redis

from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.scheduler.batches.lost_batches import lost_batches
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import BatchTerms, Item
from forebay.store.local import LocalStore

NOW = datetime(2026, 11, 29, tzinfo=UTC)


class Counted(LocalStore):
    """A folder that counts what is read of it."""

    gets = 0

    def get(self, key: str) -> bytes:
        self.gets += 1
        return super().get(key)


def _write(ledger: Ledger, batch_id: str) -> None:
    items = [("acme:test", Item(name="a", sql="SELECT 1", account=None))]
    ledger.write_batch(BatchTerms(id=batch_id, output="out", source="test"), items, connection="acme", created_at=NOW)


def test_of_what_redis_knows_nothing_is_read(tmp_path: Path, valkey: redis.Redis) -> None:
    written = Ledger(LocalStore(tmp_path))
    for batch_id in ("b1", "b2", "lost"):
        _write(written, batch_id)
    for batch_id in ("b1", "b2"):
        RecentBatches(valkey).add(batch_id, NOW)
    store = Counted(tmp_path)

    found = [batch_id for batch_id, _ in lost_batches(Ledger(store), valkey, written.open_marks.all())]

    assert found == ["lost"]
    assert store.gets == 1


def test_a_mark_without_a_batch_is_none_and_a_record_that_cannot_be_read_is_named(
    tmp_path: Path, valkey: redis.Redis
) -> None:
    ledger = Ledger(LocalStore(tmp_path))
    ledger.open_marks.accept("being-written", NOW)
    _write(ledger, "broken")
    (tmp_path / "batches/broken/batch.json").write_text("{")

    assert [*lost_batches(Ledger(LocalStore(tmp_path)), valkey, ledger.open_marks.all())] == [("broken", None)]


def test_a_very_long_id_that_redis_knows_is_not_lost(tmp_path: Path, valkey: redis.Redis) -> None:
    ledger = Ledger(LocalStore(tmp_path))
    for batch_id in ("a" * 300, "b" * 300):
        _write(ledger, batch_id)
    RecentBatches(valkey).add("a" * 300, NOW)

    assert [batch_id for batch_id, _ in lost_batches(ledger, valkey, ledger.names.folders())] == ["b" * 300]
