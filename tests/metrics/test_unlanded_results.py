"""Which results are at Stripe alone, and how long Stripe still keeps them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.config.stripe import RESULT_DAYS
from forebay.metrics.unlanded_results import FEW_DAYS, expiring_results, unlanded
from forebay.store.ledger.use_records import UseRecords, run_mark
from tests.store.ledger.test_use_records import USE
from tests.store.memory import MemoryStore

TODAY = date(2026, 11, 29)
OLD = TODAY - timedelta(days=80)
LEFT = replace(USE, day=OLD, outcome="transfer")


def test_one_that_did_not_land_is_told_with_its_days() -> None:
    uses = UseRecords(MemoryStore())
    uses.add(LEFT)

    (result,) = expiring_results(uses, TODAY)

    assert (result.query_run, result.connection, result.account) == ("qryrun_1", "acme", "acct_1")
    assert result.days_left(TODAY) == RESULT_DAYS - 80


@pytest.mark.parametrize("outcome", ["landed", "sql", "canceled", "too_big", "a class of a newer release"])
def test_what_landed_or_never_had_a_result_is_not(outcome: str) -> None:
    assert list(unlanded([replace(LEFT, outcome=outcome)])) == []


def test_one_that_landed_at_a_retry_is_not() -> None:
    later = replace(LEFT, outcome="landed", run=run_mark("b1/0"), attempt=0)
    assert list(unlanded([LEFT, later])) == []
    assert list(unlanded([later, LEFT])) == []


def test_one_that_failed_twice_is_one() -> None:
    assert len(list(unlanded([LEFT, replace(LEFT, outcome="sink")]))) == 1


@given(st.integers(0, 2 * RESULT_DAYS))
def test_only_those_with_few_days_left_are_read_of(days_ago: int) -> None:
    store = MemoryStore()
    UseRecords(store).add(replace(LEFT, day=TODAY - timedelta(days=days_ago)))

    found = expiring_results(UseRecords(store), TODAY)

    assert bool(found) == (RESULT_DAYS - FEW_DAYS < days_ago <= RESULT_DAYS)
    assert store.asked["list"] <= 4
