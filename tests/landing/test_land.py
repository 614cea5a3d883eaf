import hashlib
import random
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from forebay.landing.errors import (
    CorruptZip,
    LandingError,
    NotTheResult,
    TooLarge,
    TransferBroken,
    TruncatedZip,
    UnknownResult,
    Unproven,
    UrlExpired,
    WrongRows,
    WrongSize,
)
from forebay.landing.fetch import Fetcher
from forebay.landing.formats.format import Limits
from forebay.landing.land import Landed, land
from forebay.store.errors import Unavailable
from forebay.store.interface import Store
from forebay.store.local import LocalStore
from tests.landing.conftest import SIGNATURE, Origin, sending, zipped

MIB = 1 << 20
CSV = b"id,amount\r\n" + b"".join(b'ch_%06d,"%d"\r\n' % (n, n * 7919 % 100_003) for n in range(5000))
SMALL = Limits(large_csv_bytes=len(CSV) - 1, max_csv_bytes=100 * MIB)
RANDOM = random.Random(7).randbytes(12 * MIB)

Answer = Callable[[BaseHTTPRequestHandler], None]
Lander = Callable[..., Landed]


@pytest.fixture
def landed(fetcher: Fetcher, origin: Origin, store: Store) -> Lander:
    """Land an answer of the origin; defaults are those of a zip whose size was not promised."""

    def run(answer: Answer, **options: Any) -> Landed:
        given = {
            "content_type": "zip",
            "size": None,
            "store": store,
            "stem": "batch/acct_1/q",
            "result_format": "auto",
            **options,
        }
        return land(fetcher, origin.url(answer), **given)

    return run


def assert_csv(result: Landed, csv: bytes) -> None:
    assert result.csv_bytes == len(csv)
    assert result.csv_sha256 == hashlib.sha256(csv).hexdigest()


def assert_object(result: Landed, store: Store, data: bytes) -> None:
    assert list(store.list()) == [result.key]
    assert store.get(result.key) == data
    assert result.bytes == len(data)
    assert result.sha256 == hashlib.sha256(data).hexdigest()


def test_a_small_zip_lands_as_plain_csv(landed: Lander, store: Store):
    body = zipped(CSV)
    result = landed(sending(body), size=len(body))
    assert_object(result, store, CSV)
    assert_csv(result, CSV)
    assert (result.key, result.format) == ("batch/acct_1/q.csv", "csv")
    assert (result.records, result.columns) == (5000, ("id", "amount"))
    assert result.received_bytes == len(body)


def test_a_large_zip_lands_as_stripe_made_it(landed: Lander, store: Store):
    body = zipped(CSV)
    result = landed(sending(body), size=len(body), limits=SMALL)
    assert_object(result, store, body)
    assert_csv(result, CSV)
    assert (result.key, result.format) == ("batch/acct_1/q.csv.zip", "csv.zip")
    assert (result.records, result.columns) == (5000, ("id", "amount"))


def test_a_csv_of_exactly_the_limit_is_small(landed: Lander, store: Store):
    assert landed(sending(zipped(CSV)), limits=Limits(large_csv_bytes=len(CSV))).format == "csv"


def test_a_large_zip_of_many_parts_lands_whole(landed: Lander, store: Store):
    body = zipped(b"a\n" + RANDOM)
    result = landed(sending(body), limits=Limits(large_csv_bytes=6 * MIB))
    assert_object(result, store, body)


def test_a_zip_that_is_called_csv_is_taken_for_what_it_is(landed: Lander, store: Store):
    body = zipped(CSV)
    result = landed(sending(body), content_type="csv", size=len(body))
    assert_object(result, store, CSV)


def test_a_zip_proves_itself_whatever_the_host_says_of_its_length(landed: Lander, store: Store):
    assert_object(landed(sending(zipped(CSV), framed=False)), store, CSV)


def test_a_csv_without_a_promise_lands_if_its_host_declared_its_length(landed: Lander, store: Store):
    assert_object(landed(sending(CSV), content_type="csv"), store, CSV)


def test_an_uncompressed_result_lands_as_it_is(landed: Lander, store: Store):
    result = landed(sending(CSV), content_type="csv", size=len(CSV), limits=SMALL)
    assert_object(result, store, CSV)
    assert_csv(result, CSV)
    assert (result.key, result.records) == ("batch/acct_1/q.csv", 5000)


@pytest.mark.parametrize("content_type", ["csv", "zip"])
def test_an_empty_result_lands_as_an_empty_object(landed: Lander, store: Store, content_type: str):
    body = zipped(b"") if content_type == "zip" else b""
    result = landed(sending(body), content_type=content_type, size=len(body))
    assert_object(result, store, b"")
    assert (result.records, result.columns) == (0, ())


def test_landing_again_replaces_the_object(landed: Lander, store: Store):
    landed(sending(zipped(b"id\n1\n")))
    assert_object(landed(sending(zipped(CSV))), store, CSV)


def test_the_promise_of_a_zip_may_mean_its_content(landed: Lander, store: Store):
    assert landed(sending(zipped(CSV)), size=len(CSV)).records == 5000


BODY = zipped(CSV)
PAGE = b"\n<!DOCTYPE html><p>Please sign in"
XML = b'\xef\xbb\xbf<?xml version="1.0"?><Error><Code>SlowDown</Code></Error>'
STORED = zipped(b"a\n" + RANDOM, method=zipfile.ZIP_STORED)
DAMAGED = STORED[: 7 * MIB] + bytes([STORED[7 * MIB] ^ 4]) + STORED[7 * MIB + 1 :]


@pytest.mark.parametrize(
    ("answer", "options", "error"),
    [
        (sending(BODY), {"size": len(BODY) + 1}, WrongSize),
        (sending(BODY), {"size": len(BODY) + 1, "limits": SMALL}, WrongSize),
        (sending(CSV), {"size": len(CSV) - 1, "content_type": "csv"}, WrongSize),
        (sending(CSV), {"size": len(CSV) + 1, "content_type": "csv"}, WrongSize),
        (sending(RANDOM), {"size": 1000, "content_type": "csv"}, WrongSize),
        (sending(BODY), {"rows": 4999}, WrongRows),
        (sending(BODY), {"rows": 5001, "limits": SMALL}, WrongRows),
        (sending(BODY), {"rows": 5001, "result_format": "csv.gz"}, WrongRows),
        (sending(BODY), {"rows": 0, "result_format": "csv.zst"}, WrongRows),
        (sending(CSV), {"rows": 1, "size": len(CSV), "content_type": "csv"}, WrongRows),
        (sending(b'a\n"1\n'), {"rows": 1, "size": 5, "content_type": "csv"}, WrongRows),
        (sending(BODY[:-1]), {}, TruncatedZip),
        (sending(BODY[: len(BODY) // 2]), {"limits": SMALL}, TruncatedZip),
        (sending(DAMAGED), {}, CorruptZip),
        (sending(DAMAGED), {"limits": SMALL}, CorruptZip),
        (sending(BODY, promised=len(BODY) + 1), {}, TransferBroken),
        (sending(STORED[: 11 * MIB], promised=len(STORED)), {"limits": SMALL}, TransferBroken),
        (sending(CSV, promised=len(CSV) + 1), {"content_type": "csv"}, TransferBroken),
        (sending(b"gone", status=403), {}, UrlExpired),
        (sending(b"<html>"), {}, NotTheResult),
        (sending(b"oops"), {}, CorruptZip),
        (sending(CSV, kind="text/html; charset=utf-8"), {"content_type": "csv", "size": len(CSV)}, NotTheResult),
        (sending(CSV, kind="application/json"), {"content_type": "csv"}, NotTheResult),
        (sending(PAGE), {"content_type": "csv"}, NotTheResult),
        (sending(PAGE), {"content_type": "csv", "size": len(PAGE)}, NotTheResult),
        (sending(XML), {"content_type": "csv"}, NotTheResult),
        # Cut in the middle by a host that said no length, nor did Stripe: as whole as any.
        (sending(CSV[: len(CSV) // 2], framed=False), {"content_type": "csv"}, Unproven),
        (sending(CSV, framed=False), {"content_type": "csv", "result_format": "zip"}, Unproven),
        (sending(b""), {"content_type": "csv"}, Unproven),
        (sending(b'a\n"open'), {"content_type": "csv"}, Unproven),
        (sending(BODY), {"content_type": "parquet"}, UnknownResult),
        (sending(BODY), {"result_format": "orc"}, UnknownResult),
        (sending(BODY), {"limits": Limits(max_csv_bytes=1000)}, TooLarge),
        (sending(CSV), {"limits": Limits(max_csv_bytes=1000), "content_type": "csv"}, TooLarge),
    ],
)
def test_what_is_not_whole_is_absent(
    landed: Lander, store: Store, answer: Answer, options: dict[str, Any], error: type[LandingError]
):
    with pytest.raises(error) as caught:
        landed(answer, **options)
    assert type(caught.value) is error
    assert SIGNATURE not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert list(store.list()) == []


@pytest.mark.parametrize("result_format", ["auto", "zip", "csv", "csv.gz", "csv.zst", "parquet"])
def test_as_many_records_as_stripe_counted_are_the_whole(landed: Lander, result_format: str):
    """Records, not lines, and the header is none of them; of no rows, too."""
    csv = b'n,t\r\n1,"a\r\nb"\r\n2,c\r\n'
    assert landed(sending(zipped(csv)), rows=2, result_format=result_format).records == 2
    assert landed(sending(zipped(b"n,t\r\n")), rows=0, result_format=result_format).records == 0


def test_the_error_of_wrong_rows_names_both_numbers(landed: Lander):
    with pytest.raises(WrongRows, match="Stripe counted 7 records in the result, and 1 came"):
        landed(sending(zipped(b"id\r\n1\r\n")), rows=7)
    with pytest.raises(
        WrongRows, match="Stripe counted 7 records in the result, and in what came the quotes do not pair"
    ):
        landed(sending(zipped(b'id\r\n"1\r\n')), rows=7)


def test_the_error_of_a_wrong_size_names_both_numbers(landed: Lander):
    with pytest.raises(WrongSize, match="promised 99999 bytes, and 7 came"):
        landed(sending(b"id\r\n1\r\n"), content_type="csv", size=99999)


def test_progress_tells_the_bytes_received(landed: Lander):
    seen: list[int] = []
    landed(sending(STORED), progress=seen.append)
    assert seen == sorted(set(seen))
    assert seen[-1] == len(STORED)


@pytest.mark.parametrize("limits", [Limits(), SMALL])
def test_progress_may_stop_the_landing(landed: Lander, store: Store, limits: Limits):
    def stop(received: int) -> None:
        if received > 11 * MIB:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        landed(sending(STORED), limits=limits, progress=stop)
    assert list(store.list()) == []


class FullStore(LocalStore):
    """A disk with no room, as seen at the very end."""

    def writer(self, key: str, *, content_type: str | None = None) -> Any:
        raise Unavailable("no room")


def test_the_stores_own_error_passes_through(fetcher: Fetcher, origin: Origin, tmp_path: Any):
    url = origin.url(sending(BODY))
    with pytest.raises(Unavailable, match="no room"):
        land(
            fetcher,
            url,
            content_type="zip",
            size=None,
            store=FullStore(tmp_path),
            stem="q",
            result_format="auto",
        )


def stored_zip(blocks: int) -> Answer:
    """An endless-looking zip of `blocks` MiB that is never whole in memory."""
    block = RANDOM[:MIB]
    crc = 0
    for _ in range(blocks):
        crc = zlib.crc32(block, crc)
    info = zipfile.ZipInfo("result.csv")
    info.CRC, info.compress_size, info.file_size = crc, blocks * MIB, blocks * MIB
    head = info.FileHeader()
    sample = zipped(b"x", method=zipfile.ZIP_STORED)
    central = bytearray(sample[sample.index(b"PK\x01\x02") :])
    central[4:24] = central[4:16] + crc.to_bytes(4, "little") + (blocks * MIB).to_bytes(4, "little")
    central[24:28] = (blocks * MIB).to_bytes(4, "little")
    end = central.index(b"PK\x05\x06")
    central[end + 16 : end + 20] = (len(head) + blocks * MIB).to_bytes(4, "little")

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(head) + blocks * MIB + len(central)))
        request.end_headers()
        request.wfile.write(head)
        for _ in range(blocks):
            request.wfile.write(block)
        request.wfile.write(central)

    return answer


def test_memory_does_not_grow_with_the_result(landed: Lander, store: Store):
    tracemalloc.start()
    try:
        result = landed(stored_zip(96), limits=Limits(large_csv_bytes=8 * MIB))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result.csv_bytes == 96 * MIB
    assert peak < 48 * MIB
