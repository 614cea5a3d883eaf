"""Random schedules of whole processes, cut at every I/O, with a crash at any cut. The judge is a Stripe that counts.

FOREBAY_SCHEDULES=5000 pytest tests/interleaving       so many schedules
FOREBAY_SEED=1234 pytest tests/interleaving            that one again, with all its moves
"""

import logging
import os
import random
from collections.abc import Iterator

import pytest
import redis

from forebay.worker.steps.carry_out import carry_out
from tests.interleaving import ending
from tests.interleaving.world import World

ONE = os.environ.get("FOREBAY_SEED")
SCHEDULES = int(os.environ.get("FOREBAY_SCHEDULES", "150"))
#: Schedules a test: so that a failure does not hide the others.
EACH = 25
#: Of a failed schedule's moves; the seed gives them all again.
SHOWN_MOVES = 60


class _Bugs(logging.Handler):
    """What the product itself calls a bug, while it mends it."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def bugs() -> Iterator[_Bugs]:
    handler, log = _Bugs(), logging.getLogger(carry_out.__module__.partition(".")[0])
    log.addHandler(handler)
    before = log.level
    log.setLevel(logging.ERROR)  # thousands of warnings of what was done to it on purpose
    yield handler
    log.setLevel(before)
    log.removeHandler(handler)


@pytest.fixture(autouse=True)
def _the_same_jitter() -> Iterator[None]:
    """The product draws from `random`, which each schedule seeds: put it back."""
    state = random.getstate()
    yield
    random.setstate(state)


def play(seed: int, pool: redis.ConnectionPool, bugs: _Bugs) -> World:
    """One schedule, and all that must hold in it; says how to see it again if something does not."""
    random.seed(seed)
    world = World(seed, pool)
    try:
        world.run()
        ending.check(world)
        assert not bugs.lines, bugs.lines
    except BaseException as broke:
        moves = world.baton.trace if ONE else ["…", *world.baton.trace[-SHOWN_MOVES:]]
        broke.add_note("\n".join([*moves, f"FOREBAY_SEED={seed} pytest tests/interleaving"]))
        raise
    finally:
        world.baton.abandon()
    return world


@pytest.mark.skipif(ONE is not None, reason="FOREBAY_SEED asks for one schedule")
@pytest.mark.parametrize("first", range(0, SCHEDULES, EACH))
def test_no_schedule_loses_a_run_doubles_one_or_passes_the_cap(
    first: int, pool: redis.ConnectionPool, bugs: _Bugs
) -> None:
    for seed in range(first, min(first + EACH, SCHEDULES)):
        play(seed, pool, bugs)


@pytest.mark.skipif(ONE is None, reason="needs FOREBAY_SEED")
def test_the_schedule_that_was_asked_for(pool: redis.ConnectionPool, bugs: _Bugs) -> None:
    world = play(int(ONE or 0), pool, bugs)
    print("\n".join(world.baton.trace))  # noqa: T201 - what it was asked for; pytest shows it with -s


def test_what_the_product_calls_a_bug_is_noticed(bugs: _Bugs) -> None:
    logging.getLogger(carry_out.__module__).error("a step failed, which is a bug")

    assert bugs.lines == ["a step failed, which is a bug"]


def test_the_same_seed_gives_the_same_schedule(pool: redis.ConnectionPool, bugs: _Bugs) -> None:
    traces = [play(7, pool, bugs).baton.trace for _ in range(2)]
    assert traces[0] == traces[1]
