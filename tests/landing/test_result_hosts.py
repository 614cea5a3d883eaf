"""Whether the way to results is open: names, connections, TLS and proxies, on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from forebay.config.connections import Connection
from forebay.config.secrets import HeldSecret
from forebay.config.stripe import DOWNLOAD_HOSTS, Mode
from forebay.landing.result_hosts import reach, result_hosts, way_to_results
from tests.servers import tcp
from tests.servers.certificates import Authority
from tests.servers.http_server import Handler, served
from tests.servers.relaying_proxy import proxy_to

HOST = "stripeusercontent.com"
ANSWER = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


def connection(*hosts: str, api_base: str = "https://api.stripe.com") -> Connection:
    secret = HeldSecret(origin="KEY", value=SecretStr("rk_test_shh"))
    return Connection(
        name="acme", mode=Mode.TEST, secret=secret, cap=1, api_base=api_base, download_hosts=hosts or DOWNLOAD_HOSTS
    )


@pytest.mark.parametrize(
    ("made", "hosts"),
    [
        (connection(*DOWNLOAD_HOSTS, "api.stripe.com"), (HOST, "files.stripe.com")),
        (connection(".stripeusercontent.com"), (HOST,)),
        (connection(".example.com", "files.example.com:8443"), ("files.example.com:8443",)),
        (connection(*DOWNLOAD_HOSTS, "127.0.0.1:12111", api_base="http://127.0.0.1:12111"), ("127.0.0.1:12111",)),
        (connection(".example.com"), ()),
    ],
)
def test_what_has_a_name_is_tried_and_a_stand_in_on_this_machine_is_tried_alone(
    made: Connection, hosts: tuple[str, ...]
) -> None:
    assert result_hosts(made) == hosts


def test_the_way_is_the_one_on_which_results_are_fetched() -> None:
    proxies = {"https": "http://proxy:3128", "no": "example.com"}

    assert way_to_results(connection(), proxies) == "http://proxy:3128"
    assert way_to_results(connection("files.example.com"), proxies) is None
    assert way_to_results(connection(api_base="http://127.0.0.1:12111"), proxies) is None


def test_whatever_a_host_answers_it_is_reached_and_nothing_of_ours_is_sent_there() -> None:
    asked: list[tuple[str, str, set[str]]] = []

    class Forbids(Handler):
        def do_HEAD(self) -> None:
            asked.append((self.command, self.path, {name.lower() for name in self.headers}))
            self.answer(403)

    with served(Forbids) as url:
        found = reach(url.removeprefix("http://"), proxy=None)

    assert found.trouble == ""
    ((command, path, headers),) = asked
    assert (command, path) == ("HEAD", "/")
    assert headers <= {"host", "accept", "accept-encoding", "connection", "user-agent"}


def test_a_name_that_nobody_knows_is_told_from_a_connection_that_nobody_takes() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        refused = reach(f"127.0.0.1:{nobody.getsockname()[1]}", proxy=None)

    assert reach("nowhere.invalid", proxy=None).trouble == "its name is not known here (DNS)"
    assert "refused" in refused.trouble


def test_who_is_silent_may_be_behind_a_firewall() -> None:
    def silence(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("", request=request)

    found = reach(HOST, proxy=None, transport=httpx.MockTransport(silence))

    assert "no answer within 5 s" in found.trouble and "firewall" in found.trouble


def test_what_is_no_host_is_no_crash() -> None:
    assert reach("a b", proxy=None).trouble


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def proxy(authority: Authority) -> Iterator[str]:
    """A proxy that leads to a server with a certificate of our own for the host, whatever it is asked for."""

    def answer(connected: socket.socket) -> None:
        connected.sendall(ANSWER)

    with tcp.server(answer, authority.server_context(HOST)) as (server, _), proxy_to(server) as (way, _):
        yield way.replace("http://", "http://me:pass%20word@")


def test_tls_is_checked_by_a_proxy_too_and_the_way_out_is_named(proxy: str) -> None:
    found = reach(HOST, proxy=proxy)

    assert found.trouble.startswith("TLS by the proxy 127.0.0.1:"), found.trouble
    assert "certificate" in found.trouble and "SSL_CERT_FILE" in found.trouble
    assert "pass" not in found.trouble and "me:" not in found.trouble


def test_by_a_proxy_whose_ca_is_trusted_it_is_reached(
    proxy: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))

    assert reach(HOST, proxy=proxy).trouble == ""


def test_a_certificate_of_another_host_is_none(
    proxy: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))

    assert "not valid for 'files.stripe.com'" in reach("files.stripe.com", proxy=proxy).trouble


def test_a_proxy_that_lets_nobody_there_is_named_without_its_password() -> None:
    def forbid(connected: socket.socket) -> None:
        connected.sendall(ANSWER)

    with tcp.server(forbid) as (url, asked):
        found = reach(HOST, proxy=url.replace("http://", "http://me:pass%20word@"))

    assert found.trouble == f"the proxy {url.removeprefix('http://')} refuses it: 403 Forbidden"
    assert asked[0].startswith(f"CONNECT {HOST}:443 ".encode())


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://me:word@nowhere.invalid:3128", "nowhere.invalid:3128, whose name"),
        ("http://127.0.0.1:1", "127.0.0.1:1"),
    ],
)
def test_a_proxy_that_is_not_there_is_not_taken_for_the_host(proxy: str, said: str) -> None:
    found = reach(HOST, proxy=proxy)

    assert f"by the proxy {said}" in found.trouble
    assert "word" not in found.trouble


def test_tls_is_asked_for_everywhere_but_on_this_machine() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(404)

    for host in (HOST, "files.example.com:8443", "127.0.0.1:8420", "localhost:8420"):
        reach(host, proxy=None, transport=httpx.MockTransport(answer))

    assert [url.partition(":")[0] for url in seen] == ["https", "https", "http", "http"]
