"""Says which requests a browser may not have been tricked into: by the host that they name, and by who asks.

Pure. What a request of another site's page looks like follows from what browsers send by themselves: `Sec-Fetch-Site`
where they trust the way, and `Origin` with whatever changes something.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from forebay.web.access.identity import KnownBy

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Names of this machine, by which a browser on it comes.
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_OURS = frozenset({"same-origin", "none"})


def host_is_known(headers: Headers, known: Collection[str]) -> bool:
    """Tells whether a request names a host that we are called by: other sites' names may lead here, too (rebinding)."""
    said = headers.getlist("host")
    if len(said) != 1:
        return False
    try:
        name = urlsplit(f"//{said[0]}").hostname
    except ValueError:
        return False
    return name is not None and name in known


def may_change(headers: Headers, known_by: KnownBy) -> bool:
    """Tells whether a request that changes something was sent by our own page, or by no browser at all."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _OURS
    origin = headers.get("origin")
    if origin is not None:
        # Not the scheme: a proxy in front may have taken TLS off.
        return origin.partition("://")[2] == headers.get("host")
    # No browser of today; but what an old one sends along by itself is not enough.
    return known_by in (KnownBy.TOKEN, KnownBy.HERE)
