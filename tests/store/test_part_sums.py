"""By what a part is proven: MD5 until the server has shown that it compares CRC-32, which costs next to nothing."""

import zlib
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.store.errors import Unavailable
from forebay.store.part_sums import PartSums, content_crc32

PART = b"id,amount\n1,100\n"


@given(st.binary(max_size=1000))
def test_a_crc_is_written_as_s3_writes_it(data: bytes) -> None:
    assert int.from_bytes(b64decode(content_crc32(data)), "big") == zlib.crc32(data)


def test_a_part_has_both_until_the_server_has_shown_its_sum() -> None:
    sums = PartSums()
    first = sums.of(PART, by_crc=True)
    assert set(first) == {"ContentMD5", "ChecksumCRC32"}

    sums.learn(first, {"ETag": "e"}, "k")
    assert "ContentMD5" in sums.of(PART, by_crc=True), "it took the header, and looked at nothing"

    sums.learn(first, {"ChecksumCRC32": first["ChecksumCRC32"]}, "k")
    assert sums.of(PART, by_crc=True) == {"ChecksumCRC32": content_crc32(PART)}
    assert set(sums.of(PART, by_crc=False)) == {"ContentMD5"}, "its upload did not ask for CRC-32"


def test_another_sum_than_ours_is_no_part_of_ours() -> None:
    sums = PartSums()
    with pytest.raises(Unavailable, match="CRC-32"):
        sums.learn(sums.of(PART, by_crc=True), {"ChecksumCRC32": content_crc32(PART + b"x")}, "k")


def test_a_server_that_stops_to_compare_is_believed_no_more() -> None:
    sums = PartSums()
    first = sums.of(PART, by_crc=True)
    sums.learn(first, first, "k")

    with pytest.raises(Unavailable, match="no more"):
        sums.learn(sums.of(PART, by_crc=True), {"ETag": "e"}, "k")

    assert "ContentMD5" in sums.of(PART, by_crc=True)
