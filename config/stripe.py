"""States what Stripe fixes: its limits, its hosts, how its keys and accounts are spelled.

The rest of `config` is our choice. Each of Stripe's numbers stands here once; whoever goes by one imports it, and what
we keep away from it stands beside the use. Only the sandbox has numbers of its own, on purpose: it is the other side.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from forebay.config.errors import ConfigError, SecretError

if TYPE_CHECKING:
    from pydantic import SecretStr  # who only goes by Stripe's numbers should not have to load it


class Mode(StrEnum):
    """Which of an account's two worlds a key is for; each has a cap of its own."""

    LIVE = "live"
    TEST = "test"  # sandboxes too: their keys also read `_test_`


class Api(StrEnum):
    """The generations of Stripe's API for queries. `queryrun.dialects` has a dialect for each."""

    REPORTING = "reporting"  # /v2/data/reporting/query_runs, from 2026-04-22.preview on
    DATA = "data"  # /v2/data/query_runs, its successor, from 2026-10-28.preview on


class Scope(StrEnum):
    """What Stripe counts its cap for.

    Its documents disagree (per account or organization; per key), so this is a setting, and the strictest reading is
    the default: everything behind one key shares one cap.
    """

    ORGANIZATION = "organization"  # all that the key reaches
    ACCOUNT = "account"  # each account that queries name
    KEY = "key"  # all that is asked with the key


#: QueryRuns that may be `running` at once, for an account or an organization; one more create is answered 429.
#: https://docs.stripe.com/reports/sigma-query-runs (Limits)
MAX_RUNNING: Mapping[Mode, int] = MappingProxyType({Mode.LIVE: 500, Mode.TEST: 100})

#: Stripe ends a query that takes longer. No code says so: the run is `failed`, with words for people. (Limits)
MAX_QUERY_S = 90 * 60

#: A delivered file that would be larger fails its run: `file_size_above_limit`. Of a compressed one that is the size of
#: the zip. The error says "the 5 GB limit"; decimal is the stricter reading. (Limits, Errors)
MAX_RESULT_BYTES = 5_000_000_000

#: More than that is not taken, whatever was promised: twice Stripe's limit, should it be raised one day.
MOST_RECEIVED_BYTES = 2 * MAX_RESULT_BYTES

#: A URL of a result lives so long from the reply that it came in; each retrieve gives a new one. (Limits)
RESULT_URL_S = 5 * 60

#: Stripe keeps a result so long; until then a landing may be tried again. (Limits)
RESULT_DAYS = 90

#: Stripe knows an `Idempotency-Key` so long: the same create again gives the same QueryRun. Later it runs the query
#: once more. https://docs.stripe.com/api-v2-overview (Idempotency)
IDEMPOTENCY_KEY_DAYS = 30

#: Requests to one operation, for an account. They are shared with all that the account does at Stripe, its payments
#: too. https://docs.stripe.com/rate-limits
MAX_OPERATION_REQUESTS_PER_S = 25

#: Requests to the whole API, for an account. https://docs.stripe.com/rate-limits
MAX_REQUESTS_PER_S: Mapping[Mode, int] = MappingProxyType({Mode.LIVE: 100, Mode.TEST: 25})

API_BASE = "https://api.stripe.com"

#: Each dated preview may break compatibility, so these are defaults, not constants of the code.
API_VERSIONS: Mapping[Api, str] = MappingProxyType(
    {Api.REPORTING: "2026-04-22.preview", Api.DATA: "2026-10-28.preview"}
)

#: Where every sample of Stripe's documentation has its results. On no list of domains for firewalls that it publishes.
RESULT_HOST = "stripeusercontent.com"

#: Where result URLs may point, going by the samples of Stripe's documentation: `host` or `host:port`, or `.domain` for
#: all hosts below it (but not itself).
DOWNLOAD_HOSTS = (RESULT_HOST, f".{RESULT_HOST}", "files.stripe.com")

#: `acct_A`, or `acct_A/acct_B` for an account behind a platform (docs.stripe.com/context).
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9_]{1,123}(/acct_[A-Za-z0-9_]{1,123})*")

_MODE_BY_PREFIX = {
    "sk_live_": Mode.LIVE,
    "rk_live_": Mode.LIVE,
    "sk_test_": Mode.TEST,
    "rk_test_": Mode.TEST,
}

_NO_API_KEYS = {
    "pk_": "a publishable key (pk_), which can call nothing that Forebay needs; use a restricted key (rk_)",
    "whsec_": "a webhook signing secret (whsec_), not an API key; use a restricted key (rk_)",
}


def mode_of(key: SecretStr) -> Mode | None:
    """Reads the mode that the key's prefix gives away; None for organization keys and kinds we don't know.

    What follows `sk_org` is not documented, so nothing is read from it.
    """
    value = key.get_secret_value()
    return next((mode for prefix, mode in _MODE_BY_PREFIX.items() if value.startswith(prefix)), None)


def is_organization_key(key: SecretStr) -> bool:
    """Tells whether the key is an organization's, which reaches its accounts by Stripe-Context.

    https://docs.stripe.com/keys/organization-api-keys
    """
    return key.get_secret_value().startswith("sk_org")


def check_key(key: SecretStr, *, origin: str, mode: Mode | None) -> SecretStr:
    """Gives `key` back if it can be used in `mode`; raises SecretError, which names only `origin`, if not."""
    value = key.get_secret_value()
    if not value:
        raise SecretError(f"{origin} is empty; put a Stripe API key there")
    for prefix, what in _NO_API_KEYS.items():
        if value.startswith(prefix):
            raise SecretError(f"{origin} holds {what}")
    # It becomes an HTTP header. A control character in it would fail there, in an exception that quotes it.
    if re.fullmatch(r"[!-~]+", value) is None:
        raise SecretError(f"{origin} holds blanks, line breaks or non-ASCII characters, so it is no Stripe API key")
    told = mode_of(key)
    if mode is not None and told is not None and told is not mode:
        raise SecretError(f"{origin} holds a {told} key, but the connection's mode is {mode}; change one of the two")
    return key


def check_webhook_secret(secret: SecretStr, *, origin: str) -> SecretStr:
    """Gives `secret` back if Stripe can sign webhooks with it; raises SecretError, which names only `origin`, if not.

    A blank one, or one that is known otherwise, would let anybody sign.
    """
    if re.fullmatch(r"whsec_[!-~]{8,}", secret.get_secret_value()) is None:
        raise SecretError(
            f"{origin} holds no signing secret of a webhook: Stripe shows one, whsec_…, with the endpoint"
        )
    return secret


def check_account(account: str) -> str:
    """Gives `account` back if it is fit for `Stripe-Context` and for a lane's name; raises ConfigError if not."""
    if _ACCOUNT.fullmatch(account) is None:
        raise ConfigError("an account is written acct_…, or acct_…/acct_… for one behind a platform")
    return account
