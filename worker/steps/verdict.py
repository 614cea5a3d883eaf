"""What a run that failed at Stripe means for its query. A pure function of what Stripe said."""

from dataclasses import dataclass

from forebay.config.stripe import MAX_QUERY_S
from forebay.queryrun.models import RunFailure
from forebay.store.failures import FailureClass
from forebay.worker.steps.timing import STRIPE_LIMIT_MS

#: Fresh QueryRuns for a fault of Stripe's own, before a person should look.
MOST_ATTEMPTS = 3

#: A run that failed so near to Stripe's limit failed because of it: no code says so.
TOO_LONG_MS = STRIPE_LIMIT_MS - 2 * 60_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to try the query again as a new attempt; and else the class and the words of its failure."""

    again: bool
    error_class: FailureClass
    message: str


def judge(failure: RunFailure, *, elapsed_ms: int, attempt: int) -> Verdict:
    """Sorts a failed QueryRun into the taxonomy of docs/architecture.md."""
    if failure.code == "file_size_above_limit":
        return Verdict(
            False,
            FailureClass.TOO_BIG,
            f"{failure.message} It was compressed already: select fewer columns or rows, or split it by date.",
        )
    if elapsed_ms >= TOO_LONG_MS:
        return Verdict(
            False,
            FailureClass.TOO_LONG,
            f"{failure.message} Stripe ends a query after {MAX_QUERY_S // 60} minutes: split it, by date for example.",
        )
    if failure.code == "internal_error":
        again = attempt + 1 < MOST_ATTEMPTS
        return Verdict(again, FailureClass.PROVIDER, f"{failure.message} ({attempt + 1} attempts ended like this.)")
    # query_run_invalid_sql, and codes that nobody listed: the engine's own words are the best advice there is,
    # and the same text would fail again.
    return Verdict(False, FailureClass.SQL, failure.message)
