"""A body whose length nobody said, cut without a word of TLS: it looks as one that ended, and does not land.

A connection that was reset looks so, too, where TLS is read by Python 3.11 (gh-115627).
"""

import socket
import ssl
import struct
from pathlib import Path

import pytest
from pydantic import SecretStr

from forebay.config.result_format import ResultFormat
from forebay.landing.errors import TransferBroken, TruncatedZip, Unproven, WrongSize
from forebay.landing.fetch import Fetcher
from forebay.landing.land import Landed, land
from forebay.store.local import LocalStore
from tests.landing.conftest import zipped
from tests.servers.certificates import Authority
from tests.servers.tcp import Answer, server

CSV = b"id,amount\n" + b"ch_1,7\n" * 20_000
#: Whole records, as an attacker would cut it; of TLS a full one, or less than that.
CUTS = [len(CSV) // 7 // 2 * 7 + 10, 4 * (16 << 10), 10]
UNFRAMED = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nConnection: close\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(params=["plain", "TLS"])
def tls(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext | None:
    if request.param == "plain":
        return None
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    return authority.server_context("host")


def cutting(head: bytes, data: bytes, *, reset: bool = False) -> Answer:
    """Sends so much and hangs up: with TCP's own end, or a reset, without TLS's, as anybody on the way can do."""

    def answer(connected: socket.socket) -> None:
        connected.sendall(head + data)
        if reset:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            socket.socket.shutdown(connected, socket.SHUT_WR)
        connected.close()

    return answer


def landed(answer: Answer, tls: ssl.SSLContext | None, place: Path, kind: str, size: int | None, name: str) -> Landed:
    with server(answer, tls) as (url, _), Fetcher(allowed_hosts=(url.partition("//")[2],)) as fetcher:
        return land(
            fetcher,
            SecretStr(f"{url}/result"),
            content_type=kind,
            size=size,
            store=LocalStore(place / "out"),
            stem="b/q",
            result_format=name,
        )


@pytest.mark.parametrize("name", ResultFormat)
@pytest.mark.parametrize("cut", CUTS)
def test_a_csv_does_not_land(tls: ssl.SSLContext | None, tmp_path: Path, cut: int, name: str) -> None:
    for size, error in ((None, Unproven), (len(CSV), WrongSize)):
        with pytest.raises(error):
            landed(cutting(UNFRAMED, CSV[:cut]), tls, tmp_path, "csv", size, name)

    assert list(LocalStore(tmp_path / "out").list()) == []


@pytest.mark.parametrize("cut", CUTS)
def test_a_csv_does_not_land_whose_connection_was_reset(tls: ssl.SSLContext | None, tmp_path: Path, cut: int) -> None:
    for size in (None, len(CSV)):
        with pytest.raises(TransferBroken):
            landed(cutting(UNFRAMED, CSV[:cut], reset=True), tls, tmp_path, "csv", size, "csv")

    assert list(LocalStore(tmp_path / "out").list()) == []


@pytest.mark.parametrize("name", ResultFormat)
def test_a_zip_does_not_land_and_lands_whole(tls: ssl.SSLContext | None, tmp_path: Path, name: str) -> None:
    body = zipped(CSV)
    for cut in (30, len(body) // 2, len(body) - 1):
        with pytest.raises(TruncatedZip):
            landed(cutting(UNFRAMED, body[:cut]), tls, tmp_path, "zip", None, name)
    assert list(LocalStore(tmp_path / "out").list()) == []

    assert landed(cutting(UNFRAMED, body), tls, tmp_path, "zip", None, name).csv_bytes == len(CSV)


def test_chunks_without_their_end_do_not_land(tls: ssl.SSLContext | None, tmp_path: Path) -> None:
    framed = b"%x\r\n%s\r\n" % (len(CSV), CSV)
    with pytest.raises(TransferBroken, match="broke"):
        landed(cutting(CHUNKED, framed), tls, tmp_path, "csv", None, "csv")

    assert list(LocalStore(tmp_path / "out").list()) == []
