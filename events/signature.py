"""Verifies that the body of a webhook is Stripe's, for this endpoint, of these minutes, before any of it is parsed.

`Stripe-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>…]`: HMAC-SHA256 over `<t>.<raw body>`, keyed with the endpoint's
whole secret (docs.stripe.com/webhooks/signature). While a secret is rolled, for up to 24 hours, there is a `v1` for
each of those alive; other schemes (`v0`) prove nothing. The official client lets times of the future pass, so whoever
once had the secret can have signed for years ahead: here the tolerance holds both ways.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from hashlib import sha256

from pydantic import SecretStr

from forebay.events.errors import BadSignature, SignatureRule

#: As in Stripe's own clients. Each retry of Stripe's has a time and a signature of its own.
TOLERANCE_S = 300
#: One secret's `v1` is 67 characters; this is room for sixty.
_MOST_HEADER_CHARACTERS = 4_096
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)


def verify(raw: bytes, headers: Sequence[str], secrets: Sequence[SecretStr], now: float) -> None:
    """Verifies the bytes of a body by all the `Stripe-Signature` headers that came with it. Raises BadSignature.

    `now` is Unix time in seconds. The age counts only once the signature is right, so nobody without a secret learns
    what this clock says. Secrets may not be blank: everybody has that one.
    """
    if not all(secret.get_secret_value() for secret in secrets):
        raise ValueError("a blank secret of a webhook")
    signed_at, candidates = _read(headers)
    if not any(_matches(raw, signed_at, secret, candidates) for secret in secrets):
        raise BadSignature(SignatureRule.SIGNED, "no signature of it was made with a secret of this endpoint")
    age_s = now - int(signed_at)
    if age_s > TOLERANCE_S:
        raise BadSignature(SignatureRule.NOT_OLD, f"it was signed more than {TOLERANCE_S} s ago")
    if age_s < -TOLERANCE_S:
        raise BadSignature(SignatureRule.NOT_AHEAD, f"it was signed more than {TOLERANCE_S} s ahead of this clock")


def _read(headers: Sequence[str]) -> tuple[str, list[bytes]]:
    """Reads the time, as it was written, and each `v1`."""
    if len(headers) != 1:
        raise BadSignature(SignatureRule.ONE_HEADER, f"it came with {len(headers)} headers Stripe-Signature, not one")
    if len(headers[0]) > _MOST_HEADER_CHARACTERS:
        raise BadSignature(SignatureRule.ONE_HEADER, "its header Stripe-Signature is too long")
    parts = [part.partition("=") for part in headers[0].split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not _SECONDS.fullmatch(times[0]):
        raise BadSignature(SignatureRule.ONE_HEADER, "its header Stripe-Signature has no time that can be read")
    # Bytes, because compare_digest refuses text that is not ASCII.
    return times[0], [value.encode(errors="replace") for name, _, value in parts if name == "v1"]


def _matches(raw: bytes, signed_at: str, secret: SecretStr, candidates: list[bytes]) -> bool:
    mac = hmac.new(secret.get_secret_value().encode(), b"%s.%s" % (signed_at.encode(), raw), sha256)
    expected = mac.hexdigest().encode()
    return any(hmac.compare_digest(expected, candidate) for candidate in candidates)
