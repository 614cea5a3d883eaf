"""Names why a run has no result, and says of each class what follows from it: docs/architecture.md §6.

The ledger's failure records and a batch's closing hold these words, so a value, once written, never changes. The
errors of `queryrun` carry their class, the worker records it, and whoever retries, cuts, stops or tells reads here
what it means.
"""

from __future__ import annotations

from enum import StrEnum

from forebay.config.stripe import MAX_QUERY_S, RESULT_DAYS


class FailureClass(StrEnum):
    """Why a run has no result.

    A word that a newer Forebay wrote is read as it stands and is written back so. Nothing follows from it: its query
    counts as one that may still run, is not run again, is not cut, holds no other run back, and is not quoted.
    """

    SQL = "sql"  # the engine refused the text, or failed in it
    REQUEST = "request"  # Stripe refused the create for a reason of its own
    TOO_BIG = "too_big"  # the result is larger than Stripe delivers
    TOO_LONG = "too_long"  # the query ran for as long as Stripe lets one run
    CANCELED_AT_STRIPE = "canceled_at_stripe"  # somebody at Stripe ended the query, on purpose
    PROVIDER = "provider"  # a fault of Stripe's, or Stripe is out of reach
    NOT_FOUND = "not_found"  # Stripe does not know the QueryRun: not for this key, or not any more
    AUTH = "auth"  # the key, or its right to this account
    BUG = "bug"  # a fault of ours
    TRANSFER = "transfer"  # the result is there and did not land
    SINK = "sink"  # the result is there, and the destination refuses it
    QUOTA_CONCURRENCY = "quota.concurrency"  # Stripe's cap is full; no run fails of a 429
    QUOTA_RATE = "quota.rate"  # too many requests a second
    QUOTA_HTTP = "quota.http"  # too many requests at the same moment
    QUOTA_UNKNOWN = "quota.unknown"  # a 429 without a reason

    @classmethod
    def _missing_(cls, value: object) -> FailureClass | None:
        """Takes up a word of a newer ledger as a class of no consequences, beside the members."""
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_, unknown._value_ = "UNKNOWN", value
        return unknown

    @property
    def ended_at_stripe(self) -> bool:
        """Says that the QueryRun is over and has no result, so that a retry is a new attempt.

        Of any other failure with a QueryRun the result may still be there, or the query still be running: a retry
        looks at it again, and never runs it a second time.
        """
        return self in (
            FailureClass.SQL,
            FailureClass.PROVIDER,
            FailureClass.TOO_BIG,
            FailureClass.TOO_LONG,
            FailureClass.NOT_FOUND,
            FailureClass.CANCELED_AT_STRIPE,
        )

    @property
    def has_result(self) -> bool:
        """Says that the QueryRun succeeded: whoever shares it may still land what it came to."""
        return self in (FailureClass.TRANSFER, FailureClass.SINK)

    @property
    def is_wall(self) -> bool:
        """Says that a smaller part of the window may not meet it."""
        return self in (FailureClass.TOO_BIG, FailureClass.TOO_LONG)

    @property
    def is_deterministic(self) -> bool:
        """Says that the same text fails of it on every account: it is about the batch, not about the run."""
        return self in (FailureClass.SQL, FailureClass.REQUEST)

    @property
    def is_of_the_text(self) -> bool:
        """Says that another text is the way out: the same one would very likely fail of it again."""
        return self.is_deterministic or self.is_wall

    @property
    def is_quotable(self) -> bool:
        """Says that its message comes from Stripe's front door or from us: an engine's may quote rows."""
        return self in (
            FailureClass.AUTH,
            FailureClass.REQUEST,
            FailureClass.TOO_BIG,
            FailureClass.TOO_LONG,
            FailureClass.TRANSFER,
            FailureClass.SINK,
            FailureClass.NOT_FOUND,
            FailureClass.CANCELED_AT_STRIPE,
        )

    @property
    def before_retry(self) -> str:
        """Says half a sentence before the command that takes such runs up again as they are."""
        match self:
            case FailureClass.AUTH:
                return "once the key may ask this account"
            case FailureClass.TRANSFER:
                return "lands the result, and runs nothing"
            case FailureClass.SINK:
                return "once the destination takes it: lands the result, and runs nothing"
            case FailureClass.PROVIDER:
                return "another attempt, once Stripe is well"
            case FailureClass.BUG:
                return "once Forebay is mended"
            case _ if self.ended_at_stripe:
                return "another attempt"
            case _:
                return "looks at it again, and runs it only if Stripe never did"

    @property
    def advice(self) -> str:
        """Says a sentence about the way out, where the class alone tells it; else nothing."""
        match self:
            case FailureClass.TOO_BIG:
                return "It was compressed already: select fewer columns or rows, or split it by date."
            case FailureClass.TOO_LONG:
                return f"Stripe ends a query after {MAX_QUERY_S // 60} minutes: split it, by date for example."
            case FailureClass.CANCELED_AT_STRIPE:
                return "It was ended at Stripe, and not by Forebay, which runs it again only if it is told to."
            case FailureClass.TRANSFER | FailureClass.SINK:
                return f"the result is safe at Stripe for {RESULT_DAYS} days"
            case _:
                return ""
