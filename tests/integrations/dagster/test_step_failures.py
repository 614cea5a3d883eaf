"""A step is retried where that may help, and its failure says why, with a link."""

from __future__ import annotations

from typing import Any

from dagster_forebay import ForebayResource
from dagster_forebay.step_failures import failure_of
from forebay_client import BatchFailed, BatchStatus, NotFound, StillRunning

FOREBAY = ForebayResource(url="https://forebay.example.com/below/")


def status(*failed: str, **said: Any) -> BatchStatus:
    counts = dict.fromkeys(("waiting", "starting", "alive", "ready", "landed", "canceled"), 0)
    failures = [{"error_class": each, "message": f"of {each}", "count": 1} for each in failed]
    facts = {"batch": "fees.1", "state": "failed", "created_at": "2026-11-27T07:00:00+00:00", "exit": 1, "runs": 3}
    return BatchStatus.of({**facts, **counts, "ended": True, "failed": len(failed), "failures": failures, **said})


def test_a_step_is_not_retried_where_all_of_it_would_fail_again() -> None:
    assert not failure_of([BatchFailed("it failed", batch=status("sql")), NotFound("no")], FOREBAY).allow_retries


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
