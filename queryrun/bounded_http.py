"""Makes exchanges over HTTP that end in time and weigh no more than was allowed, whatever the peer does.

Every request of ours goes through here: Stripe's API (`client`), results (`landing.fetch`), messages to people
(`scheduler.notify`). Each has a deadline as a whole, or must bring so many bytes in each stretch of time; each body has
a most; none is compressed on the way, since a few kilobytes may inflate to gigabytes. No redirect is followed, no
cookie kept, and nothing read from the environment but which CAs are trusted (SSL_CERT_FILE, SSL_CERT_DIR): a proxy is
an argument.

Raises httpx's own errors, and two of that family for what a peer may not do.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from types import TracebackType
from typing import Self

import httpcore
import httpx

from forebay.queryrun.deadline import DeadlineBackend, within
from forebay.queryrun.long_body import body_chunks

#: What httpx's client sends by itself, but for what it accepts, and its own name.
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "keep-alive", "User-Agent": "forebay"}

#: URLs below a base that are kept as they were read: those of runs that are looked at again and again.
KNOWN_URLS = 1024


class BodyTooLarge(httpx.RemoteProtocolError):
    """Raised when a body is larger than such a body ever is."""


class ContentEncoded(httpx.DecodingError):
    """Raised when a body is compressed on the way, though nobody asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyBounds:
    """How long an exchange may last, and how large its answer may be."""

    whole_s: float
    """From the first try to connect until the last byte."""
    most_bytes: int = 1 << 20
    """Of the answer's body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyPace:
    """How fast a body must come that is too large for a deadline as a whole.

    In each `stretch_s` of waiting for the network `least_bytes` must come; what our own side takes to store them does
    not count.
    """

    least_bytes: int
    stretch_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as a whole."""

    status: int
    headers: Mapping[str, str]
    """Found by lower-case names."""
    body: bytes

    @property
    def is_success(self) -> bool:
        """Tells whether the status is one of 2xx."""
        return httpx.codes.is_success(self.status)


class _Transport(httpx.HTTPTransport):
    """httpx's own transport over a pool whose connections know the deadline of their thread."""

    def __init__(self, limits: httpx.Limits, proxy: str | None, ssl_context: ssl.SSLContext) -> None:
        # Not the parent's: it makes the same pool, and has no way to name the backend.
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            proxy=_core_proxy(httpx.Proxy(proxy)) if proxy else None,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=DeadlineBackend(),
        )


class _TransportOfEachThread(httpx.BaseTransport):
    """One for each thread that asks: a pool asks the system for each of its connections, with each request, whether the
    peer has closed it, and lets one thread in at a time meanwhile.

    Those of threads that have ended, as one does that reads a body ahead, are closed when another thread makes its own.
    """

    def __init__(self, limits: httpx.Limits, proxy: str | None) -> None:
        self._make = partial(_Transport, limits, proxy, httpx.create_ssl_context())
        self._of_thread = threading.local()
        self._lock = threading.Lock()
        self._made: list[tuple[threading.Thread, _Transport]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends it by a connection of this thread's."""
        own: _Transport | None = getattr(self._of_thread, "own", None)
        if own is None:
            own = self._of_thread.own = self._make()
            self._keep(own)
        return own.handle_request(request)

    def _keep(self, own: _Transport) -> None:
        with self._lock:
            left = [made for thread, made in self._made if not thread.is_alive()]
            self._made = [(thread, made) for thread, made in self._made if made not in left]
            self._made.append((threading.current_thread(), own))
        for made in left:
            made.close()

    def close(self) -> None:
        """Closes those of all threads."""
        for _, made in self._made:
            made.close()


def _core_proxy(proxy: httpx.Proxy) -> httpcore.Proxy:
    return httpcore.Proxy(str(proxy.url), auth=proxy.raw_auth, ssl_context=proxy.ssl_context)


class BoundedHttp:
    """A client for one kind of peer. Safe to share between threads; close it, or use it as a context manager."""

    def __init__(
        self,
        *,
        timeout: httpx.Timeout,
        base_url: str = "",
        headers: Mapping[str, str] | None = None,
        limits: httpx.Limits | None = None,
        proxy: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Takes `timeout` for each silence; `transport` stands in for the network in tests."""
        self._base_url = base_url.rstrip("/")
        self._headers = {**_HEADERS, **(headers or {})}
        self._timeout = timeout.as_dict()
        self._transport = transport or _TransportOfEachThread(limits or httpx.Limits(), proxy)
        self._known = lru_cache(KNOWN_URLS)(httpx.URL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Gives connections back."""
        self._transport.close()

    def request(
        self,
        method: str,
        url: str | httpx.URL,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Request:
        """Makes a request, which `ask` or `open` sends; a `url` that is a path is one of `base_url`."""
        if isinstance(url, str) and url.startswith("/"):
            url = self._known(self._base_url + url)
        own = {**self._headers, **(headers or {})}
        return httpx.Request(method, url, headers=own, content=content, extensions={"timeout": self._timeout})

    def ask(self, request: httpx.Request, bounds: ReplyBounds) -> Reply:
        """Makes one exchange and reads the answer whole. Raises `httpx.RequestError`.

        Of an answer that is no success the status says most: its body is read as far as it can be, and no further.
        """
        with within(bounds.whole_s), closing(self._sent(request)) as response:
            body = _read(response, bounds.most_bytes)
        return Reply(status=response.status_code, headers=response.headers, body=body)

    def _sent(self, request: httpx.Request) -> httpx.Response:
        """Sends without httpx's client: its merging, signing, redirects, cookies and log are a third of the work."""
        try:
            response = self._transport.handle_request(request)
        except httpx.RequestError as error:
            error.request = request
            raise
        response.request = request
        return response

    def open(self, request: httpx.Request, whole_s: float) -> httpx.Response:
        """Makes an exchange up to the headers, within `whole_s`; the body is left to `body_at_pace`.

        The caller closes what comes back.
        """
        with within(whole_s):
            return self._sent(request)


def body_at_pace(response: httpx.Response, pace: BodyPace) -> Iterator[bytes]:
    """Yields the body of an open answer as it comes. Raises `httpx.RequestError`, `httpx.ReadTimeout` if too slow."""
    _refuse_encoded(response)
    chunks = body_chunks(response)
    left_s, came = pace.stretch_s, 0
    while True:
        began_s = time.monotonic()
        with within(left_s):
            chunk = next(chunks, None)
        if chunk is None:
            return
        left_s -= time.monotonic() - began_s
        came += len(chunk)
        if came >= pace.least_bytes:
            left_s, came = pace.stretch_s, 0
        yield chunk


def hang_up(response: httpx.Response) -> None:
    """Ends the connection of an open answer, and with it the read that another thread waits in."""
    if response.is_closed:
        return  # its connection may be in use for another one
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream else None
    if connection:
        with suppress(OSError):  # it has ended by itself
            # As a plain socket: SSLSocket's own takes the TLS away, and who reads on would get what is encrypted.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _read(response: httpx.Response, most_bytes: int) -> bytes:
    body = bytearray()
    try:
        _refuse_encoded(response)
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > most_bytes:
                raise BodyTooLarge(f"the answer has more than {most_bytes} bytes", request=response.request)
    except httpx.RequestError:
        if response.is_success:
            raise
    return bytes(body[:most_bytes])


def _refuse_encoded(response: httpx.Response) -> None:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise ContentEncoded("the answer is compressed on the way, which nobody asked for", request=response.request)
