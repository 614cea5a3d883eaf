"""Patches make what was what is, whatever changed, and cost no more than all of it."""

from hypothesis import given
from hypothesis import strategies as st

from forebay.web.page.grid_patches import patches


def patched(before: bytes, told: list[tuple[int, bytes]], length: int) -> bytes:
    now = bytearray(before[:length].ljust(length, b"\0"))
    for first, part in told:
        now[first : first + len(part)] = part
    return bytes(now)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_patches_make_what_was_what_is(before: bytes, after: bytes) -> None:
    told = list(patches(before, after))

    assert patched(before, told, len(after)) == after
    assert sum(len(part) for _, part in told) <= len(after)


@given(st.binary(min_size=1, max_size=5_000), st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=20))
def test_few_changes_are_few_bytes(before: bytes, changes: list[tuple[int, int]]) -> None:
    after = bytearray(before)
    for at, byte in changes:
        after[at % len(after)] = byte
    told = list(patches(before, bytes(after)))

    assert patched(before, told, len(after)) == after
    assert len(told) <= len(changes)
    assert sum(len(part) for _, part in told) <= 9 * len(changes)


def test_nothing_is_told_where_nothing_changed() -> None:
    assert list(patches(b"x" * 50_000, b"x" * 50_000)) == []


def test_neighbours_go_together_and_others_apart() -> None:
    before, after = bytearray(100), bytearray(100)
    for at in (3, 5, 90):
        after[at] = 1

    assert list(patches(bytes(before), bytes(after))) == [(3, b"\1\0\1"), (90, b"\1")]
