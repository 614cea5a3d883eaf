from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forebay.queryrun.idempotency import idempotency_key

PARTS = st.tuples(st.text(max_size=6), st.text(max_size=6), st.integers(0, 12), st.binary(max_size=6))


def key(parts: tuple[str, str, int, bytes]) -> str:
    lane, run, attempt, body = parts
    return idempotency_key(lane=lane, run=run, attempt=attempt, body=body)


def test_the_key_of_an_attempt_never_changes_between_releases() -> None:
    # Written down, because a worker of the next release must find the QueryRun that one of this release started.
    assert key(("acme:live", "b1-7", 0, b'{"sql":"SELECT 1"}')) == (
        "fb-14f22b41577335735fff27c6a4a3f00a53d7aa8c1c4e6fdade2d74caa88adf52"
    )


@given(PARTS, PARTS)
def test_each_attempt_of_each_run_has_its_own_key(
    one: tuple[str, str, int, bytes], other: tuple[str, str, int, bytes]
) -> None:
    assert (key(one) == key(other)) == (one == other)


def test_parts_do_not_run_into_each_other() -> None:
    assert key(("a", "bc", 1, b"")) != key(("ab", "c", 1, b""))
    assert key(("a", "b", 11, b"2")) != key(("a", "b", 1, b"12"))


@given(PARTS)
def test_a_key_fits_a_header_and_stripes_255_characters(parts: tuple[str, str, int, bytes]) -> None:
    assert len(key(parts)) == 67
    assert key(parts).isascii()
