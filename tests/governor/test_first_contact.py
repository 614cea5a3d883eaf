"""What is said of a Redis that cannot be talked to: a sentence, in seconds, whatever listens there."""

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from forebay.config.redis_server import read_redis_url
from forebay.governor.errors import NotConnected
from forebay.governor.first_contact import greet
from tests.servers.valkey import free_port, valkey_server


class Http(socketserver.BaseRequestHandler):
    """Answers whatever comes as a web server does."""

    def handle(self) -> None:
        self.request.recv(4096)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


class HangsUp(socketserver.BaseRequestHandler):
    """Ends each connection."""


@pytest.fixture
def listening(request: pytest.FixtureRequest) -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), request.param) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


def said(url: str) -> str:
    with pytest.raises(NotConnected) as raised:
        greet(read_redis_url(url))
    return str(raised.value)


def test_one_that_lets_us_in_is_fine(valkey_url: str) -> None:
    greet(read_redis_url(valkey_url))


def test_nobody_there() -> None:
    url = f"redis://:hunter2@127.0.0.1:{free_port()}/0"
    assert "cannot be reached: " in said(url)
    assert "hunter2" not in said(url)


@pytest.mark.parametrize("listening", [Http], indirect=True)
def test_a_web_server(listening: int) -> None:
    assert said(f"redis://127.0.0.1:{listening}/0") == f"what answers at redis://127.0.0.1:{listening}/0 is no Redis"


@pytest.mark.parametrize("listening", [HangsUp], indirect=True)
def test_what_hangs_up(listening: int) -> None:
    assert "hangs up: no Redis, or one with TLS" in said(f"redis://127.0.0.1:{listening}/0")


def test_what_listens_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        assert "answers as a Redis would, within 3 s" in said(url)


def test_a_database_that_there_is_not(valkey_url: str) -> None:
    assert said(valkey_url.replace("/0", "/99")).endswith("has no database 99")


@pytest.mark.parametrize("credentials", ["", ":wrong@", "nobody:wrong@"])
def test_a_password_that_is_wrong_or_missing(credentials: str) -> None:
    with valkey_server("--requirepass", "right") as url:
        sentence = said(url.replace("redis://", f"redis://{credentials}"))
    assert sentence.endswith("does not let us in: user or password are wrong or missing")
    assert "wrong@" not in sentence


def test_sentinels_and_a_cluster_that_are_not_there() -> None:
    assert "none of the sentinels at" in said("redis+sentinel://127.0.0.1:1,127.0.0.1:2/mymaster/0")
    assert "cannot be reached" in said("redis+cluster://127.0.0.1:1")
