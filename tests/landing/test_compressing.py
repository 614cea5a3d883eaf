"""What was compressed is read back as it was, however its streams are cut, and never as anything else."""

import gzip
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.landing.compressing import Sink, deflated, gunzipped, unzstandard, zstandard
from forebay.landing.errors import TooLarge, Unreadable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ReadBack = Callable[[Iterator[bytes], int], Iterator[bytes]]
CSV = b"id,amount\n" + b"".join(b"ch_%d,%d\n" % (n, n * 7919 % 1009) for n in range(3000))
MADE: list[tuple[ReadBack, bytes]] = [
    (gunzipped, gzip.compress(CSV)),
    (unzstandard, zstd.compress(CSV, options={201: 1})),
]

contents = st.one_of(st.binary(max_size=3000), st.integers(0, 700_000).map(lambda size: b"abc,7\n" * (size // 6)))


def cut(data: bytes, piece: int) -> Iterator[bytes]:
    return (data[start : start + piece] for start in range(0, len(data), piece))


@given(content=contents, piece=st.integers(1, 300_000), again=st.integers(1, 300_000))
def test_zstandard_is_read_back_as_it_was(content: bytes, piece: int, again: int) -> None:
    made: list[bytes] = []
    assert b"".join(zstandard(cut(content, max(piece, len(content) // 50 + 1)), made.append)) == content
    stored = b"".join(made)
    assert b"".join(unzstandard(cut(stored, max(again, len(stored) // 50 + 1)), len(content))) == content


@pytest.mark.parametrize("compressed", [deflated, zstandard])
@given(content=contents, piece=st.integers(1, 300_000))
def test_the_same_content_becomes_the_same_bytes(
    compressed: Callable[[Iterator[bytes], Sink], Iterator[bytes]], content: bytes, piece: int
) -> None:
    whole: list[bytes] = []
    pieces: list[bytes] = []
    list(compressed(iter([content]), whole.append))
    list(compressed(cut(content, max(piece, len(content) // 50 + 1)), pieces.append))
    assert b"".join(whole) == b"".join(pieces)


@pytest.mark.parametrize(("read_back", "stored"), MADE, ids=["gzip", "zstd"])
@given(at=st.floats(0, 0.9999), bit=st.integers(0, 7), piece=st.integers(100, 5000))
def test_with_a_flipped_bit_nothing_else_is_read(
    read_back: ReadBack, stored: bytes, at: float, bit: int, piece: int
) -> None:
    damaged = bytearray(stored)
    damaged[int(at * len(stored))] ^= 1 << bit
    try:
        content = b"".join(read_back(cut(bytes(damaged), piece), len(CSV)))
    except (Unreadable, TooLarge):
        return
    assert content == CSV, "a header has bits that say nothing of the content"


@pytest.mark.parametrize(("read_back", "stored"), MADE, ids=["gzip", "zstd"])
@pytest.mark.parametrize("piece", [1, 100, 1 << 20])
def test_what_is_cut_or_goes_on_is_refused(read_back: ReadBack, stored: bytes, piece: int) -> None:
    for end in (0, 1, 10, len(stored) // 2, len(stored) - 1):
        with pytest.raises(Unreadable, match="ends too early"):
            b"".join(read_back(cut(stored[:end], piece), len(CSV)))
    with pytest.raises(Unreadable, match="more bytes follow"):
        b"".join(read_back(cut(stored + b"more", piece), len(CSV)))


@pytest.mark.parametrize(("read_back", "stored"), MADE, ids=["gzip", "zstd"])
def test_more_than_was_said_is_refused(read_back: ReadBack, stored: bytes) -> None:
    with pytest.raises(TooLarge):
        b"".join(read_back(iter([stored]), len(CSV) - 1))


def test_what_inflates_without_end_is_read_in_small_pieces() -> None:
    bomb = gzip.compress(bytes(64 << 20))
    sizes = map(len, gunzipped(iter([bomb]), 8 << 20))
    assert [next(sizes) for _ in range(8)] == [1 << 20] * 8
    with pytest.raises(TooLarge):
        next(sizes)
