"""Why a key is refused, as far as an answer tells."""

from __future__ import annotations

import pytest

from forebay.queryrun.auth_reasons import AuthReason, auth_reason
from forebay.queryrun.errors import AuthError

CLOSED = "query_run_api_inaccessible"


@pytest.mark.parametrize(
    ("status", "code", "message", "reason"),
    [
        (401, None, "Invalid API Key provided: rk_test_***1234", AuthReason.UNKNOWN_KEY),
        (401, None, "Your Sigma subscription is a preview", AuthReason.UNKNOWN_KEY),
        (403, CLOSED, "Your account has not joined the public preview of this API.", AuthReason.NOT_ENABLED),
        (403, "permission_denied", "This beta is not open to you.", AuthReason.NOT_ENABLED),
        (403, CLOSED, "A Stripe Sigma subscription is required.", AuthReason.NO_SUBSCRIPTION),
        (403, None, "You must activate Sigma in the Dashboard.", AuthReason.NO_SUBSCRIPTION),
        (403, CLOSED, "Join the preview, for which Sigma must be subscribed to.", AuthReason.INACCESSIBLE),
        (403, CLOSED, "Compartment not allowed.", AuthReason.INACCESSIBLE),
        (400, CLOSED, "", AuthReason.INACCESSIBLE),
        (403, "data_query_api_inaccessible", "no", AuthReason.INACCESSIBLE),
        (403, "feature_not_enabled", "no", AuthReason.INACCESSIBLE),
        # Stripe's own words for a permission and for a context, one text for both; and the older ones for a permission.
        (
            403,
            "permission_denied",
            "Permission denied. API Key does not have permission to access account. In some cases, you may also need "
            "to supply an Account ID in the Stripe-Context header.",
            AuthReason.DENIED,
        ),
        (403, None, "Having the 'Sigma API' permission would allow this request to continue.", AuthReason.DENIED),
        (403, None, "", AuthReason.DENIED),
    ],
)
def test_each_reason_is_told_from_the_others(status: int, code: str | None, message: str, reason: AuthReason) -> None:
    assert auth_reason(status, code, message) is reason


def test_each_has_a_sentence_and_a_way_out_of_its_own() -> None:
    assert len({reason.sentence for reason in AuthReason}) == len({reason.way_out for reason in AuthReason}) == 5


def test_words_that_do_not_tell_name_both() -> None:
    told = AuthReason.INACCESSIBLE.sentence + AuthReason.INACCESSIBLE.way_out
    for word in ("preview", "Stripe Sigma", "do not tell which", "docs.stripe.com/data/api"):
        assert word in told


def test_where_it_is_one_text_the_meaning_comes_first_and_the_way_out_last() -> None:
    error = AuthError("Invalid API Key provided: rk_***1234", status=401)

    assert error.told.startswith(
        "Stripe does not know this key: Invalid API Key provided: rk_***1234 (HTTP 401); check"
    )
