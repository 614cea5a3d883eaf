"""Reads who asks from the Authorization and Stripe-Context headers: a mode, an owner, and what they may do.

Keys are not registered anywhere; the prefix decides, so that every test and every tool can make up its own.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass

from forebay.sandbox.errors import NO_ACCESS, NO_PREVIEW, NO_SIGMA, invalid_key, missing_permission

ORGANIZATION = "org_sandbox"
_USABLE = ("sk_test_", "rk_test_", "sk_live_", "rk_live_", "sk_org_test_", "sk_org_live_")
#: Keys for which the feature is off, and why.
_CLOSED = {"rk_test_noaccess": NO_ACCESS, "rk_test_nopreview": NO_PREVIEW, "rk_test_nosigma": NO_SIGMA}
_OF_ONE_ACCOUNT = re.compile(r"[rs]k_(?:test|live)_(acct_[A-Za-z0-9]+)(?:_|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The one who asks, as the key and the context tell."""

    key_id: str
    """A fingerprint: the key itself never reaches a record or a page."""
    owner: str
    """The account whose data and runs are meant, or ORGANIZATION for all of them."""
    livemode: bool
    may_retrieve: bool = True
    may_create: bool
    may_list_events: bool = True
    may_read_schemas: bool = True
    inaccessible: str | None = None
    """Why the feature is off for it; None where it is on."""

    @property
    def account(self) -> str | None:
        """Gives the account that is meant; None for the whole organization."""
        return None if self.owner == ORGANIZATION else self.owner

    @property
    def mode(self) -> str:
        """Gives the mode as keys spell it."""
        return "live" if self.livemode else "test"


def identify(
    authorization: str,
    context: str,
    *,
    accounts: Collection[str],
    default_account: str,
    no_access: Collection[str] = (),
) -> Caller:
    """Reads both headers; raises the 401 or the 403 that Stripe would answer."""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.startswith(_USABLE) or key.startswith("sk_test_invalid"):
        raise invalid_key(key)
    owner = _owner(key, context, accounts, default_account)
    if key.startswith("rk_test_needscontext") and not context:
        raise missing_permission(owner)
    closed = next((why for prefix, why in _CLOSED.items() if key.startswith(prefix)), None)
    may_retrieve = not key.startswith("rk_test_nothing")
    return Caller(
        key_id=hashlib.sha256(key.encode()).hexdigest()[:12],
        owner=owner,
        livemode=key.startswith(("sk_live_", "rk_live_", "sk_org_live_")),
        may_retrieve=may_retrieve,
        may_create=may_retrieve and not key.startswith("rk_test_readonly"),
        may_list_events=not key.startswith("rk_test_noevents"),
        may_read_schemas=not key.startswith("rk_test_noschemas"),
        inaccessible=NO_ACCESS if owner in no_access else closed,
    )


def _owner(key: str, context: str, accounts: Collection[str], default_account: str) -> str:
    if not key.startswith("sk_org_"):
        named = _OF_ONE_ACCOUNT.match(key)
        own = named[1] if named else default_account
        if own not in accounts:
            raise invalid_key(key)  # nobody made a key for an account that does not exist
        # A plain account has no other account below it here, so any context but itself is somebody else's.
        if context not in ("", own):
            raise missing_permission(context)
        return own
    if not context:
        return ORGANIZATION
    if context not in accounts:
        raise missing_permission(context)
    return context
