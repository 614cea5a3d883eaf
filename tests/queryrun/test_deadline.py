"""What one read takes of a TLS connection: all records that are there, whole and in order, whatever ends them."""

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpcore
import httpx
import pytest

from forebay.queryrun.bounded_http import BodyPace, BoundedHttp, body_at_pace, hang_up
from forebay.queryrun.deadline import DeadlineStream
from tests.servers.certificates import Authority
from tests.servers.relaying_proxy import proxy_to
from tests.servers.tcp import server

PACE = BodyPace(least_bytes=1, stretch_s=10.0)
BODY = bytes(range(256)) * 4_000
RECORD_BYTES = 16 << 10


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    return authority.server_context("host")


def head(length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length


def body(url: str, ready: Callable[[], bool] = lambda: True) -> Iterator[bytes]:
    with BoundedHttp(timeout=httpx.Timeout(10.0)) as http:
        response = http.open(http.request("GET", url), 10.0)
        assert ready()
        try:
            yield from body_at_pace(response, PACE)
        finally:
            response.close()


@pytest.mark.parametrize("piece", [1_000, RECORD_BYTES, RECORD_BYTES + 1, 300_000])
def test_a_body_comes_whole_however_it_is_cut_into_records(tls: ssl.SSLContext, piece: int) -> None:
    def answer(connected: socket.socket) -> None:
        connected.sendall(head(len(BODY)))
        for start in range(0, len(BODY), piece):
            connected.sendall(BODY[start : start + piece])

    with server(answer, tls) as (url, _):
        assert b"".join(body(url)) == BODY


def test_records_that_are_there_come_in_one_piece(tls: ssl.SSLContext) -> None:
    sent, part = threading.Event(), BODY[: 6 * RECORD_BYTES]

    def answer(connected: socket.socket) -> None:
        connected.sendall(head(len(part)))
        connected.sendall(part)
        sent.set()

    with server(answer, tls) as (url, _):
        pieces = list(body(url, lambda: sent.wait(10)))

    assert b"".join(pieces) == part
    assert len(pieces) < 6


def test_what_came_before_a_damaged_record_comes_first(tls: ssl.SSLContext) -> None:
    came: list[bytes] = []
    part, sent = BODY[: 2 * RECORD_BYTES], threading.Event()

    def answer(connected: socket.socket) -> None:
        connected.sendall(head(len(BODY)))
        connected.sendall(part)
        os.write(connected.fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))  # application data that nobody encrypted
        sent.set()

    with server(answer, tls) as (url, _), pytest.raises(httpx.ReadError):
        came.extend(body(url, lambda: sent.wait(10)))

    assert b"".join(came) == part


def test_a_body_that_is_silent_after_a_full_record_is_waited_for_no_longer_than_any(tls: ssl.SSLContext) -> None:
    def answer(connected: socket.socket) -> None:
        connected.sendall(head(len(BODY)))
        connected.sendall(BODY[:RECORD_BYTES])
        connected.recv(1)

    with server(answer, tls) as (url, _), BoundedHttp(timeout=httpx.Timeout(0.3)) as http:
        response = http.open(http.request("GET", url), 10.0)
        with pytest.raises(httpx.ReadTimeout):
            list(body_at_pace(response, PACE))
        response.close()


def test_a_connection_that_is_hung_up_gives_nothing_that_was_not_sent(tls: ssl.SSLContext) -> None:
    """What came encrypted and was not read yet is no part of the body."""
    sent = threading.Event()

    def answer(connected: socket.socket) -> None:
        connected.sendall(head(len(BODY)) + BODY[:100])
        connected.sendall(BODY[100 : 4 * RECORD_BYTES])
        sent.set()
        connected.recv(1)

    with server(answer, tls) as (url, _), BoundedHttp(timeout=httpx.Timeout(10.0)) as http:
        response = http.open(http.request("GET", url), 10.0)
        chunks = body_at_pace(response, PACE)
        came = [next(chunks)]
        assert sent.wait(10)
        hang_up(response)
        with pytest.raises(httpx.HTTPError):
            came.extend(chunks)
        response.close()
    assert BODY.startswith(b"".join(came))


def test_a_body_through_a_proxy_that_is_spoken_to_by_tls_comes_decrypted(tls: ssl.SSLContext) -> None:
    """Its records are those of the proxy's connection, with those of the host inside them."""
    sent = threading.Event()

    def answer(connected: socket.socket) -> None:
        connected.sendall(head(len(BODY)) + BODY)
        sent.set()

    with (
        server(answer, tls) as (host, _),
        proxy_to(host, tls) as (proxy, asked),
        BoundedHttp(timeout=httpx.Timeout(10.0), proxy=proxy) as http,
    ):
        response = http.open(http.request("GET", host), 10.0)
        assert sent.wait(10)
        came = b"".join(body_at_pace(response, PACE))
        response.close()

    assert came == BODY
    assert asked[0].startswith(b"CONNECT ")


class Reset(httpcore.NetworkStream):
    """A connection that is reset behind a full record. The kernel says so once; after that it looks as ended."""

    def __init__(self) -> None:
        self._left = [bytes(RECORD_BYTES)]

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._left.pop() if self._left else b""

    def get_extra_info(self, info: str) -> object:
        return self

    def settimeout(self, seconds: float) -> None:
        """Asked for before it is read without waiting."""

    def recv_into(self, space: memoryview) -> int:
        raise ConnectionResetError


def test_a_reset_that_was_met_while_reading_ahead_is_no_end() -> None:
    stream = DeadlineStream(Reset(), layers=1)

    assert stream.read(1) == bytes(RECORD_BYTES)
    for _ in range(2):
        with pytest.raises(httpcore.ReadError):
            stream.read(1)
