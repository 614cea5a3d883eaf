"""Ends a Valkey that a killed supervisor left, before another one opens the same append-only file: two would ruin it.

Called by a new supervisor that holds the lock. The configuration file is written before its server starts, so it
always names the last one; only that one knows its password, so nobody else's server can be meant.
"""

import re
import time

import redis

from forebay.cli.embedded.home import Home
from forebay.cli.errors import EmbeddedFailed

PATIENCE_S = 20.0


def end_orphan(home: Home) -> None:
    """Returns when no earlier server answers any more. Raises `EmbeddedFailed` if one will not go."""
    url = _last_url(home)
    if url is None:
        return
    deadline = time.monotonic() + PATIENCE_S
    while _shut_down(url):
        if time.monotonic() > deadline:
            raise EmbeddedFailed(
                f"an earlier Valkey in {home.data_dir} does not stop", way_out="end it by hand, then try again"
            )
        time.sleep(0.05)


def _shut_down(url: str) -> bool:
    """Asks the server to go; False when there is none, or a stranger has its port."""
    try:
        with redis.Redis.from_url(url, socket_timeout=2) as client:
            client.ping()
            client.shutdown()
    except redis.AuthenticationError:
        return False
    except redis.ConnectionError as error:
        return "refused" not in str(error)
    except redis.RedisError:
        return True  # loading, or busy: it cannot go yet
    return True


def _last_url(home: Home) -> str | None:
    try:
        said = dict(re.findall(r"^(port|requirepass) (\S+)$", (home.valkey / "valkey.conf").read_text(), re.MULTILINE))
    except FileNotFoundError:
        return None
    if {"port", "requirepass"} - said.keys():
        return None
    return f"redis://:{said['requirepass']}@127.0.0.1:{said['port']}/0"
