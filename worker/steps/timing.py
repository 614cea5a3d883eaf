"""When a run is looked at again: pure functions, in milliseconds."""

import random

from forebay.config.stripe import MAX_QUERY_S

#: Custody of a step that makes one API request. The client gives up after about 45 s at the worst.
REQUEST_CUSTODY_MS = 60_000
#: Custody of a download, renewed while bytes arrive.
DOWNLOAD_CUSTODY_MS = 60_000
#: How often a download says how far it is, which also renews its custody: often enough for a person who watches.
REPORT_EVERY_S = 1.0

#: Stripe ends a query by then; past this much more, a run that it does not know cannot be alive.
STRIPE_LIMIT_MS = MAX_QUERY_S * 1000
STRIPE_GRACE_MS = 5 * 60_000


def backoff_ms(tries: int, *, first_ms: int = 1_000, longest_ms: int = 60_000) -> int:
    """Doubles with each try; the jitter keeps runs that failed together from coming back together."""
    most = min(first_ms * 2 ** min(tries - 1, 16), longest_ms)
    return int(most * random.uniform(0.5, 1))
