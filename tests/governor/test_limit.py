"""The limit that follows the world: its pure functions, and what they make of outside use that comes and goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.limit import CAP, Ours, PauseOnly, average, limit_functions, simulate, steps, walk

after_refusal, after_success = limit_functions()

LIMITS = st.integers(1, CAP)


@given(running=st.integers(0, CAP))
def test_a_refusal_leaves_a_little_less_than_what_runs_and_never_nothing(running: int) -> None:
    limit = after_refusal(running)
    assert max(1, 0.98 * running - 1) <= limit <= max(1, 0.98 * running)


@given(limit=LIMITS, alive=st.integers(0, CAP), refused_at=LIMITS, successes=st.integers(0, 10))
def test_a_success_raises_it_by_one_at_most_and_only_while_it_binds(
    limit: int, alive: int, refused_at: int, successes: int
) -> None:
    raised, counted = after_success(limit, alive, CAP, refused_at, successes)
    if alive < limit - 1:
        assert (raised, counted) == (limit, successes), "far below the limit a success shows nothing"
    else:
        assert raised in (limit, min(limit + 1, CAP))
        assert counted == (successes + 1 if raised == limit < CAP else counted)
        assert 0 <= counted <= 10


def successes_until(limit: int, goal: int, refused_at: int) -> int:
    """How many creates in a row, with the limit binding, bring it there."""
    count = successes = 0
    while limit < goal:
        limit, successes = after_success(limit, limit, CAP, refused_at, successes)
        count += 1
    return count


@pytest.mark.parametrize(("limit", "goal", "refused_at", "expected"), [(490, 500, 500, 100), (98, 100, 100, 20)])
def test_it_climbs_back_slowly(limit: int, goal: int, refused_at: int, expected: int) -> None:
    assert successes_until(limit, goal, refused_at) == expected


def test_past_the_last_refusal_it_doubles_its_pace() -> None:
    assert [successes_until(at, at + 1, 100) for at in range(100, 106)] == [10, 5, 2, 1, 1, 1]


def test_a_small_limit_climbs_at_once() -> None:
    assert [successes_until(at, at + 1, 9) for at in (1, 4, 8)] == [1, 1, 2]


def test_when_the_others_have_gone_the_whole_cap_comes_back() -> None:
    assert successes_until(1, CAP, 1) < 510


# What to reach: `python -m bench.limit` has more seeds, and what simpler ways cost.
@pytest.mark.parametrize(
    ("outside", "least_share", "most_per_h"),
    [(lambda _: steps(), 0.981, 440), (walk, 0.964, 888)],
    ids=["steps", "walk"],
)
def test_outside_use_costs_few_refusals_and_few_slots(outside, least_share: float, most_per_h: float) -> None:  # type: ignore[no-untyped-def]
    tally = average(Ours, outside, range(2), 0.0)
    assert tally.share_with_excess >= least_share
    assert tally.refusals_per_h <= most_per_h


def test_a_pause_alone_wastes_more() -> None:
    ours, pausing = (simulate(walk(1), controller, 1) for controller in (Ours(1), PauseOnly(5.0)))
    assert ours.share > pausing.share + 0.03


def test_the_same_seed_gives_the_same_figures() -> None:
    first, second = (simulate(walk(3, 60), Ours(3), 3) for _ in range(2))
    assert first == second


def test_alone_on_the_cap_nothing_is_ever_refused() -> None:
    tally = simulate(iter([0] * 200), Ours(0), 0)
    assert tally.refusals == 0
