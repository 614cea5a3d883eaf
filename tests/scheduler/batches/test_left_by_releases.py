"""What an older release left behind goes with `rebuild --all`: in the ledger, beside results, and in quarantine."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from forebay.scheduler.batches.left_by_releases import sweep_left
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import BatchTerms, Item
from forebay.store.local import LocalStore, open_folder

NOW = datetime.now(UTC)


def _left(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".forebay-tmp-0123456789abcdef"
    path.write_bytes(b"left")
    os.utime(path, times=((NOW - timedelta(days=2)).timestamp(),) * 2)
    return path


def test_unfinished_files_go_and_those_of_others_stay(tmp_path: Path) -> None:
    place, out = LocalStore(tmp_path / "ledger"), tmp_path / "out"
    ledger = Ledger(place)
    terms = BatchTerms(id="b1", output=str(out), source="test")
    items = [("acme:test", Item(name="a", sql="SELECT 1", account=None))]
    ledger.write_batch(terms, items, connection="acme", created_at=NOW)
    ours = [_left(tmp_path / "ledger/batches/b1"), _left(out / "b1"), _left(out / "_quarantine/b1")]
    others = _left(out / "of-somebody")
    place.put("batches/broken/batch.json", b"{")

    assert sweep_left(place, ledger, open_folder, NOW) == 3

    assert [path for path in ours if path.exists()] == []
    assert others.exists()
    assert ledger.batch("b1")
