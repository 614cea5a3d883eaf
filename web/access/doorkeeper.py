"""Finds out who asks, from what a request brings along: a proxy's word, a password or a token.

Of several the first counts that is there, and if that one is wrong nobody is let in by another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address
from threading import Lock

from starlette.datastructures import Headers

from forebay.config.document.web_access import Hidden, Role, WebAccess
from forebay.web.access.identity import Identity, KnownBy
from forebay.web.access.passwords import hash_password, hash_token, password_fits
from forebay.web.errors import NotKnown, NotLetIn, TakesAWhile

#: A password that fitted is not computed again for so long; a browser sends it with each request.
KNOWN_FOR_S = 600.0
_MOST_KNOWN = 1_000

#: What proxies add. One on this machine would make everybody somebody of this machine.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")


class Doorkeeper:
    """Knows people and programs by the access file. Thread safe."""

    def __init__(
        self, access: WebAccess, *, here: str | None, now: Callable[[], datetime], monotonic_s: Callable[[], float]
    ) -> None:
        """Lets everybody in as `here`, with every right, where that is given and nobody is asked who he is."""
        self._access = access
        self._here = None if access.asks else here
        self._now = now
        self._monotonic_s = monotonic_s
        self._networks = access.proxy.networks if access.proxy else ()
        self._nobody = hash_password(secrets.token_hex(16)) if access.users else ""
        self._secret = secrets.token_bytes(32)
        self._known: dict[bytes, float] = {}
        self._lock = Lock()

    def who(self, headers: Headers, peer: str | None, *, at_once: bool = False) -> Identity:
        """Says who asks. Raises `NotKnown`, and `NotLetIn` of who is known and has no role.

        `at_once`: raises `TakesAWhile` of a password that has first to be computed, which is for a thread.
        """
        if self._here is not None:
            if any(name in headers for name in _FORWARDED):
                raise NotKnown("this came by a proxy, and nobody here asks who comes: set FOREBAY_WEB_ACCESS")
            return Identity(name=self._here, role=Role.ADMIN, known_by=KnownBy.HERE)
        proxied = self._proxied(headers, peer)
        if proxied is not None:
            return self._of_proxy(proxied)
        kind, _, given = headers.get("authorization", "").partition(" ")
        match kind.casefold():
            case "bearer":
                return self._of_token(given.strip())
            case "basic":
                return self._of_password(given.strip(), at_once=at_once)
        raise NotKnown("say who you are")

    def _proxied(self, headers: Headers, peer: str | None) -> str | None:
        """Reads what the proxy says, if it is one that we trust who says it, and it says one thing."""
        proxy = self._access.proxy
        if proxy is None or peer is None:
            return None
        try:
            address = ip_address(peer)
        except ValueError:
            return None
        if isinstance(address, IPv6Address):
            # Where `::` is listened on, who comes by IPv4 is named so.
            address = address.ipv4_mapped or address
        if not any(address in network for network in self._networks):
            return None
        said = headers.getlist(proxy.header)
        return said[0].strip() if len(said) == 1 and said[0].strip() else None

    def _of_proxy(self, name: str) -> Identity:
        proxy = self._access.proxy
        role = proxy.role_of(name) if proxy else None
        if role is None:
            raise NotLetIn(f"{name} has no role here")
        return self._identity(name, role, KnownBy.PROXY)

    def _of_token(self, given: str) -> Identity:
        digest, found = hash_token(given), None
        for name, token in self._access.tokens.items():
            if hmac.compare_digest(token.sha256, digest):
                found = (name, token)
        if found is None:
            raise NotKnown("this token is not known")
        name, token = found
        if self._now().astimezone(UTC).date() > token.expires:
            raise NotKnown(f"the token {name} expired on {token.expires}")
        return self._identity(name, token.role, KnownBy.TOKEN)

    def _of_password(self, given: str, *, at_once: bool) -> Identity:
        try:
            name, colon, password = base64.b64decode(given, validate=True).decode().partition(":")
        except ValueError:  # no base64, or no text
            raise NotKnown("this is no name with a password") from None
        user = self._access.users.get(name)
        # Nobody learns from the time that it takes whether there is such a name.
        kept = user.password if user else self._nobody
        if not colon or not kept or not self._fits(name, password, kept, at_once=at_once) or user is None:
            raise NotKnown("this name with this password is not known", who=name)
        return self._identity(name, user.role, KnownBy.PASSWORD)

    def _fits(self, name: str, password: str, kept: str, *, at_once: bool) -> bool:
        mark = hmac.new(self._secret, f"{name}\0{kept}\0{password}".encode(), hashlib.sha256).digest()
        with self._lock:
            if self._known.get(mark, float("-inf")) > self._monotonic_s():
                return True
        if at_once:
            raise TakesAWhile
        if not password_fits(password, kept):
            return False
        with self._lock:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[mark] = self._monotonic_s() + KNOWN_FOR_S
        return True

    def _identity(self, name: str, role: Role, known_by: KnownBy) -> Identity:
        hidden = frozenset(self._access.hide) if role is Role.VIEWER else frozenset[Hidden]()
        return Identity(name=name, role=role, known_by=known_by, hidden=hidden)
