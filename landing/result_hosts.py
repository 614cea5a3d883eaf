"""Says from which hosts a connection's results come, by which way, and whether that way is open from here.

Every sample of Stripe's pages points to `stripeusercontent.com`, which is on none of the lists of domains that Stripe
publishes for firewalls. Where it is not allowed that shows at the first landing, when the run was spent. So `doctor`
tries it beforehand, and each worker where it runs (`worker/host_watch.py`). Nothing of ours is sent along: one HEAD
of `/` without credentials, over the same client, certificates and proxy as results are fetched by.
"""

import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from forebay.config.api_base import host_of, is_loopback
from forebay.config.connections import Connection
from forebay.config.proxies import proxy_for
from forebay.config.stripe import RESULT_HOST
from forebay.queryrun.bounded_http import BoundedHttp, ReplyBounds
from forebay.queryrun.wire import text

#: Who answers at all does so within a second; a firewall that drops what goes there is found out by this.
CONNECT_S = 5.0
_BOUNDS = ReplyBounds(whole_s=15.0, most_bytes=64 << 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReach:
    """What came of trying a host."""

    host: str
    trouble: str = ""
    """Why it cannot be reached, in words for people; empty where it can."""


def way_to_results(connection: Connection, proxies: Mapping[str, str]) -> str | None:
    """Gives the URL of the proxy by which results are fetched; None for a direct way. Raises `ConfigError`.

    `proxies` are those that the environment names, as `urllib.request.getproxies` finds them.
    """
    hosts = connection.download_hosts
    # A stand-in for Stripe on this machine is not behind the company's proxy.
    return None if not hosts or _is_stand_in(connection) else proxy_for(f"https://{hosts[0].lstrip('.')}", proxies)


def result_hosts(connection: Connection) -> tuple[str, ...]:
    """Names the hosts that can be tried: what stands for all below it names none. Each as `host` or `host:port`.

    A stand-in on this machine hands out results by itself. Elsewhere the host of the API is left out: whether it is
    reached shows before anything is spent.
    """
    near = _is_stand_in(connection)
    return tuple(dict.fromkeys(host for host in _named(connection) if near is is_loopback(_name_of(host))))


def _is_stand_in(connection: Connection) -> bool:
    return is_loopback(urlsplit(connection.api_base).hostname or "")


def _named(connection: Connection) -> Iterator[str]:
    api = host_of(connection.api_base)
    for entry in connection.download_hosts:
        if entry == f".{RESULT_HOST}":
            yield RESULT_HOST
        elif not entry.startswith(".") and (entry != api or is_loopback(_name_of(api))):
            yield entry


def reach(host: str, *, proxy: str | None, transport: httpx.BaseTransport | None = None) -> HostReach:
    """Tries a host: its name, a connection, TLS, and whether it answers. Whatever it answers will do."""
    # As `landing.fetch` does: without TLS nothing is fetched but from this machine.
    scheme = "http" if is_loopback(_name_of(host)) else "https"
    timeout = httpx.Timeout(CONNECT_S)
    try:
        with BoundedHttp(timeout=timeout, headers={"Accept": "*/*"}, proxy=proxy, transport=transport) as http:
            http.ask(http.request("HEAD", f"{scheme}://{host}/"), _BOUNDS)
    except httpx.RequestError as error:
        return HostReach(host=host, trouble=_words(error, proxy))
    except httpx.InvalidURL:
        return HostReach(host=host, trouble="it is no name of a host")
    return HostReach(host=host)


def _name_of(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""


def _words(error: httpx.RequestError, proxy: str | None) -> str:
    by = f"by the proxy {_name_and_port(proxy)}" if proxy else ""
    causes = list(_causes(error))
    if isinstance(error, httpx.ProxyError):
        return f"the proxy {_name_and_port(proxy)} refuses it: {text(str(error))}"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return f"{by}, whose name is not known here (DNS)" if by else "its name is not known here (DNS)"
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls is not None:
        said = getattr(tls, "verify_message", "") or tls.reason or "the handshake failed"
        return f"TLS{' ' + by if by else ''}: {text(said)}; the CA of a proxy that opens TLS goes into SSL_CERT_FILE"
    if isinstance(error, httpx.TimeoutException):
        return f"no answer{' ' + by if by else ''} within {CONNECT_S:.0f} s, as where a firewall drops what goes there"
    said = text(str(error)) or type(error).__name__
    return f"{by}: {said}" if by else said


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _name_and_port(proxy: str | None) -> str:
    """Names a proxy without what its URL may hold beside: a user and a password."""
    parts = urlsplit(proxy or "")
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
