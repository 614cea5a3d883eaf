"""Names what Stripe can answer instead of a QueryRun. The type says what the caller does next.

    QueryRunError
    ├── QuotaError                  any 429: the run keeps its attempt and its place
    │   ├── CapReachedError         quota.concurrency   hold the slot limit down, put the run back
    │   ├── TooFastError            quota.rate          slow this operation down
    │   ├── TooManyInFlightError    quota.http          fewer requests at a time
    │   └── ThrottledError          quota.unknown       the same key again, with jitter
    ├── ProviderError               provider            the same key again, later; never a new attempt
    ├── AuthError                   auth                pause the connection; no run fails for it
    └── RefusedError                                    the run fails, no retry
        ├── InvalidSqlError         sql
        ├── InvalidRequestError     request
        ├── NotFoundError           not_found
        └── IdempotencyError        bug                 loudly: the same key was used with another body

Made by `classify` from HTTP answers, by `client` from broken connections, by a dialect from unreadable replies.
Never holds a key: `classify` cleans what Stripe said before it comes here.
"""

from __future__ import annotations

from typing import ClassVar

from forebay.queryrun.auth_reasons import AuthReason, auth_reason
from forebay.store.ledger.failures import FailureClass


class QueryRunError(Exception):
    """Raised when Stripe did not give the QueryRun that was asked for.

    `status` is the HTTP status if there was an answer, `code` Stripe's error code if it sent one, `request_id` what
    Stripe's support asks for.
    """

    error_class: ClassVar[FailureClass] = FailureClass.PROVIDER

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.request_id = request_id

    def __str__(self) -> str:
        known = self._known()
        return f"{self.message} ({known})" if known else self.message

    @property
    def cause(self) -> str:
        """Says the same without Stripe's message, for logs and for Redis; where Stripe said nothing, in our words."""
        return f"{self.error_class} ({self._known() or self.message})"

    def _known(self) -> str:
        facts = (f"HTTP {self.status}" if self.status else None, self.code, self.request_id)
        return ", ".join(fact for fact in facts if fact)


class QuotaError(QueryRunError):
    """Raised when Stripe answers 429. No QueryRun was made, and the same key may be sent again."""

    error_class = FailureClass.QUOTA_UNKNOWN


class CapReachedError(QuotaError):
    """Raised when as many QueryRuns are running as Stripe allows; a slot frees in minutes, not seconds."""

    error_class = FailureClass.QUOTA_CONCURRENCY


class TooFastError(QuotaError):
    """Raised when there were too many requests a second, for this operation or in all."""

    error_class = FailureClass.QUOTA_RATE


class TooManyInFlightError(QuotaError):
    """Raised when too many requests were open at the same moment."""

    error_class = FailureClass.QUOTA_HTTP


class ThrottledError(QuotaError):
    """Raised when a 429 does not say why: a lock held too long, or a limiter that we don't know."""


class ProviderError(QueryRunError):
    """Raised when Stripe is at fault or out of reach, or answers what no client can read.

    The request may have been carried out all the same, so only its own idempotency key may be sent again; unless it is
    known to have been `unsent`: no byte of it left.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        unsent: bool = False,
    ) -> None:
        super().__init__(message, status=status, code=code, request_id=request_id)
        self.unsent = unsent


class AuthError(QueryRunError):
    """Raised when the key is wrong, lacks a permission or a context, or the account lacks the feature."""

    error_class = FailureClass.AUTH

    @property
    def reason(self) -> AuthReason:
        """Says which of these it is, as far as the answer tells."""
        return auth_reason(self.status, self.code, self.message)

    @property
    def hint(self) -> str:
        """Says what it means and what to do about it, for people."""
        return f"{self.reason.sentence}: {self.reason.way_out}"

    @property
    def told(self) -> str:
        """Says what it means, what Stripe said, and what to do about it, where all has to be one text."""
        return f"{self.reason.sentence}: {self}; {self.reason.way_out}"


class RefusedError(QueryRunError):
    """Raised when the same request would be refused again for ever."""

    error_class = FailureClass.REQUEST


class InvalidSqlError(RefusedError):
    """Raised when Stripe says that the SQL is invalid."""

    error_class = FailureClass.SQL


class InvalidRequestError(RefusedError):
    """Raised when Stripe refuses the request for any other reason of its own."""


class NotFoundError(RefusedError):
    """Raised when there is no such QueryRun: for this key, in this mode and context, or any more."""

    error_class = FailureClass.NOT_FOUND


class IdempotencyError(RefusedError):
    """Raised when an idempotency key was used with another body before. Only a fault of ours can cause it."""

    error_class = FailureClass.BUG
