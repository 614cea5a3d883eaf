"""Bounds the requests that we may allow ourselves a second by what Stripe allows: one rule wherever they are set."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from forebay.config.api_base import is_loopback
from forebay.config.stripe import MAX_OPERATION_REQUESTS_PER_S, MAX_REQUESTS_PER_S, Mode


def too_many(per_s: Mapping[str, float | None], *, mode: Mode, api_base: str) -> str | None:
    """Says which of `creates`, `retrieves` and `requests` a second are more than Stripe allows; None: it allows all.

    None too where not Stripe is asked but a stand-in on this machine, whose limits are its own.
    """
    if is_loopback(urlsplit(api_base).hostname or ""):
        return None
    operation = MAX_OPERATION_REQUESTS_PER_S
    most = {"creates": operation, "retrieves": operation, "requests": MAX_REQUESTS_PER_S[mode]}
    for name, wanted in per_s.items():
        if wanted is not None and wanted > most[name]:
            return (
                f"{wanted:g} {name} a second are more than the {most[name]} that Stripe allows an account in {mode} "
                "mode, its payments included"
            )
    return None
