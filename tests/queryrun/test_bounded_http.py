"""Peers that drip, flood and inflate, on real sockets: each exchange ends, and weighs no more than it may."""

import gzip
import itertools
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpcore
import httpx
import pytest

from forebay.queryrun import deadline
from forebay.queryrun.bounded_http import BodyPace, BodyTooLarge, BoundedHttp, ContentEncoded, ReplyBounds, body_at_pace
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.errors import CapReachedError, ProviderError
from tests.queryrun.conftest import make_connection
from tests.servers.http_server import Handler, served
from tests.servers.processes import wait_until
from tests.servers.tcp import Answer, dripping, flooding, server

#: Far more than the time-out of a single read, and far less than the test's own.
WHOLE = ReplyBounds(whole_s=0.5, most_bytes=10_000)
SILENCE = httpx.Timeout(5.0)
ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"1\r\nx\r\n"

DRIPS = {
    "status line": dripping(b"H" for _ in itertools.count()),
    "headers": dripping((b"x", *(b"a: b\r\n" for _ in range(10**6))), head=b"HTTP/1.1 200 OK\r\n"),
    "one header": dripping((b"a" for _ in itertools.count()), head=b"HTTP/1.1 200 OK\r\nx: "),
    "answers before the answer": dripping(b"HTTP/1.1 103 Early Hints\r\n\r\n" for _ in itertools.count()),
    "body": dripping((b"x" for _ in itertools.count()), head=b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"),
    "chunks": dripping((CHUNK for _ in itertools.count()), head=ENDLESS),
    "a chunk's extension": dripping((b"x" for _ in itertools.count()), head=ENDLESS + b"1;"),
    "body until the end": dripping((b"x" for _ in itertools.count()), head=b"HTTP/1.1 200 OK\r\n\r\n"),
}


@pytest.fixture
def http() -> Iterator[BoundedHttp]:
    with BoundedHttp(timeout=SILENCE) as made:
        yield made


def ask(http: BoundedHttp, url: str, content: bytes | None = None) -> bytes:
    return http.ask(http.request("POST" if content else "GET", url, content=content), WHOLE).body


@pytest.mark.parametrize("answer", DRIPS.values(), ids=DRIPS)
def test_a_peer_that_drips_is_not_waited_for(http: BoundedHttp, answer: Answer) -> None:
    with (
        server(answer) as (url, _),
        pytest.raises(httpx.TimeoutException, match=r"longer than all of it may|timed out"),
    ):
        ask(http, url)


def test_a_peer_that_reads_a_byte_at_a_time_is_not_waited_for(http: BoundedHttp) -> None:
    def sip(connected: object) -> None:
        """The request is never read further: only what the buffers hold is taken."""
        over.wait(20)

    over = threading.Event()
    with server(sip) as (url, _):
        with pytest.raises(httpx.TimeoutException):
            ask(http, url, content=bytes(64 << 20))
        over.set()


def test_the_deadline_is_that_of_the_exchange_and_ends_with_it(http: BoundedHttp) -> None:
    with server(DRIPS["body"]) as (url, _), pytest.raises(httpx.TimeoutException):
        ask(http, url)

    assert deadline._stretch.until_s == float("inf")


def test_each_thread_has_its_own_deadline() -> None:
    seen: list[float] = []

    with deadline.within(1):
        other = threading.Thread(target=lambda: seen.append(deadline._stretch.until_s))
        other.start()
        other.join()
        inner = deadline._stretch.until_s
        with deadline.within(100):
            assert deadline._stretch.until_s == inner, "what is inside cannot take longer than what it is in"

    assert seen == [float("inf")]


def silent_at(address: str, port: int, stack: ExitStack) -> None:
    """Makes an address where nobody answers: its queue is full, so what comes is dropped, as behind a bad route."""
    listener = stack.enter_context(socket.create_server((address, port), backlog=0))
    queued = stack.enter_context(socket.create_connection(listener.getsockname()))
    while select.select([], [queued], [], 0.1)[1]:
        queued = stack.enter_context(socket.socket())
        queued.setblocking(False)
        queued.connect_ex(listener.getsockname())


def test_an_address_where_nobody_answers_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        url, _ = stack.enter_context(server(replying("200 OK", b"found")))
        http = stack.enter_context(BoundedHttp(timeout=httpx.Timeout(5.0, connect=1.0)))
        port = httpx.URL(url).port or 0
        silent_at("127.0.0.2", port, stack)
        real = socket.getaddrinfo

        def two(host: str, *rest: object, **named: int) -> list[object]:
            hosts = ("127.0.0.2", "127.0.0.1") if host == "two" else (host,)
            return [found for each in hosts for found in real(each, *rest, **named)]

        monkeypatch.setattr(socket, "getaddrinfo", two)

        assert http.ask(http.request("GET", f"http://two:{port}"), ReplyBounds(whole_s=5.0)).body == b"found"


def test_a_connection_that_is_too_late_for_its_handshake_is_closed() -> None:
    with server(replying("200 OK", b"")) as (url, _):
        stream = deadline.DeadlineBackend().connect_tcp("127.0.0.1", httpx.URL(url).port or 0, 1.0)
        with deadline.within(0), pytest.raises(httpcore.ConnectTimeout):
            stream.start_tls(ssl.create_default_context(), "localhost", 1.0)

        assert stream.get_extra_info("socket").fileno() == -1


ERROR = b"HTTP/1.1 429 Too Many\r\nTransfer-Encoding: chunked\r\n\r\n"
FLOODS = {
    "chunks": flooding(ENDLESS, b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "until the end": flooding(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
    "a length": flooding(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n", b"x" * 65536),
}


@pytest.mark.parametrize("answer", FLOODS.values(), ids=FLOODS)
def test_a_body_without_end_is_cut(http: BoundedHttp, answer: Answer) -> None:
    with server(answer) as (url, _), pytest.raises(BodyTooLarge, match="more than 10000 bytes"):
        ask(http, url)


def test_headers_without_end_are_refused(http: BoundedHttp) -> None:
    endless = flooding(b"HTTP/1.1 200 OK\r\nx: ", b"a" * 65536)
    with server(endless) as (url, _), pytest.raises(httpx.RemoteProtocolError):
        ask(http, url)


def replying(head: str, body: bytes) -> Answer:
    whole = f"HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    return lambda connected: connected.sendall(whole)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip", "made-up"])
def test_what_is_compressed_on_the_way_is_refused_unread(http: BoundedHttp, encoding: str) -> None:
    bomb = gzip.compress(bytes(1 << 20))
    with (
        server(replying(f"200 OK\r\nContent-Encoding: {encoding}", bomb)) as (url, requests),
        pytest.raises(ContentEncoded, match="compressed on the way"),
    ):
        ask(http, url)

    assert b"accept-encoding: identity\r\n" in requests[0].lower()


def test_the_encoding_that_is_none_is_read(http: BoundedHttp) -> None:
    with server(replying("200 OK\r\nContent-Encoding: identity", b"{}")) as (url, _):
        assert ask(http, url) == b"{}"


BAD_BODIES: dict[str, Answer] = {
    "endless": flooding(ERROR, b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "dripping": dripping((CHUNK for _ in itertools.count()), head=ERROR),
    "compressed": replying("429 Too Many\r\nContent-Encoding: gzip", gzip.compress(bytes(1 << 20))),
}


@pytest.mark.parametrize("answer", BAD_BODIES.values(), ids=BAD_BODIES)
def test_of_a_refusal_the_status_is_kept_whatever_its_body_is(http: BoundedHttp, answer: Answer) -> None:
    with server(answer) as (url, _):
        reply = http.ask(http.request("GET", url), WHOLE)

    assert reply.status == 429
    assert len(reply.body) <= WHOLE.most_bytes


def test_no_cookie_is_kept(http: BoundedHttp) -> None:
    with server(replying("200 OK\r\nSet-Cookie: visitor=1; Path=/", b"x")) as (url, requests):
        ask(http, url)
        ask(http, url)

    assert b"cookie" not in requests[1].lower()


PACE = BodyPace(least_bytes=1000, stretch_s=0.3)


def paced(http: BoundedHttp, url: str, take: Callable[[bytes], None]) -> None:
    response = http.open(http.request("GET", url), whole_s=5)
    try:
        for chunk in body_at_pace(response, PACE):
            take(chunk)
    finally:
        response.close()


@pytest.mark.parametrize("name", ["body", "chunks", "a chunk's extension", "body until the end"])
def test_a_body_must_keep_its_pace(http: BoundedHttp, name: str) -> None:
    came = bytearray()
    with server(DRIPS[name]) as (url, _), pytest.raises(httpx.TimeoutException):
        paced(http, url, came.extend)

    assert len(came) < PACE.least_bytes


def test_a_body_that_keeps_its_pace_may_take_longer_than_a_stretch(http: BoundedHttp) -> None:
    drops = [b"x" * 200] * 60
    body = dripping(drops, head=b"HTTP/1.1 200 OK\r\nContent-Length: 12000\r\n\r\n")
    came = bytearray()

    with server(body) as (url, _):
        began_s = time.monotonic()
        paced(http, url, came.extend)

    assert len(came) == 12_000
    assert time.monotonic() - began_s > PACE.stretch_s, "or this test shows nothing"


def test_what_a_slow_store_takes_is_not_the_hosts_fault(http: BoundedHttp) -> None:
    released = threading.Event()
    threading.Timer(2 * PACE.stretch_s, released.set).start()
    came = bytearray()

    def take(chunk: bytes) -> None:
        came.extend(chunk)
        released.wait(5)

    with server(replying("200 OK", b"x" * 100_000)) as (url, _):
        paced(http, url, take)

    assert len(came) == 100_000


def client(url: str) -> QueryRunClient:
    return QueryRunClient(make_connection(api_base=url), bounds=WHOLE)


@pytest.mark.parametrize("bad", ["headers", "body", "flood"])
def test_a_call_to_stripe_that_does_not_end_is_the_providers_fault(bad: str) -> None:
    answer = FLOODS["chunks"] if bad == "flood" else DRIPS[bad]
    with server(answer) as (url, _), client(url) as stripe, pytest.raises(ProviderError, match="no answer from Stripe"):
        stripe.create(sql="SELECT 1", compress=True, key="fb-1", account=None)


def test_a_full_cap_is_understood_whatever_its_body_is() -> None:
    head = ERROR.removesuffix(b"\r\n") + b"Stripe-Rate-Limited-Reason: resource-specific\r\n\r\n"
    endless = flooding(head, b"10000\r\n" + b"x" * 65536 + b"\r\n")
    with server(endless) as (url, _), client(url) as stripe, pytest.raises(CapReachedError):
        stripe.create(sql="SELECT 1", compress=True, key="fb-1", account=None)


def test_a_process_that_slept_between_its_mark_and_its_sending_sends_nothing() -> None:
    with (
        server(replying("200 OK", b"{}")) as (url, requests),
        client(url) as stripe,
        deadline.within(-1),
        pytest.raises(ProviderError, match="nothing was sent") as raised,
    ):
        stripe.create(sql="SELECT 1", compress=True, key="fb-1", account=None)

    assert raised.value.unsent
    assert requests == []


def test_each_thread_has_a_connection_of_its_own_and_keeps_it(http: BoundedHttp) -> None:
    came: list[tuple[str, int]] = []

    class Peer(Handler):
        def do_GET(self) -> None:
            came.append(self.client_address)
            self.answer(200, b"{}")

    with served(Peer) as url:
        for _ in range(2):
            ask(http, url)
        other = threading.Thread(target=lambda: [ask(http, url) for _ in range(2)])
        other.start()
        other.join(20)
        http.close()

    assert len(came) == 4
    assert came[0] == came[1] != came[2] == came[3]


def test_a_connection_is_closed_once_its_thread_has_ended_and_another_one_needs_one(http: BoundedHttp) -> None:
    open_now: set[tuple[str, int]] = set()

    class Peer(Handler):
        def setup(self) -> None:
            super().setup()
            open_now.add(self.client_address)

        def do_GET(self) -> None:
            self.answer(200, b"{}")

        def finish(self) -> None:
            super().finish()
            open_now.discard(self.client_address)

    with served(Peer) as url:
        for _ in range(20):
            passing = threading.Thread(target=lambda: ask(http, url))
            passing.start()
            passing.join(20)
        wait_until(lambda: len(open_now) <= 1, "connections of threads that have ended to be closed")
        http.close()
