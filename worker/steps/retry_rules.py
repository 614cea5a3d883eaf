"""Decides what is tried again, after how long, and how often: every number and rule of retrying, as pure functions.

Three things are retried, and each by itself. A *step* that came to no answer is due again when its custody ends, or
after `backoff_ms`; that costs the run nothing. A *QueryRun* that failed is run again only for a fault of Stripe's own
(`reason_to_fail`). A *landing* that broke begins anew with a fresh URL, and never with another QueryRun. What a whole
lane has to wait for is a gate (`GATE_WAITS`).
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from forebay.config.stripe import MAX_QUERY_S
from forebay.governor.contract import Custody
from forebay.governor.states import Gate
from forebay.landing.errors import LandingError
from forebay.queryrun.models import QueryRun, RunFailure
from forebay.store.errors import StoreError
from forebay.store.ledger.failures import FailureClass

#: A claim that no step has begun by then is due again. Longer than a message waits in a queue that has room.
RESEND_MS = 30_000
#: Custody of a step that makes one API request. The client gives up after about 45 s at the worst.
REQUEST_CUSTODY_MS = 60_000
#: Custody of a download, renewed while bytes arrive.
DOWNLOAD_CUSTODY_MS = 60_000

_BACKOFF_FIRST_MS, _BACKOFF_LONGEST_MS = 1_000, 60_000

#: Fresh QueryRuns for a fault of Stripe's own, before it is a person's turn.
MOST_ATTEMPTS = 3
#: Landings, each with a fresh URL. One that broke so often is not bad luck, and `retry` can land it once it is mended.
MOST_LANDINGS = 8
#: Landings that the destination refuses, over some five minutes: a right just given, or credentials that are being
#: renewed, are there by then. What is still refused a person has to mend, and hears of it once the run has failed.
MOST_REFUSALS = 12

#: Stripe ends a query by its own limit; so much past it, a run that Stripe does not know cannot be alive.
SURELY_OVER_MS = (MAX_QUERY_S + 5 * 60) * 1000
#: A run that failed so near to Stripe's limit failed because of it: no code says so.
TOO_LONG_MS = (MAX_QUERY_S - 2 * 60) * 1000


#: How long a create is sent again that Stripe gives no answer to (5xx, time-outs, what cannot be read). An outage of
#: an hour is slept through; after that the run waits until nothing of what was sent can be alive, and fails.
SEND_FOR_MS = 60 * 60_000
#: The same for a canceled run, whose next sending could start what nobody wants: long enough for a reply that was lost.
SEND_CANCELED_FOR_MS = 5 * 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GateWait:
    """How long a gate is closed."""

    first_ms: int
    """After a first refusal. Each refused probe doubles it."""
    longest_ms: int


#: Stripe's rate limits are per second, and customers' payments share them: step aside at once, for a moment.
_RATE_WAIT = GateWait(first_ms=1_000, longest_ms=16_000)
#: A refused key waits for a person; a probe a minute notices the mended key, or its permission, by itself.
_KEY_WAIT = GateWait(first_ms=5_000, longest_ms=60_000)

GATE_WAITS: Mapping[Gate, GateWait] = MappingProxyType(
    {
        # A cap that others fill empties again within seconds to minutes; probes are cheap, so the wait stays short.
        Gate.CAP: GateWait(first_ms=1_000, longest_ms=8_000),
        Gate.CREATE: _RATE_WAIT,
        Gate.RETRIEVE: _RATE_WAIT,
        Gate.AUTH: _KEY_WAIT,
        Gate.PERMISSION: _KEY_WAIT,
    }
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a run fails, in the words of the taxonomy of docs/architecture.md and of whoever refused."""

    error_class: FailureClass
    message: str
    code: str | None = None
    request_id: str | None = None


def backoff_ms(tries: int) -> int:
    """Doubles with each try; the jitter keeps runs that failed together from coming back together."""
    most = min(_BACKOFF_FIRST_MS * 2 ** min(tries - 1, 16), _BACKOFF_LONGEST_MS)
    return int(most * random.uniform(0.5, 1))


def jittered(wait_ms: int) -> int:
    """Spreads a wait, so that lanes and processes that were refused together do not knock together."""
    return int(wait_ms * random.uniform(0.75, 1.25))


def surely_over(custody: Custody) -> bool:
    """Says that Stripe's own limit has ended the run, whatever is answered."""
    return (custody.since_create_ms or 0) > SURELY_OVER_MS


def unknown_for_ms(custody: Custody) -> int:
    """Says for how long a create without an answer may still stand for a query at Stripe; 0 if none can be alive.

    This is the one clock that frees a slot: Stripe's own, which ends each query.
    """
    return 0 if custody.since_sent_ms is None else max(0, SURELY_OVER_MS - custody.since_sent_ms)


def sends_no_more(custody: Custody) -> bool:
    """Says that a create was sent so long without an answer that another sending would only put off its end."""
    most_ms = SEND_CANCELED_FOR_MS if custody.canceling else SEND_FOR_MS
    return (custody.since_unanswered_ms or 0) > most_ms


def lands_again(error: LandingError, tries: int) -> bool:
    """Says that a landing which broke is worth another one."""
    return error.retry and tries < MOST_LANDINGS


def stores_again(error: StoreError, tries: int) -> bool:
    """Says that what a destination did not take is worth another landing.

    A full disk or a store that asks for patience is waited for without end: it heals by itself, and is shown meanwhile.
    """
    return error.retry or tries < MOST_REFUSALS


def reason_to_fail(ended: QueryRun, *, elapsed_ms: int, attempt: int, words_before: str | None) -> Reason | None:
    """Sorts a QueryRun that failed into the taxonomy of docs/architecture.md; None: run the query again.

    `words_before` are those that the last attempt before it ended with, and what was added to them: faults differ, and
    what comes back in the same words comes of the query, also for whoever retries what that was said of.
    """
    failure, advice = _failure(ended), ""
    if ended.canceled:
        error_class = FailureClass.CANCELED_AT_STRIPE
    elif failure.code == "file_size_above_limit":
        error_class = FailureClass.TOO_BIG
    elif elapsed_ms >= TOO_LONG_MS:
        error_class = FailureClass.TOO_LONG
    elif failure.code != "internal_error":
        # query_run_invalid_sql, and codes that nobody listed: the engine's own words are the best advice there is,
        # and the same text would fail again.
        error_class = FailureClass.SQL
    elif words_before is not None and _are(words_before, failure.message):
        error_class, advice = FailureClass.SQL, "(Two attempts ended in these words, so it is the query.)"
    elif attempt + 1 < MOST_ATTEMPTS:
        return None
    else:
        error_class, advice = FailureClass.PROVIDER, f"({attempt + 1} attempts ended like this.)"
    message = f"{failure.message} {advice or error_class.advice}".rstrip()
    return Reason(error_class, message, code=failure.code, request_id=ended.request_id)


def fault(ended: QueryRun) -> Reason:
    """Tells a fault of Stripe's own, in which `reason_to_fail` finds no reason to fail, in Stripe's words."""
    failure = _failure(ended)
    return Reason(FailureClass.PROVIDER, failure.message, code=failure.code, request_id=ended.request_id)


def over_in_unknown_status(observed: QueryRun) -> Reason:
    """Says that nobody knows what came of a run: Stripe's limit has ended it, and its status is no end that we know."""
    message = (
        f"Stripe shows it as {observed.status!r}, a status that is not known here, and its own limit for queries is "
        "surely over: see in the Dashboard what came of it, and whether there is a newer release"
    )
    return Reason(FailureClass.PROVIDER, message, request_id=observed.request_id)


def _failure(ended: QueryRun) -> RunFailure:
    return ended.failure or RunFailure(code=None, message=f"Stripe ended the run as {ended.status}.")


def _are(said: str, words: str) -> bool:
    """Says whether these were the words of a failure, alone or with advice in brackets behind them."""
    return said == words or said.startswith(f"{words} (")
