"""The session's Valkey is handed out emptied, and whoever leaves something at it fails."""

import re
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import redis

from forebay.governor.redis_client import connect
from tests.servers import session_valkey as module
from tests.servers.processes import stop
from tests.servers.session_valkey import SessionValkey

#: Connects to one port from another one, which others may have too; 0: from any.
STAYS = """
import socket, sys
at = socket.socket()
at.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
at.bind(("127.0.0.1", int(sys.argv[2])))
at.connect(("127.0.0.1", int(sys.argv[1])))
print("there", flush=True)
sys.stdin.read()
"""


def client(url: str) -> redis.Redis:
    return connect(url)  # type: ignore[return-value]


def assert_noticed(session_valkey: SessionValkey, monkeypatch: pytest.MonkeyPatch, *, from_port: int = 0) -> None:
    """A process that is left at it is."""
    monkeypatch.setattr(module, "GONE_WITHIN_S", 0.1)
    handed_out = session_valkey.emptied()
    arguments = [str(urlsplit(handed_out.__enter__()).port), str(from_port)]
    process = subprocess.Popen(
        [sys.executable, "-c", STAYS, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "there\n"
        with pytest.raises(AssertionError, match="the processes of the test to end"):
            handed_out.__exit__(None, None, None)
    finally:
        stop(process)
        process.communicate()


def test_each_gets_it_empty(session_valkey: SessionValkey) -> None:
    with session_valkey.emptied() as url, client(url) as mine:
        mine.set("left", "behind")
    with session_valkey.emptied() as url, client(url) as mine:
        assert not mine.keys()


def test_a_process_that_is_left_at_it_fails_who_started_it(
    session_valkey: SessionValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_noticed(session_valkey, monkeypatch)


def test_nor_is_one_overlooked_that_has_the_port_of_a_connection_of_ours_to_another_server(
    session_valkey: SessionValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as another, socket.socket() as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ours.bind(("127.0.0.1", 0))
        ours.connect(another.getsockname())
        assert_noticed(session_valkey, monkeypatch, from_port=ours.getsockname()[1])


def test_who_leaves_it_set_otherwise_fails_and_the_next_has_it_as_it_was(session_valkey: SessionValkey) -> None:
    handed_out = session_valkey.emptied()
    with client(handed_out.__enter__()) as mine:
        mine.config_set("maxmemory", 1_000_000)
        mine.acl_setuser("guest", enabled=True)

    with pytest.raises(AssertionError, match=re.escape("{'maxmemory': '1000000', 'user guest': 'there'}")):
        handed_out.__exit__(None, None, None)

    with session_valkey.emptied() as url, client(url) as mine:
        assert mine.config_get("maxmemory") == {"maxmemory": "0"}
        assert mine.acl_users() == ["default"]
