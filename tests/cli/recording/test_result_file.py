"""What is read of a result's bytes, however they come, and what is never said of its URL."""

import io
import zipfile
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import SecretStr

from forebay.cli.recording import result_file
from forebay.landing.errors import HostRefused
from forebay.queryrun.bounded_http import BoundedHttp


def zipped(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        archive.writestr("result.csv", content)
    return held.getvalue()


@pytest.mark.parametrize("url", ["https://files.example:x/a?signature=abc", "https://files.example/\x00?signature=abc"])
def test_a_url_that_cannot_be_read_is_refused_and_not_quoted(url: str) -> None:
    with BoundedHttp(timeout=httpx.Timeout(1)) as http, pytest.raises(HostRefused) as refused:
        result_file.ResultHost(http, ("files.example",)).whole(SecretStr(url))

    assert "signature" not in repr(refused.value)
    assert refused.value.__cause__ is None


def test_a_damaged_zip_is_none_whatever_byte_is_wrong() -> None:
    whole = zipped(b"a,b\n1,2\n" * 50)
    assert result_file.zip_of(whole) is not None

    for at in range(len(whole)):
        for other in (0x00, 0xFF, whole[at] ^ 0x41):
            result_file.zip_of(whole[:at] + bytes([other]) + whole[at + 1 :])
    for most in range(len(whole)):
        assert result_file.zip_of(whole[:most]) is None, f"the first {most} bytes"


def test_a_zip_whose_data_end_early_is_none() -> None:
    whole = zipped(b"".join(b"%d," % (number * number) for number in range(2_000)))
    data = whole.index(b"result.csv") + len("result.csv")
    broken = whole[: data + 40] + b"\xff" * 200 + whole[data + 240 :]

    assert result_file.zip_of(broken) is None


def test_a_zip_is_not_unpacked_without_end() -> None:
    assert result_file.zip_of(zipped(bytes(64 << 20))) is None


@pytest.mark.parametrize(
    ("body", "rows", "moment"),
    [
        (b"", None, None),
        (b"not found", 0, None),
        (b"forebay_loaded", 0, None),
        (b"forebay_loaded\n2026-11-01 00:00:00.000 UTC\n", 1, datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_a_body_of_any_length_is_counted(body: bytes, rows: int | None, moment: datetime | None) -> None:
    assert result_file.counted_rows(body) == rows
    assert result_file.first_moment(body) == moment


@pytest.mark.parametrize(
    ("body", "column"),
    [(b"", None), (b"id,amount\r\n", ""), (b'"id","merchant_id"\r\n', "merchant_id"), (b"account,id\n", "account")],
)
def test_a_header_names_the_organizations_column(body: bytes, column: str | None) -> None:
    assert result_file.account_column(body) == column
