"""Ends a Valkey that a killed supervisor left, before another one opens the same append-only file: two would ruin it.

Called by a new supervisor that holds the lock. The configuration file is written before its server starts, so it
always names the last one; only that one knows its password, so nobody else's server can be meant.
"""

import re
import time

from forebay.cli.embedded.home import Home
from forebay.cli.errors import EmbeddedFailed
from forebay.governor.redis_client import shut_down

PATIENCE_S = 20.0


def end_orphan(home: Home) -> None:
    """Returns when no earlier server answers any more. Raises `EmbeddedFailed` if one will not go."""
    url = _last_url(home)
    if url is None:
        return
    deadline = time.monotonic() + PATIENCE_S
    while shut_down(url):
        if time.monotonic() > deadline:
            raise EmbeddedFailed(
                f"an earlier Valkey in {home.data_dir} does not stop", way_out="end it by hand, then try again"
            )
        time.sleep(0.05)


def _last_url(home: Home) -> str | None:
    try:
        text = (home.valkey / "valkey.conf").read_text()
    except FileNotFoundError:
        return None
    written = dict(re.findall(r"^(port|requirepass) (\S+)$", text, re.MULTILINE))
    if {"port", "requirepass"} - written.keys():
        return None
    return f"redis://:{written['requirepass']}@127.0.0.1:{written['port']}/0"
