"""Decides whether a definition asks each account, or the whole organization at once.

One run over the organization costs one slot instead of hundreds, as long as its result fits into what Stripe allows a
query. Only history tells that, so without any a definition asks each account.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from forebay.config.stripe import MAX_QUERY_S, MAX_RESULT_BYTES
from forebay.scheduler.batches.history import PastBatches

#: How much of Stripe's limits for a query is a good fit. A month end is larger than the last one, and a failed run may
#: cost all of its time.
GOOD_FIT = 0.5

#: In words, for people.
LIMITS = f"{MAX_RESULT_BYTES / 1e9:g} GB and {MAX_QUERY_S // 60} min"

FanOutKind = Literal["per_account", "organization"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOut:
    """How a definition is fanned out."""

    kind: FanOutKind
    why: str
    """Half a sentence, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What stands in the way of one run over the organization."""

    accounts: int
    """How many the definition names; 0 if it names no group."""
    key_per_account: bool = False
    chosen: bool = False
    """The group may be a choice of accounts, and an organization's run asks about all of them."""
    names_account: bool = False
    """The SQL says which account it is about."""


def decide(
    asked: Literal["per_account", "organization", "auto"],
    situation: Situation,
    past_of: Callable[[], PastBatches | None],
    another_answer: Callable[[], str | None] = lambda: None,
) -> FanOut:
    """Decides. `past_of` is asked only where the past decides, since it costs requests.

    `another_answer`, only where nothing else stands in the way: why the SQL means something else over all accounts.
    """
    if asked != "auto":
        return FanOut(kind=asked, why="the spec says so")
    obstacle = _obstacle(situation)
    if obstacle:
        return FanOut(kind="per_account", why=obstacle)
    past = past_of()
    if past is None:
        return FanOut(kind="per_account", why="nothing of it has landed yet, so its size is not known")
    fits = past.bytes <= GOOD_FIT * MAX_RESULT_BYTES and past.seconds <= GOOD_FIT * MAX_QUERY_S
    came = (
        f"all accounts together came to at most {past.bytes / 1e9:.1f} GB and {past.seconds / 60:.0f} min a query "
        f"in its last {f'{past.batches} batches' if past.batches > 1 else 'batch'}"
    )
    if fits and (what := another_answer()):
        return FanOut(kind="per_account", why=f"its SQL {what}, which over all accounts is another answer")
    if fits:
        return FanOut(kind="organization", why=f"{came}, which fits well into Stripe's {LIMITS}")
    return FanOut(kind="per_account", why=f"{came}, which is no good fit for Stripe's {LIMITS}")


def _obstacle(situation: Situation) -> str | None:
    if situation.accounts == 0:
        return "it names no group of accounts"
    if situation.accounts == 1:
        return "there is one account"
    if situation.key_per_account:
        return "each account has a key of its own"
    if situation.chosen:
        return "its group may leave accounts of the organization out (whole_organization: true says that it does not)"
    if situation.names_account:
        return "its SQL names the account"
    return None
