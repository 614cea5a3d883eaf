"""Finds connections that would each fill one and the same cap: those with one key between them.

Stripe counts what is alive by account or organization, which a key belongs to, and we by lane, which has its name from
the connection. So a lane keeps its name when its key is rotated; and two connections with one key are a mistake, unless
they are known to be counted `apart`, as what speaks one generation of the API and what speaks the other may be.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from itertools import combinations

from forebay.config.connections import Connection
from forebay.config.errors import ConfigError, SecretError

#: Nobody gets a key from its digest: a key has far more bits than the 64 that are kept, so many keys share each.
_LABEL = b"forebay: which keys are the same"
_DIGEST_BYTES = 8


def digest_of(connection: Connection) -> str | None:
    """Tells keys apart without telling them: a HMAC-SHA256 under a fixed label, cut to 64 bits.

    Mode and server are in it, since each of them has its own cap, and the generation of the API where that has one.
    None where the key cannot be told: it is not there, or each account has its own.
    """
    return _digest(connection, _place_of(connection) + (f" {connection.api}" if connection.apart else ""))


def check_keys_differ(connections: Iterable[Connection]) -> None:
    """Raises `ConfigError` for two connections of which one key is known to serve both. Asks nobody."""
    for one, other in combinations(sorted(connections, key=lambda connection: connection.name), 2):
        if {*_identities(one)} & {*_identities(other)} and not _counted_apart(one, other):
            raise ConfigError(
                f"connections {one.name} and {other.name} have the same key, so Stripe counts their runs together, and "
                "each would fill the cap by itself: use one of them for both"
            )


def twin_of(connection: Connection, connections: Iterable[Connection]) -> Connection | None:
    """Finds the connection with the same key that speaks the other generation, where both are counted apart."""
    ours = {*_identities(connection)}
    return next(
        (each for each in connections if _counted_apart(connection, each) and ours & {*_identities(each)}), None
    )


def key_at_work(other: str, own: str) -> ConfigError:
    """Says of a key that a connection is about to use, that another one still does: of another spec, or renamed."""
    return ConfigError(
        f"connection {other} works with the same key as {own}, so Stripe counts their runs together, and each would "
        f"fill the cap by itself: wait until the batches of {other} are done, cancel them, "
        f"or let {own} be called {other}"
    )


def _identities(connection: Connection) -> Iterator[str]:
    """Yields what two connections with one key have in common: the digest, and where both say that it is."""
    yield f"{_place_of(connection)} {connection.secret!r}"
    digest = _digest(connection, _place_of(connection))
    if digest:
        yield digest


def _digest(connection: Connection, where: str) -> str | None:
    if connection.key_per_account:
        return None
    try:
        text = f"{where} {connection.key().get_secret_value()}"
    except SecretError:
        return None
    return hmac.new(_LABEL, text.encode(), hashlib.sha256).digest()[:_DIGEST_BYTES].hex()


def _place_of(connection: Connection) -> str:
    return f"{connection.mode} {connection.api_base}"


def _counted_apart(one: Connection, other: Connection) -> bool:
    return one.apart and other.apart and one.api is not other.api
