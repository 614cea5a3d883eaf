"""A batch's manifest names its results: one that went with its manifest, or that took another's place, is found."""

from datetime import UTC, datetime, timedelta

import pytest

from forebay.landing.batch_manifest import write_batch_manifest
from forebay.landing.manifest import SUFFIX
from forebay.landing.verifying.discrepancies import Discrepant
from forebay.store.ledger.outcomes import Closing, Coverage
from forebay.store.ledger.records import Batch
from forebay.store.local import LocalStore
from tests.landing.verifying.trees import LANDED_AT, found, land

BATCH = Batch(
    id="b1",
    output="./out",
    source="test",
    created_at=datetime(2026, 11, 22, tzinfo=UTC),
    connection="default",
    flows=(),
    chunk_items=500,
    writing="w",
)


@pytest.fixture
def batch(folder: LocalStore) -> LocalStore:
    """A batch of three results that has closed."""
    results = [(f"b1/{place}", land(folder, f"b1/{place}")) for place in ("acct_1/fees", "acct_2/fees", "total")]
    closing = Closing(
        at=LANDED_AT + timedelta(hours=1),
        outcome="landed",
        runs=3,
        landed=3,
        failed=0,
        canceled=0,
        stored_bytes=9,
        records=6,
        coverage=Coverage(expected=2, landed=2),
    )
    write_batch_manifest(folder, BATCH, closing, results, published=True)
    return folder


def test_a_batch_is_well_as_it_was_closed(batch: LocalStore) -> None:
    assert found(batch) == []


def test_a_result_that_went_with_its_manifest_is_missing(batch: LocalStore) -> None:
    batch.delete("b1/acct_1/fees.csv")
    batch.delete(f"b1/acct_1/fees{SUFFIX}")
    assert found(batch) == [(Discrepant.MISSING, f"b1/acct_1/fees{SUFFIX}")]


def test_another_result_in_its_place_is_found_by_the_batch(batch: LocalStore) -> None:
    land(batch, "b1/total", csv=b"id\n9\n")
    assert found(batch) == [(Discrepant.CHANGED, f"b1/total{SUFFIX}")]


def test_a_result_that_was_put_beside_them_is_extra(batch: LocalStore) -> None:
    land(batch, "b1/acct_3/fees")
    assert found(batch) == [(Discrepant.EXTRA, f"b1/acct_3/fees{SUFFIX}")]


def test_what_a_retry_landed_since_is_no_difference(batch: LocalStore) -> None:
    later = LANDED_AT + timedelta(hours=2)
    land(batch, "b1/acct_3/fees", landed_at=later)
    land(batch, "b1/total", csv=b"id\n9\n", landed_at=later)
    assert found(batch) == []


def test_a_batch_manifest_that_cannot_be_read_is_broken(batch: LocalStore) -> None:
    batch.put("b1/_batch.json", b"{")
    assert found(batch) == [(Discrepant.BROKEN, "b1/_batch.json")]


def test_one_from_before_results_were_named_expects_nothing(batch: LocalStore) -> None:
    text = batch.get("b1/_batch.json").decode()
    start, end = text.index(' "results": ['), text.rindex(" ]")
    batch.put("b1/_batch.json", (text[:start].rstrip().rstrip(",") + text[end + 2 :]).encode())
    batch.delete("b1/total.csv")
    batch.delete(f"b1/total{SUFFIX}")
    assert found(batch) == []


def test_a_batch_is_well_wherever_its_folder_was_copied_to(batch: LocalStore) -> None:
    root = batch._root
    (root / "b1").rename(root / "october")
    assert found(batch) == []
    assert found(LocalStore(root / "october")) == []
