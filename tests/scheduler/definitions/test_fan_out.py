"""When a definition asks the whole organization at once."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.config.stripe import MAX_QUERY_S, MAX_RESULT_BYTES
from forebay.scheduler.batches.history import PastBatches
from forebay.scheduler.definitions.fan_out import Situation, decide

OPEN = Situation(accounts=38)
SMALL = PastBatches(batches=3, bytes=1_000_000, seconds=60, run_s=5)


def never() -> Any:
    raise AssertionError("the past costs requests, and decides nothing here")


def test_what_the_spec_says_is_done_without_looking_back() -> None:
    assert decide("per_account", OPEN, never).kind == "per_account"
    assert decide("organization", replace(OPEN, names_account=True), never).kind == "organization"


@pytest.mark.parametrize(
    ("situation", "why"),
    [
        (replace(OPEN, accounts=0), "names no group"),
        (replace(OPEN, accounts=1), "there is one account"),
        (replace(OPEN, key_per_account=True), "key of its own"),
        (replace(OPEN, chosen=True), "may leave accounts of the organization out"),
        (replace(OPEN, names_account=True), "its SQL names the account"),
    ],
)
def test_where_one_run_cannot_stand_for_the_accounts_auto_asks_each(situation: Situation, why: str) -> None:
    decision = decide("auto", situation, never)

    assert decision.kind == "per_account"
    assert why in decision.why


def test_auto_needs_a_past_that_fits_well() -> None:
    assert decide("auto", OPEN, lambda: None).kind == "per_account"

    fits = decide("auto", OPEN, lambda: SMALL)
    assert fits.kind == "organization"
    assert fits.why == (
        "all accounts together came to at most 0.0 GB and 1 min a query in its last 3 batches, "
        "which fits well into Stripe's 5 GB and 90 min"
    )
    assert decide("auto", OPEN, lambda: replace(SMALL, bytes=3_000_000_000)).kind == "per_account"
    assert "no good fit" in decide("auto", OPEN, lambda: replace(SMALL, seconds=46 * 60)).why


def test_auto_asks_each_account_where_the_whole_organization_would_be_another_answer() -> None:
    decision = decide("auto", OPEN, lambda: SMALL, lambda: "adds up rows")

    assert decision.kind == "per_account"
    assert decision.why == "its SQL adds up rows, which over all accounts is another answer"
    assert decide("organization", OPEN, never, never).kind == "organization"


@given(st.integers(0, 2 * MAX_RESULT_BYTES), st.floats(0, 2 * MAX_QUERY_S))
def test_auto_never_asks_for_more_than_half_of_what_stripe_allows(size: int, seconds: float) -> None:
    decision = decide("auto", OPEN, lambda: replace(SMALL, bytes=size, seconds=seconds))

    assert (decision.kind == "organization") == (size <= MAX_RESULT_BYTES / 2 and seconds <= MAX_QUERY_S / 2)
