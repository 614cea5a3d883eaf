"""One Valkey for all tests of a session: each gets it emptied, and leaves it as it was, with nobody at it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from forebay.governor.redis_client import connect
from tests.servers.processes import wait_until

#: How long the connections of a process that has just ended may be seen yet.
GONE_WITHIN_S = 5.0


class SessionValkey:
    """A server that is handed out only emptied: what an earlier test left is never what a later one fails of."""

    def __init__(self, url: str) -> None:
        self._url = url
        with connect(url) as client:
            self._as_started = _settings(client)

    @contextmanager
    def emptied(self) -> Iterator[str]:
        """Yields its URL. Fails if a process is left behind at it, or if its settings or users are other ones then."""
        with connect(self._url) as connected:
            client: Any = connected
            client.flushall()
            yield self._url
            wait_until(lambda: not _strangers(client), "the processes of the test to end", deadline_s=GONE_WITHIN_S)
            found = _settings(client)
            changed = {name: value for name, value in found.items() if value != self._as_started.get(name)}
            for name in changed:
                _put_back(client, name, self._as_started.get(name))
            assert not changed, f"the test left the server with {changed}"


def _settings(client: Any) -> dict[str, str]:
    """Reads what a test may set: the server's own settings, and who may use it."""
    users = {f"user {name}": "there" for name in client.acl_users()}
    return {**client.config_get("*"), **users}


def _put_back(client: Any, name: str, value: str | None) -> None:
    if name.startswith("user "):
        client.acl_deluser(name.removeprefix("user "))
    else:
        client.config_set(name, value)


def _strangers(client: Any) -> list[str]:
    """Names who is connected from another process than this."""
    own = _own_connections()
    if own is None:
        return []
    return [each["addr"] for each in client.client_list() if (_port(each["addr"]), _port(each["laddr"])) not in own]


def _port(address: str, base: int = 10) -> int:
    return int(address.rpartition(":")[2], base)


def _own_connections() -> set[tuple[int, int]] | None:
    """Lists from which port this process is connected to which; None where the machine does not tell.

    Connections to two servers may have the same port.
    """
    table = Path("/proc/net/tcp")
    if not table.exists():
        return None
    inodes = set()
    for fd in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed since
            if found := re.fullmatch(r"socket:\[(\d+)\]", str(fd.readlink())):
                inodes.add(found[1])
    rows = (line.split() for line in table.read_text().splitlines()[1:])
    return {(_port(row[1], 16), _port(row[2], 16)) for row in rows if row[9] in inodes}
