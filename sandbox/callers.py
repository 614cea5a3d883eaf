"""Who asks: from the Authorization and Stripe-Context headers to a mode, an owner and what they may do.

Keys are not registered anywhere; the prefix decides, so that every test and every tool can make up its own.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from sandbox.errors import invalid_key, missing_permission

ORGANIZATION = "org_sandbox"
_USABLE = ("sk_test_", "rk_test_", "sk_live_", "rk_live_", "sk_org_test_", "sk_org_live_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    key_id: str  # a fingerprint: the key itself never reaches a record or a page
    owner: str  # the account whose data and runs are meant, or ORGANIZATION for all of them
    livemode: bool
    may_create: bool
    api_enabled: bool

    @property
    def account(self) -> str | None:
        return None if self.owner == ORGANIZATION else self.owner

    @property
    def mode(self) -> str:
        return "live" if self.livemode else "test"


def identify(authorization: str, context: str, *, accounts: Collection[str], default_account: str) -> Caller:
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.startswith(_USABLE) or key.startswith("sk_test_invalid"):
        raise invalid_key(key)
    return Caller(
        key_id=hashlib.sha256(key.encode()).hexdigest()[:12],
        owner=_owner(key, context, accounts, default_account),
        livemode=key.startswith(("sk_live_", "rk_live_", "sk_org_live_")),
        may_create=not key.startswith("rk_test_readonly"),
        api_enabled=not key.startswith("rk_test_noaccess"),
    )


def _owner(key: str, context: str, accounts: Collection[str], default_account: str) -> str:
    if not key.startswith("sk_org_"):
        # A plain account has no other account below it here, so any context but itself is somebody else's.
        if context not in ("", default_account):
            raise missing_permission(context)
        return default_account
    if not context:
        return ORGANIZATION
    if context not in accounts:
        raise missing_permission(context)
    return context
