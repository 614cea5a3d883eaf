"""Fetches a result from its URL: knows whom we ask, what we send, and what each answer means.

`landing.land` reads from it. The URL alone is the right to read the data, so it is treated like a key: it comes as a
SecretStr, and neither errors nor logs quote more of it than the host. Nothing of ours is sent along: Stripe's key
would be leaked to whoever the URL leads to.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Self

import httpx
from pydantic import SecretStr

from forebay.landing.errors import HostRefused, NotTheResult, TransferBroken, UrlExpired
from forebay.landing.read_ahead import read_ahead
from forebay.landing.resumed_body import ResumableBody, translated
from forebay.queryrun.bounded_http import BodyPace, BoundedHttp
from forebay.queryrun.deadline import within

MAX_REDIRECTS = 3
#: From the first try to connect until the headers, redirects included: what a store of files takes seconds for.
HEADERS_S = 45.0
#: 46 KB/s, less than any line that a worker is worth running on: 5 GB come within 32 hours then. Shorter than the
#: custody that each byte renews (60 s), so a host that drips ends before anybody else takes the run up.
PACE = BodyPace(least_bytes=2 << 20, stretch_s=45.0)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
#: Answers that a later GET of the same URL may not repeat.
_PASSING = {408, 425, 429}
#: What proxies, portals and stores of files say of themselves with status 200. A result is none of these.
_PAGES = {"text/html", "application/xhtml+xml", "text/xml", "application/xml", "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The body of an answer on its way in."""

    chunks: Iterator[bytes]
    declared_bytes: int | None
    """How long the host said that it is, and was held to; None if it did not say."""


class Fetcher:
    """A client for result URLs alone. Safe to share between threads; `close` it, or use it in a `with`."""

    def __init__(
        self,
        *,
        allowed_hosts: tuple[str, ...],
        connect_timeout_s: float = 10,
        read_timeout_s: float = 30,
        headers_s: float = HEADERS_S,
        pace: BodyPace = PACE,
        proxy: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Takes `allowed_hosts` as `host`, `host:port`, or `.suffix` for all hosts below; https only, but for loopback.

        `read_timeout_s` bounds the silence between bytes, `headers_s` all until the body begins, and `pace` the body.
        """
        self._allowed = tuple(host.lower() for host in allowed_hosts)
        keep_logs_without_urls()
        self._headers_s = headers_s
        self._pace = pace
        self._http = BoundedHttp(
            timeout=httpx.Timeout(read_timeout_s, connect=connect_timeout_s),
            headers={"Accept": "*/*"},
            proxy=proxy,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives connections back."""
        self._http.close()

    @contextmanager
    def get(self, url: SecretStr) -> Iterator[Delivery]:
        """Opens the body of the result: chunks as they come from the network.

        Raises HostRefused, UrlExpired, TransferBroken; the last also while the chunks are iterated.
        """
        parsed = parsed_url(url)
        response = self._open(parsed, {})
        with closing(ResumableBody(response, partial(self._open, parsed), self._pace)) as body:
            _check_status(response)
            with read_ahead(body.chunks(), body.hang_up) as chunks:
                yield Delivery(chunks=chunks, declared_bytes=body.declared_bytes)

    def _open(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        with translated(), within(self._headers_s):
            return self._follow(url, headers)

    def _follow(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        """Finds the first answer that is no redirect. Redirects are only followed within one host."""
        asked = url
        for _ in range(MAX_REDIRECTS + 1):
            check_host(asked, self._allowed)
            response = self._http.open(self._http.request("GET", asked, headers=headers), self._headers_s)
            if not response.has_redirect_location:
                return response
            response.close()
            following = _redirected(asked, response.headers["location"])
            if following.host != asked.host:
                raise HostRefused(f"{asked.host} redirects to another host, {following.host}")
            asked = following
        raise TransferBroken(f"{url.host} redirects without end")


def _redirected(asked: httpx.URL, location: str) -> httpx.URL:
    """Reads where a redirect leads. Raises `TransferBroken` where that is no URL, which does not quote it."""
    try:
        return asked.join(location)
    except (httpx.InvalidURL, ValueError):
        raise TransferBroken(f"{asked.host} redirects to what is no URL") from None


def check_host(url: httpx.URL, allowed: Iterable[str]) -> None:
    """Raises `HostRefused` for a URL that no result is fetched from; `allowed` as `Fetcher` has them, in lower case."""
    if url.scheme != "https" and not (url.scheme == "http" and url.host in _LOOPBACK):
        raise HostRefused(f"a result is fetched over https only, not {url.scheme or 'nothing'}")
    if url.userinfo:
        raise HostRefused("a result's URL with a user name in it")
    if not any(_matches(url, entry) for entry in allowed):
        raise HostRefused(
            f"{url.netloc.decode('ascii')} is not on the list of hosts that results may come from; "
            "if Stripe moved them, add the new host to the settings"
        )


def _matches(url: httpx.URL, entry: str) -> bool:
    if entry.startswith("."):
        return url.host.endswith(entry) and url.port is None
    return url.netloc.decode("ascii") == entry


def parsed_url(url: SecretStr) -> httpx.URL:
    """Reads it. Raises `HostRefused` where it is none, which does not quote it."""
    try:
        return httpx.URL(url.get_secret_value())
    except (httpx.InvalidURL, TypeError, ValueError):
        # Without its cause: that one quotes what it could not read.
        raise HostRefused("the result's URL cannot be read as one") from None


def _check_status(response: httpx.Response) -> None:
    status, host = response.status_code, response.url.host
    if status == 200:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in _PAGES:
            raise NotTheResult(f"{host} answered with {kind} to the result's URL, which is no result")
        return
    if 400 <= status < 500 and status not in _PASSING:
        raise UrlExpired(host, status)
    raise TransferBroken(f"{host} answered {status} to the result's URL")


def keep_logs_without_urls() -> None:
    """Sees to it that httpcore logs no signed URL from now on, whatever its level is set to.

    A filter rather than a level: whoever turns its log on for debugging must not turn secrets on with it.
    """
    logging.getLogger("httpcore.http11").addFilter(_drop_locations)


def _drop_locations(record: logging.LogRecord) -> bool:
    """Drops the headers of redirects, which httpcore logs at DEBUG: where they lead is a signed URL too."""
    return "location" not in record.getMessage().lower()
