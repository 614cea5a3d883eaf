"""Chooses the proxy on the way to a URL, as the environment names proxies. Called by whoever opens a client."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from forebay.config.api_base import is_loopback
from forebay.config.errors import ConfigError


def proxy_for(url: str, proxies: Mapping[str, str]) -> str | None:
    """Gives the URL of the proxy; None for a direct way, which it always is to this machine.

    `proxies` is what `urllib.request.getproxies` found: by scheme, `all` for every scheme, and `no` for the hosts that
    are reached without one. Raises ConfigError for a kind of proxy that is not spoken here.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None  # whoever connects refuses it, in words of its own
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or is_loopback(host) or _spared(host, proxies.get("no", "")):
        return None
    whole = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(whole).scheme not in ("http", "https"):
        # Without its text: a proxy's URL may hold a password.
        raise ConfigError("the environment names a proxy that is neither http:// nor https://; only those are spoken")
    return whole


def _spared(host: str, entries: str) -> bool:
    """Reads NO_PROXY as curl does: `*`, or hosts that stand for themselves and all below them."""
    names = [entry.strip().lower().lstrip(".") for entry in entries.split(",")]
    return any(name and (name == "*" or f".{host}".endswith(f".{name}")) for name in names)
