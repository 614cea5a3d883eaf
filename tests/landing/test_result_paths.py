from hypothesis import given
from hypothesis import strategies as st

from forebay.landing.result_paths import object_stem


def test_stems_are_readable():
    assert object_stem("2026-11-22-a", None, "revenue") == "2026-11-22-a/revenue"
    assert object_stem("2026-11-22-a", "acct_1", "revenue") == "2026-11-22-a/acct_1/revenue"
    assert object_stem("a:b", "../x", "q/1 .sql") == "a%3Ab/%2E.%2Fx/q%2F1%20.sql"


parts = st.tuples(st.text(min_size=1), st.none() | st.text(min_size=1), st.text(min_size=1))


@given(parts, parts)
def test_different_items_have_different_stems(one: tuple[str, str | None, str], other: tuple[str, str | None, str]):
    assert (object_stem(*one) == object_stem(*other)) is (one == other)
