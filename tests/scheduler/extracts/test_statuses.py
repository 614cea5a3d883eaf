"""What has become of windows, as the ledger tells it."""

from datetime import UTC, datetime
from pathlib import Path

from forebay.scheduler.extracts.statuses import StatusReader
from forebay.scheduler.windows.calendar import Window
from forebay.store.ledger.marks import Marks
from forebay.store.local import LocalStore
from tests.scheduler.closing.conftest import closing
from tests.worker.conftest import World

WINDOW = Window(start=datetime(2026, 10, 1, tzinfo=UTC), end=datetime(2026, 10, 2, tzinfo=UTC))
BATCH = "fees.20261001T0000Z-20261002T0000Z"


def test_a_repeat_whose_writer_died_is_none(world: World, tmp_path: Path) -> None:
    world.open(batch=BATCH)
    assert world.rt.ledger.record_closing(BATCH, closing(outcome="canceled"), after=0)
    world.rt.store(str(world.destination.parent / "ledger")).put(f"batches/{BATCH}.r2/items", b"")

    status = StatusReader(world.rt.ledger, Marks(LocalStore(tmp_path / "marks"))).read("fees", [WINDOW])

    assert [(one.batch, one.outcome) for one in status.windows] == [(BATCH, "canceled")]
