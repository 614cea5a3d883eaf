"""Computes the idempotency key of one attempt: the fencing token that Stripe itself enforces.

Stripe keeps a key for IDEMPOTENCY_KEY_DAYS; a create that comes with a known key makes nothing new and answers with the
QueryRun's current state. So a worker that died between POST and reply, and a message that was delivered twice, both end
at the one QueryRun, as long as everybody derives the same key: it is computed, never drawn at random or stored.

The body is in it because Stripe refuses a known key with another body (409 idempotency_error), and the lane because
keys are scoped to an account at Stripe, while run ids are not. Source: docs.stripe.com/api-v2-overview, "Idempotency".
"""

from __future__ import annotations

import hashlib


def idempotency_key(*, lane: str, run: str, attempt: int, body: bytes) -> str:
    """Gives `fb-` and 64 hex digits (Stripe takes up to 255 characters). `body` is the exact create request."""
    digest = hashlib.sha256()
    for part in (lane.encode(), run.encode(), str(attempt).encode(), body):
        # Each part goes in with its length, or ("a", "bc") and ("ab", "c") would be the same attempt.
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return f"fb-{digest.hexdigest()}"
