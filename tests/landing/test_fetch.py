import gzip
import itertools
import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import httpx
import pytest
from pydantic import SecretStr

from forebay.config.stripe import DOWNLOAD_HOSTS, MOST_RECEIVED_BYTES
from forebay.landing.errors import HostRefused, LandingError, TransferBroken, UrlExpired
from forebay.landing.fetch import PACE, Fetcher
from forebay.queryrun.bounded_http import BodyPace
from forebay.store.s3 import UPLOAD_AGE
from tests.landing.conftest import SIGNATURE, Origin, sending
from tests.servers.tcp import dripping, server


def fetched(fetcher: Fetcher, url: SecretStr) -> bytes:
    with fetcher.get(url) as delivery:
        return b"".join(delivery.chunks)


def redirecting(to: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", to)
        request.send_header("Content-Length", "0")
        request.send_header("Set-Cookie", "visitor=1")
        request.end_headers()

    return answer


def resetting(data: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        sending(data, promised=len(data) + 1000)(request)
        request.wfile.flush()
        # Closing with nothing to linger for sends a reset, as a CDN does to a reader that fell behind.
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return answer


def assert_secret(error: BaseException) -> None:
    """No text of an error, of its causes included, quotes the URL."""
    shown: BaseException | None = error
    while shown is not None:
        assert SIGNATURE not in f"{shown} {shown!r}"
        assert "/result" not in f"{shown} {shown!r}"
        shown = shown.__cause__


def test_the_body_comes_as_it_was_sent(origin: Origin, fetcher: Fetcher):
    data = bytes(range(256)) * 5000
    assert fetched(fetcher, origin.url(sending(data))) == data


def test_nothing_of_ours_is_sent_along(origin: Origin, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    url = origin.url(sending(b"x"))
    for _ in range(2):  # the first answer sets a cookie
        fetched(fetcher, url)
    for headers in origin.requests:
        assert not headers.keys() & {"authorization", "cookie", "stripe-version", "stripe-context"}
        assert headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refused_url_needs_a_new_one(origin: Origin, fetcher: Fetcher, status: int):
    with pytest.raises(UrlExpired) as caught:
        fetched(fetcher, origin.url(sending(b"expired", status=status)))
    assert caught.value.status == status
    assert caught.value.retry
    assert_secret(caught.value)


@pytest.mark.parametrize("status", [204, 206, 304, 408, 429, 500, 502, 503])
def test_other_answers_are_a_broken_transfer(origin: Origin, fetcher: Fetcher, status: int):
    with pytest.raises(TransferBroken, match=str(status)) as caught:
        fetched(fetcher, origin.url(sending(b"", status=status)))
    assert caught.value.retry
    assert_secret(caught.value)


def test_a_short_body_is_a_broken_transfer(origin: Origin, fetcher: Fetcher):
    with pytest.raises(TransferBroken, match="broke") as caught:
        fetched(fetcher, origin.url(sending(b"x" * 1000, promised=2000)))
    assert_secret(caught.value)


def test_a_reset_is_a_broken_transfer(origin: Origin, fetcher: Fetcher):
    with pytest.raises(TransferBroken) as caught:
        fetched(fetcher, origin.url(resetting(b"x" * 100_000)))
    assert_secret(caught.value)


def test_a_silent_host_is_a_broken_transfer(origin: Origin):
    def answer(request: BaseHTTPRequestHandler) -> None:
        sending(b"x", promised=2)(request)
        request.rfile.read(1)  # until the client gives up

    with Fetcher(allowed_hosts=(origin.host,), read_timeout_s=0.05) as fetcher:
        with pytest.raises(TransferBroken, match="silent") as caught:
            fetched(fetcher, origin.url(answer))
        assert_secret(caught.value)


def test_who_stops_early_waits_for_no_host(origin: Origin):
    sent = 3 << 20

    def answer(request: BaseHTTPRequestHandler) -> None:
        sending(bytes(sent), promised=sent + 1)(request)
        request.rfile.read(1)  # until the client gives up

    def read_what_came(fetcher: Fetcher) -> None:
        came = 0
        with fetcher.get(origin.url(answer)) as delivery:
            for chunk in delivery.chunks:
                came += len(chunk)
                if came == sent:
                    return  # and its thread waits for more

    patient = Fetcher(allowed_hosts=(origin.host,), read_timeout_s=600, pace=BodyPace(least_bytes=1, stretch_s=600))
    with patient as fetcher:
        reader = threading.Thread(target=read_what_came, args=(fetcher,), daemon=True)
        reader.start()
        reader.join(30)
        assert not reader.is_alive()


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_host_that_drips_is_a_broken_transfer_however_patient_each_read_is(part: str):
    head = b"HTTP/1.1 200 OK\r\n" + (b"" if part == "headers" else b"Content-Length: 5000000000\r\n\r\n")
    drops = itertools.repeat(b"a: b\r\n" if part == "headers" else b"x")
    slow = BodyPace(least_bytes=10_000, stretch_s=0.3)
    with server(dripping(drops, head=head)) as (url, _):
        host = url.removeprefix("http://")
        with Fetcher(allowed_hosts=(host,), headers_s=0.3, pace=slow) as patient:
            with pytest.raises(TransferBroken, match="slow") as caught:
                fetched(patient, SecretStr(f"{url}/result?{SIGNATURE}"))
            assert caught.value.retry
            assert_secret(caught.value)


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, deflate"])
def test_a_body_that_is_compressed_on_the_way_is_refused_unread(origin: Origin, fetcher: Fetcher, encoding: str):
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Encoding", encoding)
        request.end_headers()
        request.wfile.write(gzip.compress(bytes(1 << 20)))

    with pytest.raises(TransferBroken, match="ContentEncoded") as caught:
        fetched(fetcher, origin.url(answer))
    assert_secret(caught.value)


def test_a_host_that_is_not_there_is_a_broken_transfer(fetcher: Fetcher, origin: Origin):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        with Fetcher(allowed_hosts=(host,)) as other, pytest.raises(TransferBroken) as caught:
            fetched(other, SecretStr(f"http://{host}/result?{SIGNATURE}"))
    assert_secret(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/result?sIgNaTuRe",
        "https://files.stripe.com.evil.example/result?sIgNaTuRe",
        "https://evilstripeusercontent.com/result?sIgNaTuRe",
        "https://files.stripe.com:8443/result?sIgNaTuRe",
        "https://a.stripeusercontent.com:8443/result?sIgNaTuRe",
        "http://files.stripe.com/result?sIgNaTuRe",
        "https://user:sIgNaTuRe@files.stripe.com/result",
        "http://127.0.0.1/result?sIgNaTuRe",
        "https://[sIgNaTuRe/result",
        "https://files.stripe.com:sIgNaTuRe/result",
        "file:///etc/passwd?sIgNaTuRe",
        "/result?sIgNaTuRe",
        "",
    ],
)
def test_urls_that_lead_elsewhere_are_refused_without_a_request(url: str):
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError("a request was sent")

    with (
        Fetcher(allowed_hosts=DOWNLOAD_HOSTS, transport=httpx.MockTransport(never)) as fetcher,
        pytest.raises(HostRefused) as caught,
    ):
        fetched(fetcher, SecretStr(url))
    assert not caught.value.retry
    assert_secret(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://files.stripe.com/x",
        "https://FILES.stripe.com:443/x",
        "https://stripeusercontent.com/x",
        "https://a.b.stripeusercontent.com/x",
    ],
)
def test_stripes_own_hosts_are_on_the_default_list(url: str):
    with Fetcher(
        allowed_hosts=DOWNLOAD_HOSTS, transport=httpx.MockTransport(lambda _: httpx.Response(200, content=b"x"))
    ) as fetcher:
        assert fetched(fetcher, SecretStr(url)) == b"x"


def test_a_redirect_within_the_host_is_followed_without_its_cookie(origin: Origin, fetcher: Fetcher):
    origin.url(sending(b"moved"), "/moved")
    assert fetched(fetcher, origin.url(redirecting("/moved?x"))) == b"moved"
    assert "cookie" not in origin.requests[1]


@pytest.mark.parametrize("to", ["https://evil.example/x", "http://localhost:1/x", "//evil.example/x"])
def test_a_redirect_to_another_host_is_refused(origin: Origin, fetcher: Fetcher, to: str):
    with pytest.raises(HostRefused, match="redirects to another host") as caught:
        fetched(fetcher, origin.url(redirecting(to)))
    assert_secret(caught.value)


def test_the_slowest_download_that_is_let_go_on_ends_before_its_upload_is_swept() -> None:
    slowest_s = MOST_RECEIVED_BYTES * PACE.stretch_s / PACE.least_bytes

    assert 1.1 * timedelta(seconds=slowest_s) < UPLOAD_AGE


def test_redirects_without_end_are_a_broken_transfer(origin: Origin, fetcher: Fetcher):
    with pytest.raises(TransferBroken, match="without end"):
        fetched(fetcher, origin.url(redirecting("/result")))


def failures(origin: Origin) -> Iterator[Callable[[BaseHTTPRequestHandler], None]]:
    yield sending(b"x")
    yield sending(b"x", status=403)
    yield sending(b"x", promised=5)
    yield redirecting(f"https://evil.example/result?{SIGNATURE}")


def test_no_log_at_any_level_quotes_the_url(origin: Origin, fetcher: Fetcher, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    for logger in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=logger)
    for answer in failures(origin):
        try:
            fetched(fetcher, origin.url(answer))
        except LandingError as exc:
            logging.getLogger("a.step").warning("could not fetch", exc_info=exc)
    assert "receive_response_headers" in caplog.text, "httpcore's log is on"
    assert SIGNATURE not in caplog.text
    assert "/result" not in caplog.text
