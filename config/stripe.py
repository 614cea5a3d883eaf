"""What Stripe fixes: its limits, its hosts, how its keys and accounts are spelled. The rest of `config` is our choice.

Sources: the Query Run page ("Limits", 2026-04-22.preview), docs.stripe.com/keys, docs.stripe.com/rate-limits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pydantic import SecretStr

from forebay.config.errors import ConfigError, SecretError


class Mode(StrEnum):
    LIVE = "live"
    TEST = "test"  # sandboxes too: their keys also read `_test_`


class Scope(StrEnum):
    """What Stripe counts its cap for. Its documents disagree (per account or organization; per key), so this is
    a setting, and the strictest reading is the default: everything behind one key shares one cap."""

    ORGANIZATION = "organization"
    ACCOUNT = "account"
    KEY = "key"


#: QueryRuns that may be `running` at once, for an account or an organization ("Concurrent query runs").
MAX_RUNNING: Mapping[Mode, int] = MappingProxyType({Mode.LIVE: 500, Mode.TEST: 100})

API_BASE = "https://api.stripe.com"

#: Each dated preview may break compatibility, so this is a default, not a constant of the code.
API_VERSION = "2026-04-22.preview"

#: Where result URLs may point, going by the samples of Stripe's documentation: `host` or `host:port`, or `.domain` for
#: all hosts below it (but not itself).
DOWNLOAD_HOSTS = ("stripeusercontent.com", ".stripeusercontent.com", "files.stripe.com")

#: `acct_A`, or `acct_A/acct_B` for an account behind a platform (docs.stripe.com/context).
_ACCOUNT = re.compile(r"[A-Za-z0-9_]{1,128}(/[A-Za-z0-9_]{1,128})*")

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
    """The mode that the key's prefix gives away; None for organization keys and kinds we don't know.

    What follows `sk_org` is not documented, so nothing is read from it.
    """
    value = key.get_secret_value()
    return next((mode for prefix, mode in _MODE_BY_PREFIX.items() if value.startswith(prefix)), None)


def check_key(key: SecretStr, *, origin: str, mode: Mode | None) -> SecretStr:
    """Give back `key` if it can be used in `mode`; raise SecretError, which names only `origin`, if not."""
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


def check_account(account: str) -> str:
    """Give back `account` if it is fit for `Stripe-Context` and for a lane's name; raise ConfigError if not."""
    if _ACCOUNT.fullmatch(account) is None:
        raise ConfigError("an account is written acct_…, or acct_…/acct_… for one behind a platform")
    return account
