"""What is left of a batch whose writer was killed before it came to be, and who takes it away."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forebay.store.errors import Unavailable
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import BatchTerms, Item
from forebay.store.ledger.writings import Writings
from forebay.store.local import LocalStore
from tests.store.batch_ids import batch_ids

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1, seconds=1)
LANE = "acme:live"

_WRITER = """
import sys
from pathlib import Path
from tests.store.ledger.test_writings import items, write
from forebay.store.ledger.ledger import Ledger
from forebay.store.local import LocalStore

def for_ever():
    yield from items(5)
    print("writes", flush=True)
    sys.stdin.read()

write(Ledger(LocalStore(Path(sys.argv[1])), chunk_items=2), for_ever())
"""


def items(count: int) -> Iterator[tuple[str, Item]]:
    return ((LANE, Item(name=f"q{number}", sql="select 1", account=None)) for number in range(count))


def write(ledger: Ledger, what: Iterator[tuple[str, Item]], batch_id: str = "b1") -> bool:
    terms = BatchTerms(id=batch_id, output="out", source="a test")
    return ledger.write_batch(terms, what, connection="acme", created_at=NOW).created


def chunks(store: Store) -> list[str]:
    return [key for key in store.list("batches/") if key.endswith(".gz")]


def test_items_of_a_batch_whose_writer_was_killed_are_swept_after_a_day(tmp_path: Path):
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", _WRITER, str(tmp_path)]
    store = LocalStore(tmp_path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout
        assert process.stdout.readline() == b"writes\n"
        assert Ledger(store).sweep(NOW + timedelta(hours=23)) == 0
        process.kill()
    assert len(chunks(store)) == 2
    assert Ledger(store).sweep(NOW + DAY) == 1
    assert list(store.list()) == []
    assert list(store.folders("batches/")) == []


def test_a_batch_that_came_to_be_is_never_swept_and_leaves_no_mark(store: Store):
    ledger = Ledger(store, chunk_items=2)
    assert write(ledger, items(5))
    assert list(store.list("writing/")) == []
    Writings(store).begin("b1", ledger.batch("b1").writing, NOW)  # its writer died before it took the mark away
    assert ledger.sweep(NOW + DAY) == 1
    assert list(Ledger(store).items("b1", LANE)) == [item for _, item in items(5)]
    assert list(store.list("writing/")) == []


def test_of_two_tries_of_one_batch_only_what_came_to_nothing_is_swept(store: Store):
    ledger = Ledger(store, chunk_items=2)
    assert write(ledger, items(3))
    whole = chunks(store)
    left = Writings(store).begin("b1", "0011", NOW)
    store.put(f"batches/b1/acme%3Alive/items-000000-{left.name}.ndjson.gz", b"")
    assert ledger.sweep(NOW + DAY) == 1
    assert chunks(store) == whole


def test_a_writer_that_was_taken_for_dead_accepts_nothing(store: Store):
    ledger = Ledger(store, chunk_items=2)

    def slow() -> Iterator[tuple[str, Item]]:
        yield from items(5)
        Ledger(store).sweep(NOW + DAY)

    with pytest.raises(Unavailable, match="took more than a day to write"):
        write(ledger, slow())
    assert list(batch_ids(Ledger(store))) == []
    assert write(Ledger(store), items(5))


def test_an_error_among_the_items_leaves_no_mark(store: Store):
    def broken() -> Iterator[tuple[str, Item]]:
        yield from items(3)
        raise ValueError

    with pytest.raises(ValueError):
        write(Ledger(store, chunk_items=2), broken())
    assert list(store.list()) == []


def test_a_sweep_asks_once_where_nothing_was_left(local_store: LocalStore, monkeypatch: pytest.MonkeyPatch):
    ledger = Ledger(local_store, chunk_items=2)
    for number in range(5):
        write(ledger, items(3), f"b{number}")
    asked: list[str] = []
    for name in ("list", "get", "size", "delete"):
        real = getattr(LocalStore, name)
        monkeypatch.setattr(
            LocalStore, name, lambda self, key="", real=real, name=name: asked.append(name) or real(self, key)
        )
    assert ledger.sweep(NOW + DAY) == 0
    assert asked == ["list"]


def test_items_that_an_older_release_left_without_a_mark_are_swept_a_day_after_they_were_found(tmp_path: Path):
    store = LocalStore(tmp_path)
    ledger = Ledger(store, chunk_items=2)
    write(ledger, items(5), "whole")
    for number in range(2):
        store.put(f"batches/left/acme%3Alive/items-00000{number}-0a1b2c3d.ndjson.gz", b"")
    kept = [key for key in chunks(store) if "/whole/" in key]

    for folder in ("left", "whole"):
        ledger.adopt_left(folder, NOW)
        ledger.adopt_left(folder, NOW + timedelta(hours=1))  # found once more: the first time counts

    assert ledger.sweep(NOW + timedelta(hours=23)) == 0
    assert ledger.sweep(NOW + DAY) == 2
    assert chunks(store) == kept
