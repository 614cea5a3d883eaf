"""The stdlib's zipfile writes, ours reads; and whatever is done to the bytes, wrong content is never accepted."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forebay.landing import zipstream
from forebay.landing.errors import CorruptZip, LandingError, TooLarge, TruncatedZip, UnsupportedZip
from forebay.landing.zipstream import PIECE_BYTES, unzip
from tests.landing.conftest import zipped

GIB = 1 << 30
CSV = b"id,amount\n" + b"".join(b'ch_%d,"%d"\n' % (n, n * 7919 % 1000) for n in range(200))


class Unseekable(io.RawIOBase):
    """A sink like a socket: zipfile then writes sizes after the data, in descriptors."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.data += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


def made(
    content: bytes, *, method: int = zipfile.ZIP_DEFLATED, level: int = 6, streamed: bool = False, wide: bool = False
) -> bytes:
    sink = Unseekable() if streamed else io.BytesIO()
    with zipfile.ZipFile(sink, "w", method, compresslevel=level) as archive:  # type: ignore[arg-type]
        info = zipfile.ZipInfo("out/result.csv")
        info.compress_type = method
        with archive.open(info, "w", force_zip64=wide) as member:
            member.write(content)
        archive.comment = b"made for a test"
    return bytes(sink.data) if isinstance(sink, Unseekable) else sink.getvalue()


def read(data: bytes, *, cuts: Iterator[int] | int = 1 << 16, max_bytes: int = GIB) -> bytes:
    return b"".join(unzip(chunks(data, cuts), max_bytes=max_bytes))


def chunks(data: bytes, cuts: Iterator[int] | int) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        step = cuts if isinstance(cuts, int) else next(cuts)
        yield data[at : at + step]
        at += step


contents = st.binary(max_size=300) | st.builds(
    lambda piece, times: piece * times, st.binary(max_size=40), st.integers(0, 5000)
)
zips = st.fixed_dictionaries(
    {
        "method": st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]),
        "level": st.integers(0, 9),
        "streamed": st.booleans(),
        "wide": st.booleans(),
    }
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(content=contents, how=zips, seed=st.integers(), largest=st.sampled_from([1, 2, 7, 64, 5000]))
def test_what_zipfile_writes_is_read_from_any_cuts(content: bytes, how: dict[str, int], seed: int, largest: int):
    generator = random.Random(seed)
    cuts = iter(lambda: generator.randint(1, largest), None)
    assert read(made(content, **how), cuts=cuts) == content  # type: ignore[arg-type]


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(content=contents, how=zips, where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_nothing(content: bytes, how: dict[str, int], where: float, flip: int):
    data = bytearray(made(content, **how))  # type: ignore[arg-type]
    data[int(where * len(data))] ^= flip
    with suppress(LandingError):
        assert read(bytes(data)) == content


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_every_single_bit_may_flip_and_every_cut_is_noticed(*, method: int, streamed: bool, wide: bool):
    content = b'a,b\n1,"x"\n2,PK\x07\x08\n'
    data = made(content, method=method, streamed=streamed, wide=wide)
    assert read(data) == content
    for at in range(len(data)):
        with pytest.raises(TruncatedZip):
            read(data[:at])
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            with suppress(LandingError):
                assert read(bytes(changed)) == content


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(content=contents, how=zips, more=st.binary(min_size=1, max_size=50))
def test_bytes_after_the_end_are_refused(content: bytes, how: dict[str, int], more: bytes):
    with pytest.raises(CorruptZip, match="more bytes follow"):
        read(made(content, **how) + more)  # type: ignore[arg-type]


@pytest.mark.parametrize("descriptor", ["signed", "bare", "signed wide", "bare wide"])
def test_all_four_forms_of_a_descriptor_are_understood(descriptor: str):
    deflater = zlib.compressobj(wbits=-15)
    body = deflater.compress(CSV) + deflater.flush()
    numbers = (zlib.crc32(CSV), len(body), len(CSV))
    layout = "<IQQ" if "wide" in descriptor else "<III"
    signature = b"PK\x07\x08" if "signed" in descriptor else b""
    name = b"result.csv"
    local = b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 45, 8, 8, 0, 0, 0, 0, 0, len(name), 0) + name
    start = local + body + signature + struct.pack(layout, *numbers)
    entry = struct.pack("<HHHHHHIIIHHHHHII", 45, 45, 8, 8, 0, 0, *numbers, len(name), 0, 0, 0, 0, 0, 0)
    central = b"PK\x01\x02" + entry + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(start), 0)
    assert read(start + central + end) == CSV
    assert read(start + central + end, cuts=1) == CSV
    with pytest.raises(CorruptZip, match="after the data"):
        read(local + body + signature + struct.pack(layout, numbers[0] ^ 1, *numbers[1:]) + central + end)


def test_folders_are_ignored_and_a_second_file_is_not():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.mkdir("results")
        archive.writestr("results/a.csv", CSV)
        archive.mkdir("more")
    assert read(buffer.getvalue()) == CSV
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("more/b.csv", CSV)
    with pytest.raises(UnsupportedZip, match="more than one file"):
        read(buffer.getvalue())


def test_a_zip_without_a_file_is_refused():
    for names in ([], ["folder"]):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name in names:
                archive.mkdir(name)
        with pytest.raises(UnsupportedZip, match="holds no file"):
            read(buffer.getvalue())


def test_other_methods_and_encryption_are_named():
    with pytest.raises(UnsupportedZip, match="compression method 14"):
        read(made(CSV, method=zipfile.ZIP_LZMA))
    encrypted = bytearray(made(CSV))
    encrypted[6] |= 1
    with pytest.raises(UnsupportedZip, match="encrypted"):
        read(bytes(encrypted))


#: Behind the signature of a record, what other readers go by, and what to put there.
MISLEADING = [
    (b"PK\x01\x02", 8, 1, UnsupportedZip, "encrypted"),
    (b"PK\x01\x02", 6, 84, CorruptZip, "version"),
    (b"PK\x03\x04", 4, 84, CorruptZip, "version"),
    (b"PK\x05\x06", 4, 1, UnsupportedZip, "several that belong together"),
    (b"PK\x05\x06", 6, 1, UnsupportedZip, "several that belong together"),
]


@pytest.mark.parametrize(("signature", "at", "value", "error", "words"), MISLEADING)
@pytest.mark.parametrize("wide", [False, True])
def test_what_other_readers_would_refuse_does_not_pass(
    signature: bytes, at: int, value: int, error: type[LandingError], words: str, wide: bool
):
    data = bytearray(made(CSV, wide=wide))
    data[data.rindex(signature) + at] = value
    with pytest.raises(error, match=words):
        read(bytes(data))


def test_what_is_no_zip_is_refused_at_once():
    with pytest.raises(CorruptZip, match="does not begin as a zip"):
        read(b"<html><body>Service unavailable</body></html>")
    with pytest.raises(TruncatedZip):
        read(b"")


def test_a_zip_whose_directory_names_another_content_is_refused():
    one, other = zipped(CSV), zipped(CSV + b"x")
    split = one.index(b"PK\x01\x02")
    with pytest.raises(CorruptZip, match="directory"):
        read(one[:split] + other[other.index(b"PK\x01\x02") :])


def test_a_bomb_stops_at_the_limit_and_is_inflated_in_small_pieces():
    bomb = made(bytes(64 << 20), level=9)
    assert len(bomb) < 70_000
    with pytest.raises(TooLarge, match="more than 8388608 bytes"):
        read(bomb, max_bytes=8 << 20)
    assert max(map(len, unzip(iter([bomb]), max_bytes=GIB))) <= PIECE_BYTES


SIGNATURES = b"PK\x07\x08" * (1 << 19)
#: At each place a descriptor that fits it but for the checksum.
DESCRIPTORS = b"".join(b"PK\x07\x08" + struct.pack("<III", 7, at, at) for at in range(0, 1 << 21, 16))


@pytest.mark.parametrize("content", [SIGNATURES, DESCRIPTORS], ids=["signatures", "descriptors"])
def test_stored_data_full_of_signatures_costs_what_its_length_costs(monkeypatch: pytest.MonkeyPatch, content: bytes):
    data = made(content, method=zipfile.ZIP_STORED, streamed=True)
    summed = 0

    def crc32(piece: bytes, value: int = 0) -> int:
        nonlocal summed
        summed += len(piece)
        return zlib.crc32(piece, value)

    monkeypatch.setattr(zipstream.isal_zlib, "crc32", crc32)
    pieces = list(unzip(chunks(data, 1 << 16), max_bytes=GIB))

    assert b"".join(pieces) == content
    assert len(pieces) < 10, "a piece for each place that might be the end would cost all that reads them"
    assert summed <= 3 * len(content)


def test_a_descriptor_across_two_windows_is_found():
    for length in range(PIECE_BYTES - 40, PIECE_BYTES + 3):
        content = bytes(length)
        assert read(made(content, method=zipfile.ZIP_STORED, streamed=True), cuts=1 << 16) == content


def test_what_inflates_like_nothing_stripe_sends_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(zipstream, "ANY_RATIO_BYTES", 8 << 20)
    with pytest.raises(TooLarge, match="which no result does"):
        read(made(bytes(64 << 20), level=9))
    assert read(made(bytes(8 << 20), level=9)) == bytes(8 << 20)
    noise = random.Random(1).randbytes(1 << 20) + bytes(40 << 20)
    assert read(made(noise)) == noise, "forty to one, as real data may be"


def test_a_content_longer_than_32_bits_can_say_is_read():
    """4 GiB + 5 bytes of zeros, which take the 64-bit forms of every record."""
    size = 4 * GIB + 5
    sink = Unseekable()
    block = bytes(16 << 20)
    deflater = zlib.compressobj(1, wbits=-15)
    # One block is deflated once, fully flushed, and its bytes are repeated: zipfile would take half a minute.
    once = deflater.compress(block) + deflater.flush(zlib.Z_FULL_FLUSH)
    body_bytes = 0
    name = b"result.csv"
    sink.write(b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 45, 8, 8, 0, 0, 0, 0, 0, len(name), 0) + name)
    for _ in range(256):
        body_bytes += sink.write(once)
    tail = zlib.compressobj(1, wbits=-15)
    body_bytes += sink.write(tail.compress(bytes(5)) + tail.flush())
    crc = 0
    for _ in range(256):
        crc = zlib.crc32(block, crc)
    crc = zlib.crc32(bytes(5), crc)
    sink.write(b"PK\x07\x08" + struct.pack("<IQQ", crc, body_bytes, size))
    at = len(sink.data)
    extra = struct.pack("<HHQ", 1, 8, size)
    entry = struct.pack(
        "<HHHHHHIIIHHHHHII", 45, 45, 8, 8, 0, 0, crc, body_bytes, 0xFFFFFFFF, len(name), len(extra), 0, 0, 0, 0, 0
    )
    sink.write(b"PK\x01\x02" + entry + name + extra)
    length = len(sink.data) - at
    sink.write(b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, length, at))
    sink.write(b"PK\x06\x07" + struct.pack("<IQI", 0, len(sink.data) - 56, 1))
    sink.write(b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))
    assert sum(map(len, unzip(chunks(bytes(sink.data), 1 << 16), max_bytes=5 * GIB))) == size
