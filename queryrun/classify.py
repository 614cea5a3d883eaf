"""Turns an HTTP answer that is no success into the error that says what to do. One pure function; called by `client`.

The error code decides first, the status second, headers third: the code of a full cap
(`query_run_rate_limit_exceeded`) shares its status with five other things, and whether that answer carries
`Stripe-Rate-Limited-Reason` is not documented.
"""

from __future__ import annotations

from collections.abc import Mapping

from forebay.queryrun.errors import (
    AuthError,
    CapReachedError,
    IdempotencyError,
    InvalidRequestError,
    InvalidSqlError,
    NotFoundError,
    ProviderError,
    QueryRunError,
    QuotaError,
    ThrottledError,
    TooFastError,
    TooManyInFlightError,
)
from forebay.queryrun.wire import as_object, json_object, name, text

_BY_CODE: Mapping[str, type[QueryRunError]] = {
    "query_run_rate_limit_exceeded": CapReachedError,
    "idempotency_error": IdempotencyError,
    # The first request with this key is still being worked on.
    "idempotency_conflict": ProviderError,
}

#: The newer generation's codes are in no public spec; its neighbours' end like this.
_BY_ENDING: Mapping[str, type[QueryRunError]] = {
    "_concurrency_limit_exceeded": CapReachedError,
    "_invalid_sql": InvalidSqlError,
    "_api_inaccessible": AuthError,
}

_BY_STATUS: Mapping[int, type[QueryRunError]] = {
    401: AuthError,
    403: AuthError,
    404: NotFoundError,
    408: ProviderError,
    409: ProviderError,  # without a code: a lock. stripe-python sends these again too
    424: ProviderError,  # something that Stripe depends on failed
    425: ProviderError,
}


def classify(status: int, headers: Mapping[str, str], body: bytes) -> QueryRunError:
    """Makes the error for an answer with `status` (not a 2xx). `headers` must be case-insensitive or lower-case.

    Source: fact sheet of the API, "Errors of these endpoints" and "Error envelope"; code, type and message may each be
    missing, and the body may be anything (a load balancer's HTML).
    """
    error = as_object(json_object(body).get("error"))
    code = name(error.get("code"))
    kind = _kind(status, code, text(error.get("type")), headers)
    return kind(
        text(error.get("message")) or f"Stripe answered HTTP {status} without a reason",
        status=status,
        code=code or None,
        request_id=request_id_of(headers),
    )


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """Reads the id by which Stripe's support finds the request; None where the answer has none."""
    return name(headers.get("request-id")) or None


def _kind(status: int, code: str, error_type: str, headers: Mapping[str, str]) -> type[QueryRunError]:
    if code in _BY_CODE:
        return _BY_CODE[code]
    if (ending := next((ending for ending in _BY_ENDING if code.endswith(ending)), None)) is not None:
        return _BY_ENDING[ending]
    if status == 429:
        return _quota(code, error_type, headers.get("stripe-rate-limited-reason", "").strip().lower())
    if not 400 <= status < 500:
        # A 5xx, or a redirect, which is never followed: the key would go wherever it points. `Stripe-Should-Retry:
        # false` on a 5xx changes nothing: with the same idempotency key a retry cannot do harm.
        return ProviderError
    return _advised(_BY_STATUS.get(status, InvalidRequestError), headers.get("stripe-should-retry", "").strip().lower())


def _quota(code: str, error_type: str, reason: str) -> type[QuotaError]:
    if reason == "resource-specific":
        return CapReachedError
    if reason.endswith("-rate"):
        return TooFastError
    if reason.endswith("-concurrency"):
        return TooManyInFlightError
    if code.endswith("_rate_limit_exceeded") or "rate_limit" in (code, error_type):
        return TooFastError
    return ThrottledError


def _advised(kind: type[QueryRunError], should_retry: str) -> type[QueryRunError]:
    """Follows Stripe's own advice where the status alone is a guess; a key or an id is not right the second time."""
    if kind is InvalidRequestError and should_retry == "true":
        return ProviderError
    if kind is ProviderError and should_retry == "false":
        return InvalidRequestError
    return kind
