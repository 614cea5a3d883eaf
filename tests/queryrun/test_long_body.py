"""Bodies that are read straight from their connections, on real sockets."""

import itertools
import socket
from collections.abc import Iterator

import httpx
import pytest

from forebay.queryrun.bounded_http import BodyPace, BoundedHttp, body_at_pace, hang_up
from forebay.queryrun.long_body import LONG_BYTES
from tests.servers.tcp import Answer, dripping, server

PACE = BodyPace(least_bytes=1, stretch_s=5.0)
BODY = bytes(range(256)) * (2 * LONG_BYTES // 256) + b"end"


@pytest.fixture
def http() -> Iterator[BoundedHttp]:
    with BoundedHttp(timeout=httpx.Timeout(5.0)) as made:
        yield made


def head(length: int = len(BODY), more: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{more}\r\n".encode()


def sending(*pieces: bytes, closes: bool = False) -> Answer:
    def answer(peer: socket.socket) -> None:
        for piece in pieces:
            peer.sendall(piece)
        if closes:
            peer.close()

    return answer


def read(http: BoundedHttp, url: str, pace: BodyPace = PACE) -> bytes:
    response = http.open(http.request("GET", url), 5.0)
    try:
        return b"".join(body_at_pace(response, pace))
    finally:
        response.close()


@pytest.mark.parametrize("first", [0, 1, LONG_BYTES, len(BODY)])
def test_a_body_is_the_same_however_much_of_it_came_with_its_head(http: BoundedHttp, first: int) -> None:
    with server(sending(head() + BODY[:first], BODY[first:])) as (url, _):
        assert read(http, url) == BODY


def test_a_connection_ends_with_a_long_body_and_is_used_again_after_a_short_one(http: BoundedHttp) -> None:
    with server(sending(head(), BODY)) as (url, asked):
        assert [read(http, url) for _ in range(2)] == [BODY] * 2
        assert len(asked) == 2
    with server(sending(head(3), b"abc")) as (url, asked):
        assert [read(http, url) for _ in range(2)] == [b"abc"] * 2
        assert len(asked) == 2


def test_what_follows_a_long_body_is_no_part_of_it(http: BoundedHttp) -> None:
    with server(sending(head(), BODY + b"HTTP/1.1 200 OK\r\n\r\nmore")) as (url, _):
        assert read(http, url) == BODY


@pytest.mark.parametrize("sent", [1, LONG_BYTES, len(BODY) - 1])
def test_a_long_body_that_ends_early_is_no_body(http: BoundedHttp, sent: int) -> None:
    with (
        server(sending(head(), BODY[:sent], closes=True)) as (url, _),
        pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)),
    ):
        read(http, url)


def test_a_long_body_that_comes_in_chunks_is_read_as_chunks(http: BoundedHttp) -> None:
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(BODY), BODY) for _ in range(2)) + b"0\r\n\r\n"
    with server(sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunked)) as (url, _):
        assert read(http, url) == BODY * 2


def test_a_long_body_that_drips_is_not_waited_for(http: BoundedHttp) -> None:
    answer = dripping((b"x" for _ in itertools.count()), head=head() + BODY[:LONG_BYTES])
    pace = BodyPace(least_bytes=LONG_BYTES, stretch_s=0.5)

    with server(answer) as (url, _), pytest.raises(httpx.TimeoutException):
        read(http, url, pace)


def test_a_long_body_that_says_nothing_more_is_waited_for_as_long_as_a_silence_may_last() -> None:
    with (
        BoundedHttp(timeout=httpx.Timeout(0.2)) as http,
        server(sending(head(), BODY[:LONG_BYTES])) as (url, _),
        pytest.raises(httpx.ReadTimeout),
    ):
        read(http, url)


def test_whoever_hangs_up_ends_the_read_of_a_long_body(http: BoundedHttp) -> None:
    with server(sending(head(), BODY[:LONG_BYTES])) as (url, _):
        response = http.open(http.request("GET", url), 5.0)
        chunks = body_at_pace(response, PACE)
        came = 0
        while came < LONG_BYTES:
            came += len(next(chunks))

        hang_up(response)

        with pytest.raises(httpx.RequestError):
            next(chunks)
        response.close()
