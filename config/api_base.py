"""Checks the URLs that a key may be sent to. Called for every `Connection`."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from forebay.config.errors import ConfigError

_HOST = re.compile(r"[A-Za-z0-9._:-]+")
_PRINTABLE = re.compile(r"[!-~]+")


def check_api_base(url: str) -> None:
    """Raises ConfigError unless `url` may get the key, which goes there with every request.

    Without TLS it may not leave the machine.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError("api_base is not a URL") from None
    if parts.scheme not in ("http", "https") or _HOST.fullmatch(host) is None or _PRINTABLE.fullmatch(url) is None:
        raise ConfigError("api_base must be an https:// URL")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError("api_base may hold only scheme, host, port and path")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigError(
            f"api_base names {host} with plain http, which would send the key in the open: use https "
            "(http is for a stand-in on 127.0.0.1, ::1 or localhost)"
        )


def host_of(url: str) -> str:
    """Gives `host` or `host:port` of an API base as clients write it: no default port. ConfigError if it is none."""
    check_api_base(url)
    parts = urlsplit(url.lower())
    return parts.netloc.removesuffix(":443" if parts.scheme == "https" else ":80")


def is_loopback(host: str) -> bool:
    """Tells whether `host` never leaves this machine. Names are not resolved: DNS must not decide over a key."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
