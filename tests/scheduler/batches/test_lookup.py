"""The parts of a batch's runs are found from the ledger alone."""

from dataclasses import replace
from pathlib import Path

from forebay.scheduler.batches.lookup import finest, parts_of
from forebay.store.ledger.batch_policy import Policy
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.records import Batch, BatchTerms, Item
from forebay.store.local import LocalStore
from tests.scheduler.splitting.scene import DAY, policy, split

WHOLE, LANE = "fees.20260310", "acme:test:a.b"


def write(ledger: Ledger, batch_id: str, size: int, kept_policy: Policy | None) -> Batch:
    items = [(LANE, Item(name=f"part-{number}", sql="SELECT 1", account=None)) for number in range(size)]
    terms = BatchTerms(id=batch_id, output="out", source="test", policy=kept_policy)
    return ledger.write_batch(terms, items, connection="acme", created_at=DAY.start).batch


def part_of(run: str) -> Policy:
    return Policy(definition="fees", kind="extract", spec_sha256="0", part_of=run)


def test_of_each_run_the_finest_cut_counts_whatever_the_ids_sort_like(tmp_path: Path) -> None:
    ledger = Ledger(LocalStore(tmp_path))
    whole = write(ledger, WHOLE, 2, policy(split()))
    for size in (2, 4, 16):
        write(ledger, f"{WHOLE}.split-x-1-{size}", size, part_of(f"{WHOLE}/{LANE}/1"))
    write(ledger, f"{WHOLE}.split-x-0-2", 2, part_of(f"{WHOLE}/{LANE}/0"))

    assert len(parts_of(ledger, whole)) == 4
    assert {run: parts.id for run, parts in finest(ledger, whole).items()} == {
        (LANE, 0): f"{WHOLE}.split-x-0-2",
        (LANE, 1): f"{WHOLE}.split-x-1-16",
    }


def test_no_other_batch_is_taken_for_parts(tmp_path: Path) -> None:
    ledger = Ledger(LocalStore(tmp_path))
    whole = write(ledger, WHOLE, 1, policy(split()))
    write(ledger, f"{WHOLE}.split-x-0-2", 2, part_of("other/lane/0"))
    write(ledger, f"{WHOLE}.split-x-0-4", 4, None)
    # One whose writer died before it was whole.
    LocalStore(tmp_path).put(f"batches/{WHOLE}.split-x-0-8/acme/items-000000-0.ndjson.gz", b"")

    assert parts_of(ledger, whole) == []
    assert finest(ledger, replace(whole, policy=policy(None))) == {}
