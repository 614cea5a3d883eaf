"""The client against real sockets: what a mock transport would only imitate."""

from __future__ import annotations

import logging
import socket
import struct
import traceback
from pathlib import Path

import httpcore
import httpx
import pytest

from forebay.config.errors import ConfigError, SecretError
from forebay.config.secrets import SecretRef
from forebay.queryrun.client import QueryRunClient
from forebay.queryrun.errors import ProviderError
from tests.queryrun.conftest import KEY, make_connection
from tests.servers.tcp import Answer, server

#: Long enough for a loopback round trip on a busy machine, short enough to wait for.
SHORT = httpx.Timeout(connect=2.0, read=0.2, write=2.0, pool=0.2)

BODY = b'{"id": "qryrun_1", "status": "running"}'
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nRequest-Id: req_1\r\n\r\n%s" % (len(BODY), BODY)


def silence(_: socket.socket) -> None:
    """Never answer."""


def reset(connected: socket.socket) -> None:
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connected.close()


def hang_up(connected: socket.socket) -> None:
    connected.shutdown(socket.SHUT_RDWR)


def cut_short(connected: socket.socket) -> None:
    connected.sendall(REPLY[:-5])
    connected.shutdown(socket.SHUT_RDWR)


def no_http(connected: socket.socket) -> None:
    connected.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")
    connected.shutdown(socket.SHUT_RDWR)


def answered(connected: socket.socket) -> None:
    connected.sendall(REPLY)


@pytest.mark.parametrize("answer", [silence, reset, hang_up, cut_short, no_http])
def test_a_reply_that_never_came_whole_may_have_been_carried_out(answer: Answer) -> None:
    with server(answer) as (url, requests), QueryRunClient(make_connection(api_base=url), timeout=SHORT) as client:
        with pytest.raises(ProviderError):
            client.create(sql="SELECT 1", compress=False, key="fb-1", account=None)

        # Once: the client itself repeats nothing.
        assert len([request for request in requests if b"POST" in request]) == 1


def test_a_port_where_nobody_listens_was_never_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    client = QueryRunClient(make_connection(api_base=f"http://127.0.0.1:{port}"), timeout=SHORT)
    with client, pytest.raises(ProviderError, match=r"connect error: .*refused"):
        client.create(sql="SELECT 1", compress=False, key="fb-1", account=None)


def test_one_connection_carries_many_requests() -> None:
    with server(answered) as (url, requests), QueryRunClient(make_connection(api_base=url)) as client:
        for _ in range(3):
            assert client.retrieve("qryrun_1", account=None).request_id == "req_1"

    # The server takes one connection at a time, so the second one would have waited for ever.
    assert len(requests) == 3


def test_the_way_to_this_machine_leads_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)

    with server(answered) as (url, _), QueryRunClient(make_connection(api_base=url)) as client:
        assert client.retrieve("qryrun_1", account=None).id == "qryrun_1"


@pytest.mark.parametrize("answer", [silence, reset, no_http])
def test_the_key_goes_over_the_wire_and_nowhere_else(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    with server(answer) as (url, requests), QueryRunClient(make_connection(api_base=url), timeout=SHORT) as client:
        report = _error_report(client)

    assert f"Authorization: Bearer {KEY}".encode() in requests[0]
    assert KEY not in report + caplog.text


class BrokenWire(httpcore.NetworkBackend, httpcore.NetworkStream):
    """Connects, and takes no byte: httpcore's frames then hold the very bytes that hold the key."""

    def connect_tcp(self, *_: object, **__: object) -> httpcore.NetworkStream:
        return self

    def start_tls(self, *_: object, **__: object) -> httpcore.NetworkStream:
        return self

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        raise httpcore.WriteTimeout

    def get_extra_info(self, info: str) -> None:
        return None

    def close(self) -> None:
        """Nothing is open."""


def test_an_error_while_the_key_is_being_sent_leaves_it_out_of_the_report() -> None:
    transport = httpx.HTTPTransport()
    transport._pool = httpcore.ConnectionPool(network_backend=BrokenWire())

    with QueryRunClient(make_connection(), transport=transport) as client:
        report = _error_report(client)

    assert "write timeout" in report
    assert KEY not in report


def _error_report(client: QueryRunClient) -> str:
    """What the loudest of error reporters would send: the whole chain, with the locals of every frame."""
    try:
        client.retrieve("qryrun_1", account=None)
    except ProviderError as exc:
        return "".join(traceback.TracebackException.from_exception(exc, capture_locals=True).format())
    raise AssertionError("no error")


def test_a_key_for_each_account_goes_with_the_account_of_the_request_and_without_context(tmp_path: Path) -> None:
    accounts = [f"acct_{number}" for number in range(8)]
    for account in accounts:
        (tmp_path / account).write_text(f"rk_test_key_of_{account}")
        (tmp_path / account).chmod(0o600)
    secret = SecretRef.parse("secret://file/{account}", folder=tmp_path)

    with server(answered) as (url, requests), QueryRunClient(make_connection(api_base=url, secret=secret)) as client:
        for account in accounts:
            client.retrieve("qryrun_1", account=account)
        (tmp_path / "acct_0").write_text("rk_test_rolled")
        client.create(sql="SELECT 1", compress=True, key="fb-1", account="acct_0")

        with pytest.raises(ConfigError, match="no account is named"):
            client.retrieve("qryrun_1", account=None)
        with pytest.raises(SecretError, match="acct_9"):
            client.retrieve("qryrun_1", account="acct_9")

    for account, request in zip(accounts, requests, strict=False):
        assert f"Authorization: Bearer rk_test_key_of_{account}\r\n".encode() in request
    assert b"Authorization: Bearer rk_test_rolled\r\n" in b"".join(requests)
    assert b"".join(requests).count(b" HTTP/1.1\r\n") == len(accounts) + 1
    assert b"stripe-context" not in b"".join(requests).lower()
