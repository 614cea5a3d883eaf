"""How the parts of an upload are proven, against a server that takes CRC-32's headers and never looks at them."""

import random
import re
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from forebay.store.errors import Denied, Unavailable
from forebay.store.part_sums import content_crc32
from forebay.store.s3 import S3Store
from forebay.store.s3_options import S3Options
from tests.store.refusals import answer
from tests.store.test_s3 import requests

PART = 5 << 20
#: What a part may be proven by.
MD5, CRC = "Content-MD5", "x-amz-checksum-crc32"


@pytest.fixture
def sent(s3_store: S3Store) -> list[set[str]]:
    """By what each part was proven, as the server was told."""
    proven: list[set[str]] = []

    def note(params: dict[str, Any], **_: object) -> None:
        proven.append({name for name in (MD5, CRC) if name in params["headers"]})

    s3_store._client.meta.events.register("before-call.s3.UploadPart", note)
    return proven


def answering(store: S3Store, change: Callable[[str], str]) -> None:
    """Lets the server show a CRC-32 with each part: that of the part, changed."""
    told: list[str] = []

    def note(params: dict[str, Any], **_: object) -> None:
        told.append(params["headers"][CRC])

    def show(parsed: dict[str, Any], **_: object) -> None:
        parsed["ChecksumCRC32"] = change(told.pop())

    store._client.meta.events.register("before-call.s3.UploadPart", note)
    store._client.meta.events.register("after-call.s3.UploadPart", show)


def write(store: S3Store, key: str, parts: int) -> bytes:
    data = b"".join(bytes([number]) * PART for number in range(parts)) + b"end"
    with store.writer(key) as writer:
        for start in range(0, len(data), PART):
            writer.write(data[start : start + PART])
            for part, _ in writer._sending:
                part.result()  # so that each knows what the one before has shown
        writer.commit()
    return data


def test_a_writer_holds_no_more_than_the_three_parts_that_are_sent_and_the_one_that_is_filled(
    s3_store: S3Store,
) -> None:
    tracemalloc.start()
    try:
        with s3_store.writer("big") as writer:
            for _ in range(12 * PART >> 20):
                writer.write(bytes(1 << 20))
            writer.commit()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    # Beside them what is being written, and what a buffer held before it was large enough for a part.
    assert peak < 4 * PART + (3 << 20)


def test_parts_of_a_second_upload_and_of_one_whose_parts_grow_are_what_was_written(s3_store: S3Store) -> None:
    dice = random.Random(13)
    for size in (0, 1, PART - 1, PART, PART + 1, 2 * PART, 9 * PART + 77):
        data = dice.randbytes(size)
        with s3_store.writer("big") as writer:
            rest = memoryview(data)
            while rest:
                step = dice.choice((1, 4096, 300_001, PART, 2 * PART + 1))
                writer.write(bytes(rest[:step]))
                rest = rest[step:]
            writer.commit()
        assert b"".join(s3_store.open("big")) == data, f"{size} bytes"


def test_a_part_is_sent_again_whole_after_an_answer_that_asks_for_patience(s3_options: S3Options) -> None:
    store, refused = S3Store("tests", "again", options=replace(s3_options, attempts=3)), []

    def refuse(request: Any, **_: object) -> AWSResponse | None:
        refused.append(request.headers["Content-Length"])
        return answer(503, "SlowDown") if len(refused) == 1 else None

    store._client.create_bucket(Bucket="tests")
    store._client.meta.events.register("before-send.s3.UploadPart", refuse)
    data = write(store, "big", 2)

    assert b"".join(store.open("big")) == data
    assert len(refused) == 4
    store.close()


def test_where_nobody_looks_at_a_crc_each_part_has_its_md5(s3_store: S3Store, sent: list[set[str]]) -> None:
    data = write(s3_store, "big", 3)

    assert b"".join(s3_store.open("big")) == data
    assert sent == [{MD5, CRC}] * 4


def test_where_the_server_shows_its_crc_the_parts_after_it_have_theirs_alone(
    s3_store: S3Store, sent: list[set[str]]
) -> None:
    answering(s3_store, lambda crc: crc)
    ended: list[str] = []
    s3_store._client.meta.events.register(
        "before-call.s3.CompleteMultipartUpload", lambda params, **_: ended.append(params["body"].decode())
    )

    data = write(s3_store, "big", 3)

    assert b"".join(s3_store.open("big")) == data
    assert sent == [{MD5, CRC}, *[{CRC}] * 3]
    sums = [content_crc32(data[start : start + PART]) for start in range(0, len(data), PART)]
    assert re.findall(r"<ChecksumCRC32>(.*?)</ChecksumCRC32>", ended[0]) == sums


def test_a_part_that_arrived_as_another_is_never_published(s3_store: S3Store) -> None:
    answering(s3_store, lambda _: "AAAAAA==")

    with pytest.raises(Unavailable, match="CRC-32"):
        write(s3_store, "big", 2)
    assert s3_store.size("big") is None


@pytest.mark.parametrize("status", [400, 501])
def test_a_server_that_refuses_uploads_by_crc_gets_them_by_md5(
    s3_store: S3Store, sent: list[set[str]], status: int
) -> None:
    asked: list[bool] = []

    def refuse(request: Any, **_: object) -> AWSResponse | None:
        asked.append("x-amz-checksum-algorithm" in request.headers)
        if not asked[-1]:
            return None
        return answer(status, "NotImplemented")

    s3_store._client.meta.events.register("before-send.s3.CreateMultipartUpload", refuse)

    for key in ("big", "bigger"):
        data = write(s3_store, key, 1)
        assert b"".join(s3_store.open(key)) == data

    assert asked == [True, False, False]
    assert sent == [{MD5}] * 4


def test_what_is_refused_for_another_reason_is_not_tried_without(
    s3_store: S3Store, fail_s3: Callable[[str, object], None]
) -> None:
    fail_s3("CreateMultipartUpload", answer(403, "AccessDenied"))
    asked = requests(s3_store)

    with pytest.raises(Denied):
        write(s3_store, "big", 2)
    assert asked == ["CreateMultipartUpload"]
