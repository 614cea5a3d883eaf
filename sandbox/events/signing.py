"""Signs the body of a webhook as Stripe does: an HMAC over the timestamp and the raw bytes, one for each secret."""

import hashlib
import hmac
from collections.abc import Sequence


def signature_header(body: bytes, secrets: Sequence[str], timestamp_s: int) -> str:
    """Makes the `Stripe-Signature` header; several secrets are one that is being rolled."""
    signed = [f"v1={_hmac(secret, timestamp_s, body)}" for secret in secrets]
    # Stripe sends a scheme v0 in test mode, which proves nothing and must be ignored.
    return ",".join([f"t={timestamp_s}", *signed, f"v0={_hmac('whsec_of_no_worth', timestamp_s, body)}"])


def _hmac(secret: str, timestamp_s: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{timestamp_s}.".encode() + body, hashlib.sha256).hexdigest()
