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
    "query_run_invalid_sql": InvalidSqlError,
    "query_run_api_inaccessible": AuthError,
    "idempotency_error": IdempotencyError,
    # The first request with this key is still being worked on.
    "idempotency_conflict": ProviderError,
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
    if code in ("account_rate_limit_exceeded", "rate_limit") or error_type == "rate_limit":
        return TooFastError
    return ThrottledError


def _advised(kind: type[QueryRunError], should_retry: str) -> type[QueryRunError]:
    """Follows Stripe's own advice where the status alone is a guess; a key or an id is not right the second time."""
    if kind is InvalidRequestError and should_retry == "true":
        return ProviderError
    if kind is ProviderError and should_retry == "false":
        return InvalidRequestError
    return kind
