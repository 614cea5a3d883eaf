"""Each QueryRun is counted once, and as whoever knows most of it says."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.scheduler.costs.spending import By, CostSum, spending
from forebay.store.ledger.use_records import Use
from tests.store.ledger.test_use_records import USE, USES

CENT = Decimal("0.01")
DAY, NEXT = USE.day, USE.day + timedelta(days=1)


def by_day(uses: list[Use]) -> list[tuple[date, list[Use]]]:
    days: dict[date, list[Use]] = defaultdict(list)
    for use in uses:
        days[use.day].append(use)
    return sorted(days.items())


def summed(*uses: Use, by: By = By.DEFINITION) -> dict[str, CostSum]:
    found = spending(by_day([*uses]), lambda use: (by.of(use),), lambda use: CENT if use.rows is not None else None)
    return {key: each for (key,), each in found.items()}


def test_a_query_run_and_what_it_came_to() -> None:
    failed = replace(USE, query_run="qryrun_2", attempt=1, outcome="sql", rows=0, bytes=0, ms=500)
    canceled = replace(USE, query_run="qryrun_3", run="c", outcome="canceled", rows=None, bytes=None, ms=None)

    assert summed(USE, failed, canceled) == {
        "fees": CostSum(
            runs=3, repeats=1, failed=1, canceled=1, rows=12, bytes=3456, ms=2000, cost=2 * CENT, unpriced=1
        )
    }


def test_a_shared_query_run_is_its_first_askers_and_costs_the_others_nothing() -> None:
    other = replace(USE, definition="payouts", run="b", shared=True)

    assert summed(USE, other) == summed(other, USE)
    assert (summed(USE, other)["fees"].runs, summed(USE, other)["fees"].shared) == (1, 0)
    assert summed(USE, other)["payouts"] == CostSum(shared=1)


def test_where_the_first_asker_never_asked_it_is_that_of_one_who_did() -> None:
    shared = [replace(USE, run=run, shared=True) for run in ("b", "c")]

    assert (summed(*shared)["fees"].runs, summed(*shared)["fees"].shared) == (1, 1)


def test_a_canceled_run_whose_query_run_landed_for_another_has_landed() -> None:
    own, other = replace(USE, outcome="canceled", rows=None, ms=None), replace(USE, run="b", shared=True)

    (found,) = summed(own, other).values()
    assert (found.runs, found.canceled, found.shared, found.rows, found.ms) == (1, 0, 1, 12, 1500)


@pytest.mark.parametrize("outcome", ["transfer", "sink"])
def test_a_result_that_landed_after_a_retry_has_landed_and_its_time_is_known(outcome: str) -> None:
    first, landed = replace(USE, outcome=outcome, rows=None, bytes=None), replace(USE, ms=None)

    (found,) = summed(first, landed).values()
    assert (found.runs, found.failed, found.shared, found.rows, found.ms) == (1, 0, 0, 12, 1500)


def test_two_days_that_our_clock_made_of_one_count_once() -> None:
    (found,) = summed(USE, replace(USE, day=NEXT, ms=None)).values()

    assert (found.runs, found.shared) == (1, 0)


def test_what_nobody_knows_of_is_told_apart_until_a_retry_finds_it() -> None:
    unknown = replace(USE, query_run=None, outcome="provider", rows=None, bytes=None, ms=None)

    assert summed(unknown, unknown) == {"fees": CostSum(unknown=1)}
    assert summed(unknown, USE)["fees"].unknown == 0


@settings(max_examples=50)
@given(uses=st.lists(USES, max_size=12), names=st.lists(st.sampled_from("abc"), min_size=12, max_size=12))
def test_whatever_one_asks_by_it_comes_to_the_same(uses: list[Use], names: list[str]) -> None:
    """Each QueryRun lies on one day, as Stripe's clock sees to."""
    fewer = [
        replace(use, query_run=name, day=DAY if name == "a" else NEXT) for use, name in zip(uses, names, strict=False)
    ]
    for by in By:
        found = summed(*fewer, by=by).values()
        assert sum(each.runs for each in found) == len({use.query_run for use in fewer})
        assert sum(each.runs + each.shared for each in found) == len({(use.query_run, use.run) for use in fewer})
