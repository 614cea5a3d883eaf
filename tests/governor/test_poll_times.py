"""When to look: plans are kept to, a look is worth its price, and a lane's looks fit its budget."""

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.governor.durations import SURPRISE, Durations
from forebay.governor.feed import Feed, feed_of
from forebay.governor.poll_plan import ended_by
from forebay.governor.poll_times import (
    FIRST_POLL_S,
    FIRST_POLL_WITH_EVENTS_S,
    LATE_S,
    LONGEST_POLL_S,
    SCOUTS,
    SHORTEST_POLL_S,
    SOON_S,
    WELL_KNOWN_SIGMA,
    PollOutlook,
    first_poll_s,
    next_poll_s,
)

#: A few of each, since each pair of spread and price is a programme to solve.
SIGMAS = st.sampled_from([0.05, 0.15, 0.4, 0.6, 1.0, 1.6, 2.5])
KNOWN = st.builds(Durations, st.floats(0.5, 5400), SIGMAS)
AGES = st.floats(0, 6000)
RATES = st.floats(0.1, 100)
#: What may have been shown of events, however well or badly that fits what they do.
FEEDS = st.builds(
    feed_of,
    told=st.floats(0, 200),
    missed=st.floats(0, 200),
    unheard=st.integers(0, 5000),
    delay_s=st.none() | st.floats(0, 400),
    ends_per_s=st.floats(0, 50),
    is_listed=st.booleans(),
)


def outlook(durations: Durations | None, alive: int = 10, retrieves_per_s: float = 10.0) -> PollOutlook:
    return PollOutlook(durations=durations, alive=alive, retrieves_per_s=retrieves_per_s, requests_per_s=25.0)


def lag_s(believed: PollOutlook, delay_s: float = math.inf) -> float:
    """How late an end is seen in the mean, by looks as they are planned, and by events that come after a delay."""
    draw, known, late_s, runs = random.Random(7), believed.durations, 0.0, 2_000
    assert known
    for _ in range(runs):
        end_s = draw.lognormvariate(math.log(known.median_s), known.sigma)
        looked_s = first_poll_s(1, believed)
        while looked_s < end_s:
            looked_s += next_poll_s(looked_s, believed)
        told_s = math.inf if believed.feed and draw.random() < believed.feed.missing else end_s + delay_s
        late_s += min(looked_s, told_s) - end_s
    return late_s / runs


class TestTheNextLook:
    @given(durations=st.none() | KNOWN, age=AGES, alive=st.integers(1, 5000), rate=RATES)
    def test_is_neither_at_once_nor_too_late(
        self, durations: Durations | None, age: float, alive: int, rate: float
    ) -> None:
        shortest_s = min(FIRST_POLL_S, SHORTEST_POLL_S)
        assert shortest_s <= next_poll_s(age, outlook(durations, alive, rate)) <= LONGEST_POLL_S

    def test_of_a_young_query_that_nobody_knows_comes_after_a_quarter_half_and_whole_second(self) -> None:
        alone = outlook(None, alive=1)
        looks_s = [first_poll_s(0, alone)]
        while len(looks_s) < 5:
            looks_s.append(looks_s[-1] + next_poll_s(looks_s[-1], alone))
        assert looks_s == [0.25, 0.5, 1.0, 2.0, 3.0]

    @given(age=AGES, alive=st.integers(1, 5000))
    def test_of_a_query_that_nobody_knows_comes_after_a_tenth_of_its_age_or_in_turn(
        self, age: float, alive: int
    ) -> None:
        in_turn = outlook(None, alive).runs_per_poll
        expected = min(max(FIRST_POLL_S, min(age, 1.0), age / 10, in_turn), LONGEST_POLL_S)
        assert next_poll_s(age, outlook(None, alive)) == pytest.approx(expected)

    def test_of_a_well_known_query_comes_when_it_ends(self) -> None:
        known = outlook(Durations(30.0, 0.05), alive=100)
        assert 27 < next_poll_s(0.0, known) < 33

    @given(durations=KNOWN, few=st.integers(1, 100), times=st.integers(2, 20))
    def test_the_first_comes_no_earlier_when_more_runs_share_the_looks(
        self, durations: Durations, few: int, times: int
    ) -> None:
        shared = [next_poll_s(0.0, outlook(durations, alive)) for alive in (few, few * times)]
        assert shared[0] <= shared[1] * 1.001

    def test_a_run_older_than_all_of_its_kind_is_looked_at_by_its_age(self) -> None:
        known = outlook(Durations(1.0, 0.05))
        assert next_poll_s(300.0, known) == pytest.approx(30.0)

    @given(durations=KNOWN, index=st.integers(0, 10**6) | st.integers(0, 1000).map(lambda n: n * SCOUTS))
    def test_that_is_the_first_comes_early_for_scouts_alone(self, durations: Durations, index: int) -> None:
        planned, first = next_poll_s(0.0, outlook(durations)), first_poll_s(index, outlook(durations))
        if index % SCOUTS or durations.sigma >= WELL_KNOWN_SIGMA:
            assert first == planned
        else:
            assert SHORTEST_POLL_S <= first <= planned
            assert first == SHORTEST_POLL_S or ended_by(first / durations.median_s, durations.sigma) < SURPRISE

    def test_where_nothing_is_known_nobody_is_a_scout(self) -> None:
        assert first_poll_s(0, outlook(None)) == next_poll_s(0.0, outlook(None))


def test_creates_leave_a_third_of_all_requests_to_looks() -> None:
    plenty = PollOutlook(durations=Durations(1.0, 0.5), alive=500, retrieves_per_s=20, requests_per_s=25)
    assert plenty.runs_per_poll == pytest.approx(500 * 3 / 25)


def looks_until(age_s: float, medians: Iterator[float]) -> int:
    """How often a run is looked at up to an age, while what is known of its query moves from look to look."""
    at_s, looks = 0.0, 0
    while at_s < age_s:
        known = replace(outlook(Durations(next(medians), 0.6), alive=100), feed=Feed(missing=0.02, delay_s=1.0))
        at_s, looks = at_s + next_poll_s(at_s, known), looks + 1
    return looks


def test_a_plan_that_moves_while_it_is_followed_costs_no_looks() -> None:
    steady = looks_until(120.0, repeat(16.7))
    moving = looks_until(120.0, (16.7 * 1.04**n for n in count()))
    assert moving <= steady


class TestWithEvents:
    GOOD, BAD = Feed(missing=0.01, delay_s=1.0), Feed(missing=0.98, delay_s=60.0)

    @given(durations=KNOWN, age=AGES, alive=st.integers(1, 5000), rate=RATES)
    def test_no_run_waits_longer_than_a_minute_whatever_is_told(
        self, durations: Durations, age: float, alive: int, rate: float
    ) -> None:
        known = replace(outlook(durations, alive, rate), feed=self.GOOD)
        assert SHORTEST_POLL_S <= next_poll_s(age, known) <= LONGEST_POLL_S

    @pytest.mark.parametrize("delay_s", [1.0, 4.0, 15.0, 60.0])
    @pytest.mark.parametrize(("median_s", "alive", "rate"), [(16.7, 100, 24.0), (25.0, 500, 24.0), (5.0, 3, 10.0)])
    def test_however_late_they_are_no_end_is_seen_later_for_them(
        self, median_s: float, alive: int, rate: float, delay_s: float
    ) -> None:
        alone = outlook(Durations(median_s, 0.6), alive, rate)
        told = replace(alone, feed=Feed(missing=0.02, delay_s=delay_s))

        enough_s = max(lag_s(alone), SOON_S) if delay_s <= LATE_S else lag_s(alone)
        assert lag_s(told, delay_s) <= 1.05 * enough_s

    @pytest.mark.parametrize(("alive", "rate"), [(100, 24.0), (5, 10.0)])
    def test_what_misses_many_saves_no_looks_that_there_are(self, alive: int, rate: float) -> None:
        alone = outlook(Durations(16.7, 0.6), alive, rate)
        all_told, leaky = (replace(alone, feed=Feed(missing=missing, delay_s=1.5)) for missing in (0.02, 0.15))

        assert lag_s(leaky, delay_s=1.5) < lag_s(all_told, delay_s=1.5)

    @pytest.mark.parametrize("sigma", [0.15, 0.6])
    def test_events_of_no_use_change_little(self, sigma: float) -> None:
        alone = outlook(Durations(10.0, sigma), alive=100, retrieves_per_s=20.0)
        for age in (0.0, 5.0, 12.0):
            with_them = next_poll_s(age, replace(alone, feed=self.BAD))
            assert with_them == pytest.approx(next_poll_s(age, alone), rel=0.25, abs=1.0)

    @given(
        durations=st.none() | KNOWN,
        alive=st.integers(1, 5000),
        rate=RATES,
        feed=FEEDS,
        end_s=st.floats(0, 5400),
    )
    def test_an_end_is_seen_within_a_minute_where_a_trusted_feed_tells_of_it_never(
        self, durations: Durations | None, alive: int, rate: float, feed: Feed | None, end_s: float
    ) -> None:
        believed = replace(outlook(durations, alive, rate), feed=feed)
        looked_s = first_poll_s(0, believed)
        while looked_s < end_s:
            looked_s += next_poll_s(looked_s, believed)
        assert looked_s - end_s <= LONGEST_POLL_S

    def test_of_a_run_of_which_nothing_is_known_a_good_feed_tells(self) -> None:
        assert next_poll_s(1.0, replace(outlook(None), feed=self.GOOD)) == LONGEST_POLL_S
        assert next_poll_s(1.0, outlook(None)) == 1.0

    @pytest.mark.parametrize(("delay_s", "wait_s"), [(1.0, LONGEST_POLL_S), (15.0, 4.0)])
    def test_of_a_run_older_than_all_of_its_kind_events_tell_unless_they_come_late(
        self, delay_s: float, wait_s: float
    ) -> None:
        known = replace(outlook(Durations(5.0, 0.05)), feed=Feed(missing=0.01, delay_s=delay_s))
        assert next_poll_s(40.0, known) == pytest.approx(wait_s)

    def test_of_runs_of_which_nothing_is_known_a_list_may_tell_before_the_first_look(self) -> None:
        listed = replace(outlook(None), feed=feed_of(told=0, missed=0, unheard=0, delay_s=None, is_listed=True))
        assert first_poll_s(0, listed) == FIRST_POLL_WITH_EVENTS_S
        assert next_poll_s(FIRST_POLL_WITH_EVENTS_S, listed) < FIRST_POLL_WITH_EVENTS_S

    def test_of_who_outlived_the_first_few_that_ended_comes_in_turn(self) -> None:
        """The first that end are the shortest: how long the others take is not yet known, and events come late."""
        few = PollOutlook(
            durations=Durations(5.0, 0.6),
            alive=100,
            retrieves_per_s=20.0,
            requests_per_s=25.0,
            feed=feed_of(told=2, missed=0, unheard=30, delay_s=16.0, ends_per_s=5.0),
        )
        assert next_poll_s(16.0, few) < few.runs_per_poll

    def test_there_are_no_scouts(self) -> None:
        known = replace(outlook(Durations(60.0, 0.1)), feed=self.GOOD)
        assert first_poll_s(0, known) == first_poll_s(1, known)
