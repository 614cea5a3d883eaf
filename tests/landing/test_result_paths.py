from hypothesis import given
from hypothesis import strategies as st

from forebay.landing.result_paths import first_stem, object_stem, place_stem, stems
from forebay.store.key_rules import checked
from forebay.store.ledger.records import BATCH_SHAPE, Item


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
