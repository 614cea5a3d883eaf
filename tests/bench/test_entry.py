"""A row of the saturation bench: its name, its rates, its yardstick and its ceiling."""

import pytest

from bench.ceiling import best_plan, utilisation
from bench.entry import Entry
from bench.scenario import SCENARIOS
from bench.telling import Telling
from bench.yardstick import makespan_s

A, B = SCENARIOS["A"], SCENARIOS["B"]


def test_it_is_named_by_how_it_is_told_and_limited() -> None:
    told = Entry(contender="forebay", scenario=A, telling=Telling.parse("webhooks:0.3"), asked_per_s=10)
    assert told.label == "Forebay, 2 workers: webhooks at 0.3 s, 10/s"
    assert Entry(contender="sdk_threads", scenario=A, telling=told.telling).label == "official SDK in threads"


def test_left_alone_it_has_nearly_all_of_the_limit() -> None:
    assert Entry(contender="forebay", scenario=A).rate_per_s == 24
    assert Entry(contender="forebay", scenario=A, asked_per_s=10).rate_per_s == 10


def test_its_yardstick_has_no_more_creates_than_it_has() -> None:
    full, slow = Entry(contender="forebay", scenario=B), Entry(contender="forebay", scenario=B, asked_per_s=10)
    assert makespan_s(slow.ideal()) > B.runs / 10 > makespan_s(full.ideal()) / 2
    assert slow.in_full() == full
    assert Entry(contender="sdk_threads", scenario=B, asked_per_s=10).ideal() == full.ideal()


def test_who_is_told_has_the_ceiling_of_its_delay_and_who_looks_that_of_its_looks() -> None:
    plan = best_plan(A)
    looking = utilisation(A, plan.lag_s)
    assert Entry(contender="forebay", scenario=A).ceiling(plan) == pytest.approx(20 / 21)
    alone = Entry(contender="forebay", scenario=A, telling=Telling.parse("looks"))
    assert alone.ceiling(plan) == Entry(contender="dtex_threads", scenario=A).ceiling(plan) == looking
    slow = Entry(contender="forebay", scenario=A, telling=Telling.parse("looks"), asked_per_s=10)
    assert slow.ceiling(plan) == utilisation(A, best_plan(A, polls_per_s=10).lag_s) < looking
