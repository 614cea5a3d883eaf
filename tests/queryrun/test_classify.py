from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.queryrun import errors
from forebay.queryrun.classify import classify
from forebay.queryrun.errors import QueryRunError

V1_401 = {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided: sk_test_***1234"}}

HOLD = errors.CapReachedError
SLOWER = errors.TooFastError
FEWER = errors.TooManyInFlightError
AGAIN = errors.ThrottledError
SAME_KEY = errors.ProviderError
PAUSE = errors.AuthError
SQL = errors.InvalidSqlError
REQUEST = errors.InvalidRequestError
GONE = errors.NotFoundError
BUG = errors.IdempotencyError


def reason(value: str) -> dict[str, str]:
    return {"Stripe-Rate-Limited-Reason": value}


def retry(value: str) -> dict[str, str]:
    return {"Stripe-Should-Retry": value}


@pytest.mark.parametrize(
    ("status", "code", "headers", "expected", "error_class"),
    [
        # 429: the code first …
        (429, "query_run_rate_limit_exceeded", {}, HOLD, "quota.concurrency"),
        (429, "query_run_rate_limit_exceeded", reason("endpoint-rate"), HOLD, "quota.concurrency"),
        # … then the header …
        (429, None, reason("resource-specific"), HOLD, "quota.concurrency"),
        (429, None, reason("endpoint-rate"), SLOWER, "quota.rate"),
        (429, None, reason("global-rate"), SLOWER, "quota.rate"),
        (429, None, reason(" Global-Rate "), SLOWER, "quota.rate"),
        (429, None, reason("endpoint-concurrency"), FEWER, "quota.http"),
        (429, "account_rate_limit_exceeded", reason("global-concurrency"), FEWER, "quota.http"),
        # … then what the general limiter calls itself; and no guess beyond that.
        (429, "account_rate_limit_exceeded", {}, SLOWER, "quota.rate"),
        (429, "rate_limit", {}, SLOWER, "quota.rate"),
        # The codes of the newer generation are in no public spec; their neighbours' end like this.
        (429, "data_query_run_concurrency_limit_exceeded", {}, HOLD, "quota.concurrency"),
        (429, "metric_query_concurrency_limit_exceeded", reason("endpoint-concurrency"), HOLD, "quota.concurrency"),
        (429, "data_query_run_rate_limit_exceeded", {}, SLOWER, "quota.rate"),
        (429, "data_query_run_rate_limit_exceeded", reason("resource-specific"), HOLD, "quota.concurrency"),
        (429, "data_limit_exceeded", {}, AGAIN, "quota.unknown"),
        (403, "data_query_run_api_inaccessible", {}, PAUSE, "auth"),
        (400, "data_query_run_invalid_sql", {}, SQL, "sql"),
        (429, "lock_timeout", {}, AGAIN, "quota.unknown"),
        (429, None, reason("a-reason-of-tomorrow"), AGAIN, "quota.unknown"),
        (429, None, {}, AGAIN, "quota.unknown"),
        (429, None, retry("false"), AGAIN, "quota.unknown"),
        (401, None, {}, PAUSE, "auth"),
        (403, None, {}, PAUSE, "auth"),
        (403, "query_run_api_inaccessible", {}, PAUSE, "auth"),
        (400, "query_run_api_inaccessible", {}, PAUSE, "auth"),
        (403, None, retry("true"), PAUSE, "auth"),
        (400, "query_run_invalid_sql", {}, SQL, "sql"),
        (400, "query_run_invalid_sql", retry("true"), SQL, "sql"),
        (400, "invalid_fields", {}, REQUEST, "request"),
        (400, None, {}, REQUEST, "request"),
        (400, None, retry("true"), SAME_KEY, "provider"),
        (402, None, {}, REQUEST, "request"),
        (413, None, {}, REQUEST, "request"),
        (404, "not_found", {}, GONE, "not_found"),
        (404, None, {}, GONE, "not_found"),
        (409, "idempotency_error", {}, BUG, "bug"),
        (409, "idempotency_error", retry("true"), BUG, "bug"),
        (409, "idempotency_conflict", {}, SAME_KEY, "provider"),
        (409, "idempotency_conflict", retry("false"), SAME_KEY, "provider"),
        (409, None, {}, SAME_KEY, "provider"),
        (409, None, retry("false"), REQUEST, "request"),
        (408, None, {}, SAME_KEY, "provider"),
        (424, None, {}, SAME_KEY, "provider"),
        (500, None, {}, SAME_KEY, "provider"),
        (502, None, {}, SAME_KEY, "provider"),
        (503, None, retry("false"), SAME_KEY, "provider"),
        (504, "internal_error", {}, SAME_KEY, "provider"),
        (301, None, {"Location": "https://elsewhere.example"}, SAME_KEY, "provider"),
        (304, None, {}, SAME_KEY, "provider"),
    ],
)
def test_every_answer_has_one_consequence(
    status: int, code: str | None, headers: dict[str, str], expected: type[QueryRunError], error_class: str
) -> None:
    error = {"message": "said Stripe"} | ({"code": code} if code else {})

    found = classify(status, httpx.Headers(headers), json.dumps({"error": error}).encode())

    assert type(found) is expected
    assert found.error_class == error_class
    assert (found.status, found.code, found.message) == (status, code, "said Stripe")


def test_a_limiter_may_give_itself_away_by_type_alone() -> None:
    assert type(classify(429, {}, b'{"error": {"type": "rate_limit"}}')) is errors.TooFastError


def test_a_401_of_the_older_shape_is_understood() -> None:
    found = classify(401, {}, json.dumps(V1_401).encode())

    assert isinstance(found, errors.AuthError)
    assert found.code is None
    assert "Invalid API Key provided" in found.message
    assert "rolled or deleted" in found.hint


def test_a_403_names_both_generations_of_permissions_and_the_context() -> None:
    found = classify(403, {}, b'{"error": {"message": "Permission denied.", "code": "forbidden"}}')

    assert isinstance(found, errors.AuthError)
    for word in ("reporting_write", "sigma_api_write", "Financial Reports", "Stripe-Context", "acct_"):
        assert word in found.hint


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b"null",
        b"[]",
        b'{"error": null}',
        b'{"error": []}',
        b'{"error": "x"}',
        b"\xff",
    ],
)
def test_a_body_of_any_other_kind_leaves_the_status_to_decide(body: bytes) -> None:
    found = classify(502, {}, body)

    assert type(found) is errors.ProviderError
    assert str(found) == "Stripe answered HTTP 502 without a reason (HTTP 502)"


def test_ids_and_codes_are_kept_for_people() -> None:
    found = classify(400, httpx.Headers({"Request-Id": "req_v2abc"}), b'{"error": {"code": "c", "message": "m"}}')

    assert found.request_id == "req_v2abc"
    assert str(found) == "m (HTTP 400, c, req_v2abc)"


@pytest.mark.parametrize(
    "said",
    [
        "you sent sk_live_51abc here",
        "Authorization: Bearer sk_live_51abc",
        "rk_test_51abc",
        "sk_org_51abc",
        "whsec_51abc",
    ],
)
def test_a_key_that_something_on_the_way_repeats_is_taken_out(said: str) -> None:
    found = classify(400, {}, json.dumps({"error": {"message": said, "code": said}}).encode())

    assert "51abc" not in f"{found}{found!r}{found.code}{found.message}"
    assert "[key]" in found.message


def test_a_message_is_one_bounded_line_without_control_characters() -> None:
    said = "bad\nlevel=ERROR forged \x1b[31m\ud800" + "x" * 10_000

    found = classify(400, {}, json.dumps({"error": {"message": said}}).encode())

    assert found.message.startswith("bad level=ERROR forged  [31m")
    assert len(found.message) <= 2_000
    found.message.encode()


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "code", "message", "type", "x"]), inner, max_size=4)
    ),
    max_leaves=10,
)
HEADERS = st.dictionaries(
    st.sampled_from(["stripe-rate-limited-reason", "stripe-should-retry", "retry-after", "request-id"]),
    st.text(max_size=12),
)


@given(st.integers(300, 599), HEADERS, JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=50))
def test_any_answer_at_all_gets_one_of_our_errors(status: int, headers: dict[str, str], body: bytes) -> None:
    found = classify(status, headers, body)

    assert isinstance(found, QueryRunError)
    assert str(found)
    # A quota error leaves a run's attempt and place alone, so nothing else may pass for one.
    if isinstance(found, errors.QuotaError) and found.code != "query_run_rate_limit_exceeded":
        assert status == 429
