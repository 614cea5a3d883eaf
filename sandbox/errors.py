"""Words the answers that refuse, in the two envelopes Stripe uses.

    ApiError            any refusal of the API; becomes the JSON envelope in api.py
    ├─ LimitError       a 429, whose code is a matter of the generation that is asked
    ├─ envelope v2      {"error": {"code", "message", "type"?}}
    └─ envelope v1      {"error": {"type", "message"}}, without a code: what a bad key gets even on /v2

Not frozen dataclasses but one exception: a refusal may come from any depth of a request.
"""

from enum import StrEnum

from starlette.responses import JSONResponse

REASON_HEADER = "Stripe-Rate-Limited-Reason"


class Limit(StrEnum):
    """What a 429 says is full."""

    CAP = "cap"  # runs alive at once
    REQUESTS = "requests"  # a second, or in flight


class ApiError(Exception):
    """Raised when a request is refused; carries the whole answer."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, kind: str | None = None, reason: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.kind, self.reason = status, message, code, kind, reason

    def response(self, code: str | None = None) -> JSONResponse:
        """Puts it into its envelope, with another code than its own where there is one."""
        fields = {"code": code or self.code, "message": self.message, "type": self.kind}
        headers = {REASON_HEADER: self.reason} if self.reason else {}
        body = {"error": {name: value for name, value in fields.items() if value is not None}}
        return JSONResponse(body, status_code=self.status, headers=headers)


class LimitError(ApiError):
    """Raised when something is full; its code is the reporting dialect's."""

    def __init__(self, limit: Limit, message: str, *, code: str, kind: str | None = None, reason: str | None) -> None:
        super().__init__(429, message, code=code, kind=kind, reason=reason)
        self.limit = limit


def invalid_key(key: str) -> ApiError:
    """Refuses a key that nobody made, or none; shows no more of it than Stripe does."""
    shown = f"{key[:8]}***{key[-4:]}" if len(key) > 12 else "***"
    message = f"Invalid API Key provided: {shown}" if key else "You did not provide an API key."
    return ApiError(401, message, kind="invalid_request_error")


def missing_permission(account: str) -> ApiError:
    """Refuses a key that may not do this, or not for this account."""
    return ApiError(
        403,
        f"Permission denied. API Key does not have permission to access account {account}. In some cases, "
        "you may also need to supply an Account ID in the Stripe-Context header.",
        code="permission_denied",
    )


#: Why an account lacks the feature; "the message says why" is all that Stripe documents of the words.
NO_ACCESS = "This account has no access to the Query Run API."
NO_PREVIEW = "The Query Run API is in preview, which this account has not joined."
NO_SIGMA = "The Query Run API requires an active Stripe Sigma subscription."


def api_inaccessible(message: str = NO_ACCESS) -> ApiError:
    """Refuses an account that lacks the feature."""
    return ApiError(403, message, code="query_run_api_inaccessible")


def invalid_request(message: str) -> ApiError:
    """Refuses a header, a parameter or a body."""
    return ApiError(400, message, code="invalid_fields", kind="invalid_request_error")


def invalid_sql(message: str) -> ApiError:
    """Refuses SQL at the POST."""
    # Like the other query_run_* errors this one has no type in Stripe's schema.
    return ApiError(400, message, code="query_run_invalid_sql")


def run_not_found(run_id: str) -> ApiError:
    """Refuses to show a run that does not exist for the caller."""
    return ApiError(404, f"No query run with id {run_id!r} was found.", code="not_found")


def event_not_found(event_id: str) -> ApiError:
    """Refuses to show an event that does not exist for the caller, or not any more, or not yet."""
    return ApiError(404, f"No event with id {event_id!r} was found.", code="not_found")


def schema_not_found(schema_id: str) -> ApiError:
    """Refuses to show a table that does not exist."""
    return ApiError(404, f"No schema with id {schema_id!r} was found.", code="not_found")


def no_such_url(method: str, path: str) -> ApiError:
    """Refuses a path or a method that is not known."""
    message = f"Unrecognized request URL ({method}: {path})."
    return ApiError(404, message, code="not_found", kind="invalid_request_error")


def cap_reached(cap: int, *, with_reason: bool) -> LimitError:
    """Refuses a create beyond the cap."""
    return LimitError(
        Limit.CAP,
        f"The limit of {cap} concurrently running query runs has been reached. Wait for running queries to finish.",
        code="query_run_rate_limit_exceeded",
        reason="resource-specific" if with_reason else None,
    )


def too_many_requests(reason: str | None) -> LimitError:
    """Refuses a request beyond a limiter."""
    return LimitError(
        Limit.REQUESTS,
        "Too many requests. Use exponential backoff and send fewer at once.",
        code="account_rate_limit_exceeded",
        kind="rate_limit",
        reason=reason,
    )


def idempotency_mismatch(key: str) -> ApiError:
    """Refuses other parameters under a known key."""
    message = f"The idempotency key {key!r} was used before with other parameters; use a new key for a new request."
    return ApiError(409, message, code="idempotency_error", kind="idempotency_error")


def idempotency_conflict(key: str) -> ApiError:
    """Refuses the second of two requests at once with one key."""
    message = f"Another request with the idempotency key {key!r} is in progress; repeat this one later."
    return ApiError(409, message, code="idempotency_conflict")


def server_error(status: int) -> ApiError:
    """Fails a request that may be repeated."""
    return ApiError(status, "An error occurred on our side; the request may be repeated.", code="internal_error")
