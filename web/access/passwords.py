"""Makes what is kept of passwords and tokens, and compares with it, in the same time whether it fits or not."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from threading import BoundedSemaphore

#: 16 MiB and some 50 ms a try, as RFC 7914 has it for people who wait.
N, R, P = 1 << 14, 8, 1
_LENGTH = 32
#: Of so many passwords at once it is asked whether they fit: who tries many gets no more of the machine.
PASSWORDS_AT_ONCE = 2
_AT_ONCE = BoundedSemaphore(PASSWORDS_AT_ONCE)
#: Before a token, so that whoever finds one knows whose it is, and scanners know that it is one.
TOKEN_PREFIX = "fbweb_"  # noqa: S105 - and no token


def hash_password(password: str) -> str:
    """Makes what the access file keeps of a password."""
    salt = secrets.token_bytes(16)
    return f"scrypt${N}${R}${P}${salt.hex()}${_scrypt(password, salt, N, R, P).hex()}"


def password_fits(password: str, kept: str) -> bool:
    """Tells whether a password is the one of which this was kept."""
    _, n, r, p, salt, digest = kept.split("$")
    with _AT_ONCE:
        made = _scrypt(password, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(made.hex(), digest)


def new_token() -> str:
    """Makes a token of 256 bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Makes what the access file keeps of a token: it is long and random, so nobody can guess it from this."""
    return hashlib.sha256(token.encode()).hexdigest()


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    room = 128 * n * r * p + (1 << 20)
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, dklen=_LENGTH, maxmem=2 * room)
