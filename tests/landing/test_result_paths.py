from hypothesis import given
from hypothesis import strategies as st

from forebay.landing.result_paths import (
    first_stem,
    folder_of,
    in_quarantine,
    object_stem,
    out_of_quarantine,
    place_stem,
    stems,
)
from forebay.store.key_rules import checked
from forebay.store.ledger.records import BATCH_SHAPE, Batch, Item


def test_stems_are_readable():
    assert object_stem("2026-11-22-a", None, "revenue") == "2026-11-22-a/revenue"
    assert object_stem("2026-11-22-a", "acct_1", "revenue") == "2026-11-22-a/acct_1/revenue"
    assert (
        object_stem("20261122-123000-abcde", "../x", "q/1 .sql")
        == "20261122-123000-abcde/x-_-..-_2f-x/q-_2f-1-_20-.sql"
    )


RECORD = {
    "id": "b",
    "output": "out",
    "source": "",
    "created_at": "2026-11-22T12:30:00Z",
    "connection": "main",
    "flows": [],
    "chunk_items": 500,
    "writing": "1",
}


def test_a_batch_of_an_older_release_has_its_results_where_it_put_them():
    item = Item(name="q 1", sql="SELECT 1", account="a:b")

    assert place_stem(BATCH_SHAPE.validate_python(RECORD), item) == "b/a%3Ab/q%201"
    newer = BATCH_SHAPE.validate_python({**RECORD, "path_names": "plain"})
    assert stems(newer, item) == (place_stem(newer, item),) == (first_stem(newer, item),)
    assert place_stem(newer, item) == "b/a-_3a-b/q-_20-1"


ids = st.from_regex(r"[0-9a-z][0-9A-Za-z._-]{0,20}", fullmatch=True)
parts = st.tuples(ids, st.none() | st.text(min_size=1), st.text(min_size=1))


@given(parts, parts)
def test_different_items_have_different_stems(one: tuple[str, str | None, str], other: tuple[str, str | None, str]):
    assert (object_stem(*one) == object_stem(*other)) is (one == other)
    assert "%" not in object_stem(*one)
    assert checked(f"{object_stem(*one)}.manifest.json")


def batch_of(layout: str, batch_id: str = "b", **more: object) -> Batch:
    return BATCH_SHAPE.validate_python({**RECORD, "id": batch_id, "path_names": "plain", "layout": layout, **more})


def test_a_record_without_a_layout_has_a_place_of_its_own():
    batch = BATCH_SHAPE.validate_python(RECORD)
    assert not batch.shares_places
    assert (folder_of(batch), in_quarantine(batch, "b/a/q")) == ("b/", "_quarantine/b/a/q")


def test_a_layout_says_where_results_go_and_quarantine_is_by_batch_all_the_same():
    batch = batch_of("daily/window=2026-10-01/account={account}/{name}")
    assert batch.shares_places
    assert folder_of(batch) == "daily/window=2026-10-01/"
    fees = Item(name="fees", sql="SELECT 1", account="acct_1")
    place = place_stem(batch, fees)
    assert place == "daily/window=2026-10-01/account=acct_1/fees"
    assert in_quarantine(batch, place) == "_quarantine/b/account=acct_1/fees"
    assert out_of_quarantine(batch, in_quarantine(batch, place)) == place
    assert place_stem(batch, Item(name="fees", sql="SELECT 1", account=None)) == "daily/window=2026-10-01/fees"
    versioned = batch_of("daily/window=2026-10-01/batch={batch}/{account}/{name}", "daily.r2")
    assert not versioned.shares_places
    assert place_stem(versioned, fees) == "daily/window=2026-10-01/batch=daily.r2/acct_1/fees"
