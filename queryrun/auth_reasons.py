"""Says why Stripe lets a key in or not: what each 401 and 403 means, in a sentence of its own with its own way out.

Read by `errors.AuthError`, and so by whoever shows one: `doctor`, the check before a batch is accepted, a lane's gate.

Stripe has one code for an account without the feature (`query_run_api_inaccessible`, "the message says why"), and one
text for a permission that is missing and a context that is missing. So words decide where they tell, and where they
do not, all that it may be is named.
"""

from __future__ import annotations

import re
from enum import StrEnum
from http import HTTPStatus

#: "Sigma" alone does not tell: a permission is called that, too.
_SUBSCRIPTION = re.compile(
    r"subscri|(?:activate|sign up for|purchase|enable) (?:stripe )?sigma|free trial", re.IGNORECASE
)
_PREVIEW = re.compile(r"preview|\bbeta\b|early access|wait ?list", re.IGNORECASE)
_INACCESSIBLE = re.compile(r"_inaccessible$|^feature_not_enabled$")


class AuthReason(StrEnum):
    """Why a key is refused."""

    UNKNOWN_KEY = "unknown_key"  # 401: a typo, a key that was rolled or deleted, or one of the other mode
    NOT_ENABLED = "not_enabled"  # the preview was not joined
    NO_SUBSCRIPTION = "no_subscription"  # no Sigma for the account
    INACCESSIBLE = "inaccessible"  # one of these two: Stripe's words do not tell
    DENIED = "denied"  # a permission, a context, or the account that is asked about

    @property
    def sentence(self) -> str:
        """Says what it means."""
        return _SENTENCES[self]

    @property
    def way_out(self) -> str:
        """Says what to do about it."""
        return _WAYS_OUT[self]


#: What each generation of Stripe's pages names.
PERMISSIONS = (
    "Sigma (reporting_write) and Sigma API (sigma_api_write); Stripe's later pages ask for Read on "
    "Financial Reports, those of /v2/data/query_runs for data_queries_read"
)
_JOIN = "ask Stripe for the preview of the Query Run API for this account (docs.stripe.com/data/api)"
_SUBSCRIBE = "activate Stripe Sigma for this account (dashboard.stripe.com/sigma; an organization's each for itself)"

_SENTENCES = {
    AuthReason.UNKNOWN_KEY: "Stripe does not know this key",
    AuthReason.NOT_ENABLED: "Stripe has not enabled query runs for this account: its preview was not joined",
    AuthReason.NO_SUBSCRIPTION: "this account has no subscription to Stripe Sigma",
    AuthReason.INACCESSIBLE: (
        "this account may not use query runs: it has not joined their preview, or has no subscription to Stripe Sigma; "
        "Stripe's words do not tell which"
    ),
    AuthReason.DENIED: "Stripe knows this key and denies it this",
}
_WAYS_OUT = {
    AuthReason.UNKNOWN_KEY: (
        "check that it was copied whole, was not rolled or deleted, and is of the mode that is meant"
    ),
    AuthReason.NOT_ENABLED: _JOIN,
    AuthReason.NO_SUBSCRIPTION: _SUBSCRIBE,
    AuthReason.INACCESSIBLE: f"{_JOIN}, and {_SUBSCRIBE}",
    AuthReason.DENIED: (
        f"the key needs the permissions {PERMISSIONS}. An organization's key, and some accounts' "
        "keys, also need Stripe-Context: name the account (acct_…)"
    ),
}


def auth_reason(status: int | None, code: str | None, message: str) -> AuthReason:
    """Reads it from what Stripe answered."""
    if status == HTTPStatus.UNAUTHORIZED:
        return AuthReason.UNKNOWN_KEY
    subscription, preview = (bool(words.search(message)) for words in (_SUBSCRIPTION, _PREVIEW))
    if subscription != preview:
        return AuthReason.NO_SUBSCRIPTION if subscription else AuthReason.NOT_ENABLED
    if subscription or _INACCESSIBLE.search(code or ""):
        return AuthReason.INACCESSIBLE
    return AuthReason.DENIED
