"""Today's list has what is about to be lost at Stripe, and says that nobody begins windows."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from forebay.cli.serving.todays_list import FEW_DAYS, todays_list
from forebay.config.stripe import RESULT_DAYS
from forebay.metrics.unlanded_results import UnlandedResult
from forebay.web.api.readings import Facts

TODAY = date(2026, 11, 29)


def result(left: int, definition: str | None = "daily") -> UnlandedResult:
    day = TODAY - timedelta(days=RESULT_DAYS - left)
    return UnlandedResult(day=day, connection="acme", account=None, definition=definition, query_run=f"qryrun_{left}")


def listed(*expiring: UnlandedResult, beat_missed: bool = False) -> list[Facts]:
    return todays_list([], [], [], expiring, TODAY, beat_missed=beat_missed)


def test_results_with_few_days_left_are_told_once_a_definition() -> None:
    (told, alone) = listed(result(9), result(5), result(FEW_DAYS), replace(result(1), definition=None))

    assert told["message"] == "daily (acme): 2 results are at Stripe alone, which keeps the oldest for 5 more days"
    assert alone["message"] == "acme: 1 result is at Stripe alone, which keeps the oldest for 1 more day"
    assert told["next"] == "forebay ls --state failed" and "retry" in told["detail"]


@pytest.mark.parametrize("missed", [True, False])
def test_a_beat_that_is_missed_is_told(missed: bool) -> None:
    assert [each["next"] for each in listed(beat_missed=missed)] == ["forebay beat"] * missed
