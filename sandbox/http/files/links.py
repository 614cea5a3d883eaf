"""Signs and judges download URLs: short-lived, and needing no key, as an object store's pre-signed URLs are."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlencode

_NANO = 1_000_000_000


class Validity(StrEnum):
    """What a URL is worth now."""

    VALID = "valid"
    FORGED = "forged"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The download URLs of one sandbox."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """New in each process: a URL from before a restart is worth nothing, and no setting can leak it."""

    _revoked: set[str] = field(default_factory=set, repr=False)

    def revoke(self, signature: str) -> None:
        """Makes a URL one that has expired."""
        self._revoked.add(signature)

    def sign(self, base_url: str, file_name: str, expires_ns: int) -> str:
        """Makes the URL of a file in the spool."""
        query = urlencode({"expires": expires_ns, "signature": self._signature(file_name, str(expires_ns))})
        return f"{base_url}/files/{file_name}?{query}"

    def judge(self, file_name: str, expires: str, signature: str, now_ns: int) -> Validity:
        """Judges a URL by the parts that it was made of."""
        if not hmac.compare_digest(self._signature(file_name, expires), signature):
            return Validity.FORGED
        return Validity.VALID if now_ns < int(expires) and signature not in self._revoked else Validity.EXPIRED

    def _signature(self, file_name: str, expires: str) -> str:
        return hmac.new(self.secret, f"{file_name}\n{expires}".encode(), hashlib.sha256).hexdigest()


def lifetime_ns(seconds: float) -> int:
    """Converts a lifetime into nanoseconds, in which URLs are told when they expire."""
    return int(seconds * _NANO)
