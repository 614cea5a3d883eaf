"""Looks at the host of results: what it answers to a result's URL, with Range and without, and what the file is like.

Nothing of it is kept but its form. As in landing nothing of ours is sent along, and only the hosts that are allowed are
asked.
"""

import csv
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import SecretStr

from forebay.cli.recording.observations import CsvForm, SeenFile, SeenZip, telling
from forebay.landing.fetch import check_host, keep_logs_without_urls, parsed_url
from forebay.landing.zip_records import STREAMED_FLAG, ZIP64_EXTRA
from forebay.queryrun.bounded_http import BoundedHttp, ContentEncoded, Reply, ReplyBounds
from forebay.queryrun.wire import instant

_BOUNDS = ReplyBounds(whole_s=30.0, most_bytes=8 << 20)
_OTHER_ETAG = '"forebay-record-has-no-such-file"'
_BOM = b"\xef\xbb\xbf"
#: Of a zip's member: what is unpacked here is two short lines.
_MOST_UNPACKED_BYTES = 1 << 20
#: What `zipfile` raises of bytes that are no zip, or a damaged one.
_NO_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    IndexError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
)


class NotFetched(Exception):
    """Raised when a result's host gave something else than the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedResult:
    """A result as a whole."""

    file: SeenFile
    body: bytes
    etag: str
    """As it was given: asked with, and never told."""


class ResultHost:
    """A client for a few results; close it, or use it in a `with`."""

    def __init__(self, http: BoundedHttp, allowed_hosts: tuple[str, ...]) -> None:
        self._http = http
        self._allowed = allowed_hosts
        keep_logs_without_urls()

    def whole(self, url: SecretStr) -> FetchedResult:
        """Fetches it. Raises `httpx.RequestError`, `HostRefused` and `NotFetched`."""
        try:
            whole = self._get(url)
        except ContentEncoded:
            return FetchedResult(file=SeenFile(headers={}, is_encoded=True), body=b"", etag="")
        if not whole.is_success:
            raise NotFetched(f"its host answered HTTP {whole.status}")
        etag = whole.headers.get("etag", "")
        strength = ("weak" if etag.startswith("W/") else "strong") if etag else ""
        file = SeenFile(headers=telling(whole.headers), etag=strength)
        return FetchedResult(file=file, body=whole.body, etag=etag)

    def parts(self, url: SecretStr, fetched: FetchedResult) -> SeenFile:
        """Fetches parts of what `whole` gave. Raises `httpx.RequestError` and `HostRefused`."""
        part, etag = {"Range": "bytes=1-3"}, fetched.etag
        return replace(
            fetched.file,
            ranged=self._get(url, part).status,
            if_range=self._get(url, {**part, "If-Range": etag}).status if etag else None,
            if_other=self._get(url, {**part, "If-Range": _OTHER_ETAG}).status,
        )

    def _get(self, url: SecretStr, headers: Mapping[str, str] | None = None) -> Reply:
        request = self._http.request("GET", parsed_url(url), headers=headers)
        check_host(request.url, self._allowed)
        return self._http.ask(request, _BOUNDS)


def zip_of(body: bytes) -> tuple[SeenZip, bytes] | None:
    """Reads a zip's form, and its first member; None if it is none that can be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
            with archive.open(members[0]) as member:
                content = member.read(_MOST_UNPACKED_BYTES + 1)
    except _NO_ZIP:
        return None
    if len(content) > _MOST_UNPACKED_BYTES:
        return None
    marks = ZIP64_EXTRA.to_bytes(2, "little")
    return SeenZip(
        members=len(members),
        sizes_follow=any(bool(member.flag_bits & STREAMED_FLAG) for member in members),
        has_zip64=any(member.extra.startswith(marks) or member.extract_version >= 45 for member in members),
        suffixes=sorted({member.filename.rpartition(".")[2][:12] for member in members}),
        csv_bytes=sum(member.file_size for member in members),
        zip_bytes=len(body),
    ), content


def counted_rows(body: bytes) -> int | None:
    """Counts the records below the header; None where there is not even that."""
    lines = body.decode(errors="replace").splitlines()
    return len(lines) - 1 if lines else None


def first_moment(body: bytes) -> datetime | None:
    """Reads the moment that the first record is; None if there is none."""
    lines = body.decode(errors="replace").splitlines()
    return instant(lines[1].partition(",")[0].strip('"').removesuffix(" UTC")) if len(lines) > 1 else None


def account_column(body: bytes) -> str | None:
    """Names which of an organization's columns the header has, nothing if neither; None where there is no header."""
    header = body.decode("utf-8-sig", errors="replace").partition("\n")[0].strip()
    names = [each.strip('"') for each in header.split(",")]
    return next((each for each in ("account", "merchant_id") if each in names), "") if header else None


_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d(?P<between>[ T])\d\d:\d\d:\d\d(\.(?P<digits>\d+))?(?P<zone> ?UTC|Z|[+-]\d\d:?\d\d)?"
)
_DECIMALS = {r"1\.50": "with all its places", r"1\.5": "without trailing zeros", r"1\.50*[Ee].*": "with an exponent"}
_DATES = {r"2026-01-02": "as YYYY-MM-DD", r"2026-01-02[ T].*": "with a time"}

#: One row that is made of nothing but this text; no table is read.
FORM_SQL = (
    "SELECT TIMESTAMP '2026-01-02 03:04:05.678' AS forebay_time, CAST('1.50' AS DECIMAL(10, 2)) AS forebay_decimal, "
    "DATE '2026-01-02' AS forebay_date, CAST(NULL AS VARCHAR) AS forebay_null, '' AS forebay_empty"
)


def csv_form(content: bytes) -> CsvForm | None:
    """Names the forms in which the row of `FORM_SQL` was written; None if it is not that row."""
    text = content.removeprefix(_BOM).decode(errors="replace")
    records = list(csv.reader(io.StringIO(text, newline="")))
    if len(records) != 2 or len(records[1]) != 5:
        return None
    time, decimal, date, _, _ = records[1]
    moment = _TIMESTAMP.fullmatch(time)
    ended = text.rstrip("\r\n")
    raw = ended.splitlines()[-1].split(",")
    return CsvForm(
        timestamp=_of_moment(moment),
        second_digits=len(moment["digits"] or "") if moment else 0,
        decimal=_form(_DECIMALS, decimal),
        date=_form(_DATES, date),
        null=_nothing(raw[-2]),
        empty=_nothing(raw[-1]),
        header="quoted" if text.startswith('"') else "unquoted",
        line_end="CRLF" if "\r\n" in text else "LF",
        has_bom=content.startswith(_BOM),
    )


def _of_moment(moment: re.Match[str] | None) -> str:
    if moment is None:
        return "a form of its own"
    between = "a space" if moment["between"] == " " else "a T"
    digits = f"{len(moment['digits'])} digits of a second" if moment["digits"] else "whole seconds"
    zone = f"zone {moment['zone'].strip()}" if moment["zone"] else "no zone"
    return f"{between}, {digits}, {zone}"


def _form(forms: Mapping[str, str], cell: str) -> str:
    return next((words for pattern, words in forms.items() if re.fullmatch(pattern, cell)), "a form of its own")


def _nothing(cell: str) -> str:
    return {"": "nothing", '""': "two quotes"}.get(cell, "a word")
