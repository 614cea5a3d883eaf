import pytest

from forebay.queryrun.models import RunFailure
from forebay.worker.steps.verdict import MOST_ATTEMPTS, judge

MINUTE_MS = 60_000


@pytest.mark.parametrize(
    ("code", "minutes", "attempt", "again", "error_class"),
    [
        ("file_size_above_limit", 30, 0, False, "too_big"),
        ("file_size_above_limit", 91, 0, False, "too_big"),  # the code is plain, the clock only a guess
        ("internal_error", 1, 0, True, "provider"),
        ("internal_error", 1, MOST_ATTEMPTS - 1, False, "provider"),
        ("internal_error", 90, 0, False, "too_long"),  # Stripe names no code for its 90 minutes
        (None, 90, 0, False, "too_long"),
        ("query_run_invalid_sql", 1, 0, False, "sql"),
        ("some_code_of_next_year", 1, 0, False, "sql"),
        (None, 1, 0, False, "sql"),
    ],
)
def test_a_failed_query_run_is_tried_again_only_when_another_answer_is_likely(
    code: str | None, minutes: int, attempt: int, again: bool, error_class: str
) -> None:
    verdict = judge(RunFailure(code=code, message="It broke."), elapsed_ms=minutes * MINUTE_MS, attempt=attempt)

    assert (verdict.again, verdict.error_class) == (again, error_class)
    assert verdict.message.startswith("It broke.")
