"""Says how a place is tried out, and what is left of a try that was killed: for both kinds of stores."""

import secrets
from datetime import timedelta

#: Where tiny objects come and go that show whether a place can be used. `sweep` looks in here for what was left.
PROBES = ".forebay-probe"
PROBE = b"probe"

#: No try takes so long, with all that is tried again.
PROBE_AGE = timedelta(hours=1)


def probe_key() -> str:
    """Names an object of one try's own."""
    return f"{PROBES}/{secrets.token_hex(8)}"
