"""The rules of retrying, apart from what carries them out."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.governor.contract import Custody
from forebay.governor.states import Gate
from forebay.landing.errors import TransferBroken, Unusable
from forebay.queryrun.models import QueryRun, RunFailure
from forebay.store.errors import Denied, Unavailable
from forebay.store.ledger.failures import FailureClass
from forebay.worker.steps.retry_rules import (
    GATE_WAITS,
    MOST_ATTEMPTS,
    MOST_LANDINGS,
    MOST_REFUSALS,
    backoff_ms,
    lands_again,
    reason_to_fail,
    sends_no_more,
    stores_again,
    unknown_for_ms,
)

MINUTE_MS = 60_000


def failed(code: str | None) -> QueryRun:
    failure = RunFailure(code=code, message="It broke.")
    return QueryRun(id="qryrun_1", status="failed", failure=failure, request_id="req_1")


@given(st.integers(1, 10_000))
def test_backing_off_never_waits_longer_than_its_bound_nor_less_than_half_the_first_wait(tries: int) -> None:
    assert 500 <= backoff_ms(tries) <= 60_000


@given(st.integers(1, 10_000))
def test_what_a_destination_refuses_is_tried_so_often_and_what_heals_by_itself_always(tries: int) -> None:
    assert stores_again(Unavailable("No space left on device"), tries)
    assert stores_again(Denied("AccessDenied"), tries) == (tries < MOST_REFUSALS)


def test_what_a_destination_refuses_is_tried_for_minutes_and_not_for_an_hour() -> None:
    waits_s = sum(backoff_ms(tries) for tries in range(1, MOST_REFUSALS)) / 1000
    assert 2 * 60 < waits_s < 10 * 60


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
    reason = reason_to_fail(failed(code), elapsed_ms=minutes * MINUTE_MS, attempt=attempt, words_before="Another.")

    assert reason
    assert (reason.error_class, reason.code, reason.request_id) == (error_class, code, "req_1")
    assert reason.message.startswith("It broke.")


@pytest.mark.parametrize("attempt", range(MOST_ATTEMPTS - 1))
def test_a_query_is_run_again_only_for_a_fault_of_stripes_own(attempt: int) -> None:
    ended = failed("internal_error")
    assert reason_to_fail(ended, elapsed_ms=MINUTE_MS, attempt=attempt, words_before=None) is None
    assert reason_to_fail(ended, elapsed_ms=MINUTE_MS, attempt=attempt, words_before="It broke otherwise.") is None


def test_the_same_words_twice_are_the_querys_fault_and_are_not_bought_a_third_time() -> None:
    reason = reason_to_fail(failed("internal_error"), elapsed_ms=MINUTE_MS, attempt=1, words_before="It broke.")

    assert reason
    assert reason.error_class == "sql"
    assert reason.message == "It broke. (Two attempts ended in these words, so it is the query.)"


@pytest.mark.parametrize("attempt", [2, 8])
def test_what_was_said_of_the_query_is_said_again_when_somebody_retries_it_and_it_fails_alike(attempt: int) -> None:
    before = "It broke. (Two attempts ended in these words, so it is the query.)"
    reason = reason_to_fail(failed("internal_error"), elapsed_ms=MINUTE_MS, attempt=attempt, words_before=before)

    assert reason
    assert (reason.error_class, reason.message) == ("sql", before)


def test_words_that_only_begin_alike_are_others() -> None:
    ended = failed("internal_error")

    assert reason_to_fail(ended, elapsed_ms=MINUTE_MS, attempt=1, words_before="It broke. Twice.") is None


def custody(**known: object) -> Custody:
    unknown = {field.name: None for field in dataclasses.fields(Custody)}
    return Custody(**{**unknown, "canceling": False, **known})  # type: ignore[arg-type]


@pytest.mark.parametrize(("sent_minutes", "expected_minutes"), [(None, 0), (0, 95), (94, 1), (95, 0), (1000, 0)])
def test_only_stripes_own_limit_says_that_an_unanswered_create_is_over(
    sent_minutes: int | None, expected_minutes: int
) -> None:
    since_ms = None if sent_minutes is None else sent_minutes * MINUTE_MS

    assert unknown_for_ms(custody(since_sent_ms=since_ms)) == expected_minutes * MINUTE_MS


@pytest.mark.parametrize(
    ("minutes", "canceling", "expected"),
    [
        (None, False, False),
        (60, False, False),
        (61, False, True),
        (5, True, False),
        (6, True, True),
        (None, True, False),
    ],
)
def test_a_create_without_an_answer_is_sent_for_so_long(minutes: int | None, canceling: bool, expected: bool) -> None:
    since_ms = None if minutes is None else minutes * MINUTE_MS

    assert sends_no_more(custody(since_unanswered_ms=since_ms, canceling=canceling)) is expected


def test_a_query_run_that_ended_without_a_reason_fails_its_run_by_its_status() -> None:
    canceled = QueryRun(id="qryrun_1", status="canceled")

    reason = reason_to_fail(canceled, elapsed_ms=MINUTE_MS, attempt=0, words_before=None)

    assert reason
    assert "canceled" in reason.message


@pytest.mark.parametrize("minutes", [1, 91])
@pytest.mark.parametrize("words", ["Stripe gave no reason for the status canceled", "Ended by an operator."])
def test_what_was_canceled_at_stripe_is_not_run_again_by_itself(minutes: int, words: str) -> None:
    ended = QueryRun(id="qrun_1", status="canceled", failure=RunFailure(code=None, message=words))
    reason = reason_to_fail(ended, elapsed_ms=minutes * MINUTE_MS, attempt=0, words_before=None)

    assert reason and reason.error_class is FailureClass.CANCELED_AT_STRIPE
    assert (
        reason.message
        == f"{words} It was ended at Stripe, and not by Forebay, which runs it again only if it is told to."
    )
    assert reason.error_class.ended_at_stripe, "so a retry is a new attempt"
    assert not reason.error_class.is_deterministic, "another run of the batch is not held back for it"


def test_a_landing_begins_anew_only_if_that_may_help_and_so_often() -> None:
    assert lands_again(TransferBroken("reset"), MOST_LANDINGS - 1)
    assert not lands_again(TransferBroken("reset"), MOST_LANDINGS)
    assert not lands_again(Unusable("a zip of another kind"), 1)


def test_every_gate_has_a_wait_that_can_grow() -> None:
    for gate in Gate:
        assert 0 < GATE_WAITS[gate].first_ms < GATE_WAITS[gate].longest_ms
