"""A body that is read ahead is the body: the same bytes in the same order, the same error, and never too much of it."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.landing import read_ahead as module
from forebay.landing.read_ahead import read_ahead

CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=60)


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """Bounds that a few small pieces reach."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AHEAD_BYTES", 100)
        patch.setattr(module, "ALONE_BYTES", 50)
        yield


def nobody_waits() -> None:
    """Ends no read: none of these waits."""


def reading_threads() -> list[threading.Thread]:
    """Lists those that read ahead now; others come and go."""
    return [thread for thread in threading.enumerate() if thread.name == "read-ahead"]


@given(CHUNKS)
def test_all_comes_in_order(chunks: list[bytes]) -> None:
    with read_ahead(iter(chunks), nobody_waits) as ahead:
        assert list(ahead) == chunks


@given(CHUNKS)
def test_an_error_comes_after_all_that_came_before_it(chunks: list[bytes]) -> None:
    def broken() -> Iterator[bytes]:
        yield from chunks
        raise ConnectionError("reset")

    taken: list[bytes] = []
    with pytest.raises(ConnectionError, match="reset"), read_ahead(broken(), nobody_waits) as ahead:
        taken.extend(ahead)
    assert taken == chunks


@given(st.lists(st.integers(1, 40), min_size=1, max_size=100))
def test_no_more_waits_than_is_allowed_and_one_piece(sizes: list[int]) -> None:
    received = 0

    def counted() -> Iterator[bytes]:
        nonlocal received
        for size in sizes:
            received += size
            yield bytes(size)

    taken = 0
    with read_ahead(counted(), nobody_waits) as ahead:
        for chunk in ahead:
            taken += len(chunk)
            assert received - taken <= module.AHEAD_BYTES + 40
    assert taken == sum(sizes)


@pytest.mark.parametrize("pieces", [7, 20])
def test_what_is_over_soon_has_no_thread(pieces: int) -> None:
    readers: list[threading.Thread] = []

    def host() -> Iterator[bytes]:
        for _ in range(pieces):
            readers.append(threading.current_thread())
            yield b"x" * 7

    with read_ahead(host(), nobody_waits) as ahead:
        assert b"".join(ahead) == b"x" * 7 * pieces
    by_itself = [reader is threading.current_thread() for reader in readers]
    assert by_itself == [place < 8 for place in range(pieces)], "with eight times seven bytes it is worth a thread"


@pytest.mark.parametrize("taken", [0, 1, 2, 3])
def test_who_stops_early_waits_for_nobody(taken: int) -> None:
    silent, reading = threading.Event(), threading.Event()

    def host() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * 60
        reading.set()
        silent.wait()

    with read_ahead(host(), silent.set) as ahead:
        for _ in range(taken):
            next(ahead)
        if taken > 1:
            assert reading.wait(10)
            assert reading_threads()
    assert not reading_threads()
    assert silent.is_set() is (taken > 1), "where a thread reads, its connection ends"


def test_a_connection_whose_body_is_over_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be another one's by then, however long the thread takes to end."""
    joined, hung_up = threading.Event(), []

    class Slow(threading.Thread):
        def run(self) -> None:
            super().run()
            joined.wait()

        def join(self, *timeout: Any) -> None:
            joined.set()
            super().join(*timeout)

    monkeypatch.setattr(module, "Thread", Slow)
    with read_ahead(iter([b"x" * 60] * 3), lambda: hung_up.append(1)) as ahead:
        assert b"".join(ahead) == b"x" * 180
    assert not hung_up


def test_the_one_who_stops_is_heard_where_memory_is_full() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 60

    with read_ahead(endless(), nobody_waits) as ahead:
        next(ahead)
        next(ahead)
    assert not reading_threads()
