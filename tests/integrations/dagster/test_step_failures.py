"""A step is retried where that may help, and its failure says why, with a link."""

from __future__ import annotations

from typing import Any

import pytest

from dagster_forebay import ForebayResource
from dagster_forebay.step_failures import another_try_may_help, failure_of
from forebay_client import (
    AuthRefused,
    BatchFailed,
    BatchStatus,
    ChecksFailed,
    ForebayError,
    InputRefused,
    KeyTaken,
    NotFound,
    SafetyStop,
    ServiceFault,
    StillRunning,
    Unreachable,
)

FOREBAY = ForebayResource(url="https://forebay.example.com/below/")


def status(*failed: str, **said: Any) -> BatchStatus:
    counts = dict.fromkeys(("waiting", "starting", "alive", "ready", "landed", "canceled"), 0)
    failures = [{"error_class": each, "message": f"of {each}", "count": 1} for each in failed]
    facts = {"batch": "fees.1", "state": "failed", "created_at": "2026-11-27T07:00:00+00:00", "exit": 1, "runs": 3}
    return BatchStatus.of({**facts, **counts, "ended": True, "failed": len(failed), "failures": failures, **said})


@pytest.mark.parametrize(
    ("failed", "retried"),
    [
        (("sql",), False),
        (("too_long",), False),
        (("sql", "too_big", "too_long", "request"), False),
        (("provider",), True),
        (("sql", "transfer"), True),
    ],
)
def test_failed_runs_are_taken_up_unless_all_of_them_would_fail_again(failed: tuple[str, ...], retried: bool) -> None:
    error = BatchFailed("it failed", batch=status(*failed))

    assert another_try_may_help(error) is retried
    assert failure_of([error], FOREBAY).allow_retries is retried


@pytest.mark.parametrize("kind", [InputRefused, NotFound, KeyTaken, ChecksFailed, AuthRefused, SafetyStop])
def test_what_wants_a_person_is_not_retried(kind: type[ForebayError]) -> None:
    assert not another_try_may_help(kind("no"))


@pytest.mark.parametrize("kind", [StillRunning, ServiceFault, Unreachable])
def test_what_time_mends_is_retried(kind: type[ForebayError]) -> None:
    assert another_try_may_help(kind("not yet"))


def test_what_a_person_canceled_is_not_retried() -> None:
    assert not another_try_may_help(BatchFailed("it was canceled", batch=status(state="canceled")))


def test_a_failure_says_why_and_leads_to_the_page() -> None:
    errors = [
        BatchFailed("some failed", way_out="forebay retry fees.1", batch=status("sql")),
        StillRunning("it goes on"),
    ]

    failure = failure_of(errors, FOREBAY)

    assert failure.description == "some failed (forebay retry fees.1) (and 1 more window did not land)"
    assert failure.metadata["forebay/page"].value == "https://forebay.example.com/below/b/fees.1"
    assert failure.metadata["forebay/failures"].value == "- sql, 1: of sql"
    assert failure.allow_retries, "the wait for the other one goes on"
