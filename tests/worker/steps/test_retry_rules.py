"""The rules of retrying, apart from what carries them out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.governor.states import Gate
from forebay.landing.errors import TransferBroken, Unusable
from forebay.queryrun.models import QueryRun, RunFailure
from forebay.worker.steps.retry_rules import (
    GATE_WAITS,
    MOST_ATTEMPTS,
    MOST_LANDINGS,
    backoff_ms,
    lands_again,
    reason_to_fail,
)

MINUTE_MS = 60_000


def failed(code: str | None) -> QueryRun:
    failure = RunFailure(code=code, message="It broke.")
    return QueryRun(id="qryrun_1", status="failed", failure=failure, request_id="req_1")


@given(st.integers(1, 10_000))
def test_backing_off_never_waits_longer_than_its_bound_nor_less_than_half_the_first_wait(tries: int) -> None:
    assert 500 <= backoff_ms(tries) <= 60_000


@pytest.mark.parametrize(
    ("code", "minutes", "attempt", "error_class"),
    [
        ("file_size_above_limit", 30, 0, "too_big"),
        ("file_size_above_limit", 91, 0, "too_big"),  # the code is plain, the clock only a guess
        ("internal_error", 1, MOST_ATTEMPTS - 1, "provider"),
        ("internal_error", 90, 0, "too_long"),  # Stripe names no code for its 90 minutes
        (None, 90, 0, "too_long"),
        ("query_run_invalid_sql", 1, 0, "sql"),
        ("some_code_of_next_year", 1, 0, "sql"),
        (None, 1, 0, "sql"),
    ],
)
def test_a_failed_query_run_fails_its_run_in_a_class_and_in_stripes_words(
    code: str | None, minutes: int, attempt: int, error_class: str
) -> None:
    reason = reason_to_fail(failed(code), elapsed_ms=minutes * MINUTE_MS, attempt=attempt)

    assert reason
    assert (reason.error_class, reason.code, reason.request_id) == (error_class, code, "req_1")
    assert reason.message.startswith("It broke.")


@pytest.mark.parametrize("attempt", range(MOST_ATTEMPTS - 1))
def test_a_query_is_run_again_only_for_a_fault_of_stripes_own(attempt: int) -> None:
    assert reason_to_fail(failed("internal_error"), elapsed_ms=MINUTE_MS, attempt=attempt) is None


def test_a_query_run_that_ended_without_a_reason_fails_its_run_by_its_status() -> None:
    canceled = QueryRun(id="qryrun_1", status="canceled")

    reason = reason_to_fail(canceled, elapsed_ms=MINUTE_MS, attempt=0)

    assert reason
    assert "canceled" in reason.message


def test_a_landing_begins_anew_only_if_that_may_help_and_so_often() -> None:
    assert lands_again(TransferBroken("reset"), MOST_LANDINGS - 1)
    assert not lands_again(TransferBroken("reset"), MOST_LANDINGS)
    assert not lands_again(Unusable("a zip of another kind"), 1)


def test_every_gate_has_a_wait_that_can_grow() -> None:
    for gate in Gate:
        assert 0 < GATE_WAITS[gate].first_ms < GATE_WAITS[gate].longest_ms
