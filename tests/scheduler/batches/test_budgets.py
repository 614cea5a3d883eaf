"""Whoever asks for runs of a day, in whatever order, and whoever dies: those that are granted are never too many.

And where nobody dies they are as many as fit, at the same moment, too. What nobody bounded counts as well, once.
"""

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forebay.scheduler.batches.budgets import DailyBudget, is_used_up, take, taken
from forebay.scheduler.errors import BudgetExceeded
from forebay.store.ledger.batch_policy import Policy, RunsFrom
from forebay.store.ledger.spent_records import SpentRecords
from tests.store.memory import MemoryStore

DAY = date(2026, 11, 22)
PER_DAY = 10


def budget(runs: int, *former: str) -> DailyBudget:
    return DailyBudget(definition="fees", former_names=former, runs_per_day=PER_DAY, runs=runs)


def free(runs: int) -> DailyBudget:
    return DailyBudget(definition="fees", runs=runs)


@pytest.fixture
def spent() -> SpentRecords:
    return SpentRecords(MemoryStore())


def test_what_fits_is_granted_and_what_does_not_is_a_sentence_and_takes_nothing(spent: SpentRecords) -> None:
    take(spent, budget(9), "b1", DAY)

    with pytest.raises(BudgetExceeded, match=r"fees: this takes 2 runs, 9 of today .* are taken, .* says 10; nothing"):
        take(spent, budget(2), "b2", DAY)
    take(spent, budget(1), "b3", DAY)

    assert taken(spent, ["fees"], DAY) == 10


def test_who_asks_twice_takes_once_and_who_takes_back_takes_back_his_own(spent: SpentRecords) -> None:
    first, second = (take(spent, budget(10), "b1", DAY) for _ in range(2))
    spent.take_back(second)
    assert taken(spent, ["fees"], DAY) == 10

    spent.take_back(first)
    take(spent, budget(10), "b2", DAY)


def test_what_ran_under_a_former_name_counts_and_another_day_and_definition_do_not(spent: SpentRecords) -> None:
    spent.claim("old", DAY, "b0", 6)
    spent.claim("other", DAY, "b1", 6)
    spent.claim("fees", date(2026, 11, 21), "b2", 6)

    take(spent, budget(4, "old"), "b3", DAY)
    with pytest.raises(BudgetExceeded):
        take(spent, budget(1, "old"), "b4", DAY)


def test_a_batch_knows_whether_its_definition_has_anything_left(spent: SpentRecords) -> None:
    policy = Policy(definition="fees", kind="batch", spec_sha256="", runs_per_day=10)
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    spent.claim("fees", DAY, "b1", 9)
    assert not is_used_up(spent, policy, noon)

    spent.claim("fees", DAY, "b2", 1)
    assert is_used_up(spent, policy, noon)
    assert not is_used_up(spent, policy.model_copy(update={"runs_per_day": None}), noon)


def test_what_ran_before_there_was_a_budget_counts_and_is_refused_at_once(spent: SpentRecords) -> None:
    def waits(_: float) -> None:
        raise AssertionError("nothing gives way here")

    take(spent, free(PER_DAY - 1), "b1", DAY)
    take(spent, budget(1), "b2", DAY, sleep=waits)
    take(spent, free(7), "b3", DAY)

    with pytest.raises(BudgetExceeded, match="17 of today"):
        take(spent, budget(1), "b4", DAY, sleep=waits)


def test_what_nobody_bounds_costs_one_put_and_reads_nothing() -> None:
    store = CountingStore()

    take(SpentRecords(store), free(500), "b1", DAY)

    assert (store.puts, store.others) == (1, 0)


class CountingStore(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.puts = self.others = 0

    def put(self, key: str, data: bytes) -> None:
        self.puts += 1
        super().put(key, data)

    def list(self, prefix: str = "", after: str = "") -> Iterator[str]:
        self.others += 1
        return super().list(prefix, after)

    def get(self, key: str) -> bytes:
        self.others += 1
        return super().get(key)


ASKED = st.tuples(st.sampled_from("abcd"), st.integers(1, 6), st.none() | st.integers(0, 20))


@given(asked=st.lists(ASKED, max_size=12))
def test_whenever_a_budget_comes_and_goes_each_who_is_counted_once(asked: list[tuple[str, int, int | None]]) -> None:
    spent, counted = SpentRecords(MemoryStore()), dict[str, int]()
    for who, runs, per_day in asked:
        wanted = DailyBudget(definition="fees", runs_per_day=per_day, runs=runs)
        others = sum(count for each, count in counted.items() if each != who)
        if per_day is not None and others + runs > per_day:
            with pytest.raises(BudgetExceeded):
                take(spent, wanted, who, DAY, sleep=lambda _: None)
        else:
            take(spent, wanted, who, DAY, sleep=lambda _: None)
            counted[who] = max(runs, counted.get(who, 0))
        assert taken(spent, ["fees"], DAY) == sum(counted.values())


@pytest.mark.parametrize(
    ("day", "runs"), [(DAY, 3), (date(2026, 11, 23), 50), (date(2027, 2, 1), 25), (date(2026, 11, 21), None)]
)
def test_where_money_bounds_a_batch_another_day_is_bounded_by_its_own_money(day: date, runs: int | None) -> None:
    later = (RunsFrom(since=DAY, runs=50), RunsFrom(since=date(2027, 2, 1), runs=25))
    policy = Policy(
        definition="fees", kind="batch", spec_sha256="", runs_per_day=3, accepted_on=DAY, runs_on_other_days=later
    )

    wanted = DailyBudget.of_batch(policy, 1, day)

    assert wanted and wanted.runs_per_day == runs


class _Died(Exception):
    """Raised where a process ends in the midst of something."""


class _Busy(MemoryStore):
    """Before each of its operations others may come, and whoever asked may die, before it or after it."""

    def __init__(self, draw: st.DataObject) -> None:
        super().__init__()
        self.draw, self.left = draw, 8
        self.spent = SpentRecords(self, lot=lambda: f"{draw.draw(st.integers(0, 9))}-{self.left}")
        self.granted: dict[str, int] = {}
        self.free = 0

    def come(self) -> None:
        """Somebody asks; some take what they were granted back, since nothing came of it."""
        self.left -= 1
        who, runs = self.draw.draw(st.sampled_from("abcdefgh")), self.draw.draw(st.integers(1, 7))
        if who in self.granted:
            return  # what exists is not asked for again
        if self.draw.draw(st.integers(0, 4)) == 0:
            with suppress(_Died):
                take(self.spent, free(runs), f"free{self.left}", DAY)
                self.free += runs
            return
        free_before = self.free
        with suppress(_Died, BudgetExceeded):
            claim = take(self.spent, budget(runs), who, DAY, sleep=lambda _: self._moment())
            others = sum(count for each, count in self.granted.items() if each != who)
            assert others + free_before + runs <= PER_DAY
            if self.draw.draw(st.booleans()):
                self.granted[who] = max(runs, self.granted.get(who, 0))
            else:
                self.spent.take_back(claim)

    def _moment(self) -> None:
        if self.left and self.draw.draw(st.booleans()):
            self.come()

    def _death(self) -> None:
        if self.draw.draw(st.integers(0, 9)) == 0:
            raise _Died

    def put(self, key: str, data: bytes) -> None:
        self._moment()
        self._death()
        super().put(key, data)
        self._death()

    def list(self, prefix: str = "", after: str = "") -> Iterator[str]:
        self._moment()
        yield from [*super().list(prefix, after)]
        self._death()

    def delete(self, key: str) -> None:
        self._moment()
        self._death()
        super().delete(key)


@settings(max_examples=120)
@given(draw=st.data())
def test_never_more_is_granted_than_there_is(draw: st.DataObject) -> None:
    store = _Busy(draw)
    while store.left:
        store.come()
        assert sum(store.granted.values()) <= PER_DAY


class _InTurns(MemoryStore):
    """Each of its callers waits before each operation until it is its turn."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self._waiting: set[str] = set()
        self._at_work: set[str] = set()

    def turn(self) -> None:
        name = threading.current_thread().name
        with self._changed:
            self._waiting.add(name)
            self._at_work.discard(name)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: name in self._at_work, timeout=30), "it never was its turn"

    def begin(self, names: list[str]) -> None:
        self._at_work = set(names)

    def done(self) -> None:
        with self._changed:
            self._at_work.discard(threading.current_thread().name)
            self._changed.notify_all()

    def ready(self) -> list[str]:
        """Waits until nobody is at work; names those that wait for their turns."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self._at_work, timeout=30)
            return sorted(self._waiting)

    def let(self, name: str) -> None:
        with self._changed:
            self._waiting.discard(name)
            self._at_work.add(name)
            self._changed.notify_all()

    def put(self, key: str, data: bytes) -> None:
        self.turn()
        super().put(key, data)

    def list(self, prefix: str = "", after: str = "") -> Iterator[str]:
        self.turn()
        yield from [*super().list(prefix, after)]

    def delete(self, key: str) -> None:
        self.turn()
        super().delete(key)


def _at_once(seed: int, wanted: list[int]) -> list[int]:
    """Lets all ask at once, each operation of theirs in its turn, in any order; returns what was granted."""
    store, granted, chance = _InTurns(), list[int](), Random(seed)
    spent = SpentRecords(store, lot=lambda: f"{chance.random()}")

    def ask(who: str, runs: int) -> None:
        with suppress(BudgetExceeded):
            take(spent, budget(runs), who, DAY, sleep=lambda _: store.turn())
            granted.append(runs)
        store.done()

    threads = [threading.Thread(target=ask, args=(f"b{n}", runs), name=f"b{n}") for n, runs in enumerate(wanted)]
    store.begin([thread.name for thread in threads])
    for thread in threads:
        thread.start()
    while waiting := store.ready():
        for name in chance.sample(waiting, len(waiting)):
            store.let(name)
            store.ready()
    for thread in threads:
        thread.join()
    return granted


@settings(max_examples=60)
@given(seed=st.integers(), runs=st.integers(1, 6), asking=st.integers(2, 6))
def test_of_those_of_one_size_that_ask_at_once_as_many_pass_as_fit(seed: int, runs: int, asking: int) -> None:
    assert len(_at_once(seed, [runs] * asking)) == min(asking, PER_DAY // runs)


@settings(max_examples=60)
@given(seed=st.integers(), wanted=st.lists(st.integers(1, PER_DAY), min_size=2, max_size=6))
def test_of_those_that_ask_at_once_one_passes_at_least_and_together_they_fit(seed: int, wanted: list[int]) -> None:
    assert 0 < sum(_at_once(seed, wanted)) <= PER_DAY
