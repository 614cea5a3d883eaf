import hashlib
import io

from hypothesis import given
from hypothesis import strategies as st

from forebay.store.part_buffer import MIB, PartBuffer

PIECES = st.lists(st.binary(max_size=50), max_size=20)


def filled(pieces: list[bytes], room_bytes: int = 2 * MIB) -> PartBuffer:
    buffer = PartBuffer(room_bytes)
    for piece in pieces:
        buffer.take(piece)
    return buffer


@given(pieces=PIECES, again=PIECES)
def test_a_buffer_holds_what_it_took_and_after_it_was_emptied_nothing_of_it(
    pieces: list[bytes], again: list[bytes]
) -> None:
    buffer = filled(pieces)
    assert bytes(buffer.filled_bytes) == b"".join(pieces)
    assert buffer.left == 2 * MIB - len(b"".join(pieces))

    buffer.empty()
    for piece in again:
        buffer.take(piece)

    assert bytes(buffer.filled_bytes) == b"".join(again)


def test_what_is_small_takes_what_it_needs_and_what_is_not_takes_its_room_once() -> None:
    assert len(filled([b"x"])._memory) == 1
    large = filled([bytes(MIB), b"x"], 5 * MIB)
    assert len(large._memory) == 5 * MIB

    memory = large._memory
    large.empty()
    large.take(bytes(5 * MIB))

    assert large._memory is memory and large.left == 0


@given(pieces=PIECES, asked=st.integers(1, 1 << 21))
def test_a_body_is_read_like_a_file_to_its_end_and_again_from_its_beginning(pieces: list[bytes], asked: int) -> None:
    whole, body = b"".join(pieces), filled(pieces).body()

    for _ in range(2):
        read = b"".join(iter(lambda: bytes(body.read(asked)), b""))
        assert (read, body.tell()) == (whole, len(whole))
        body.seek(0)
    assert bytes(body.read()) == whole
    assert body.seek(0, io.SEEK_END) == len(whole)


def test_pieces_of_a_body_are_of_a_megabyte_whatever_is_asked_for_and_no_copies() -> None:
    body = filled([bytes(MIB)] * 3, 5 * MIB).body()
    sizes, seen = [], hashlib.sha256()
    while piece := body.read(16 << 10):
        assert isinstance(piece, memoryview)
        sizes.append(len(piece))
        seen.update(piece)

    assert sizes == [MIB] * 3
    assert seen.digest() == hashlib.sha256(bytes(3 * MIB)).digest()
