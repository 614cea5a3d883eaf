"""The schedule of faults is a function of the seed, and of nothing else."""

from collections import Counter, defaultdict
from itertools import pairwise

from tests.chaos.kinds.catalog import KINDS
from tests.chaos.report import MOST_KINDS
from tests.chaos.schedule import schedule


def test_the_same_seed_is_the_same_list_of_faults_with_their_moments() -> None:
    assert schedule(7, KINDS, within_s=100) == schedule(7, KINDS, within_s=100)
    assert schedule(7, KINDS) != schedule(8, KINDS)


def test_each_kind_strikes_once_and_there_are_enough_of_them() -> None:
    struck = Counter(strike.kind.name for strike in schedule(7, KINDS))

    assert struck == {kind.name: 1 for kind in KINDS}
    assert len(struck) >= MOST_KINDS


def test_faults_of_one_subject_follow_each_other() -> None:
    by_subject = defaultdict(list)
    for strike in schedule(7, KINDS):
        by_subject[strike.kind.subject].append(strike)

    assert len(by_subject) > 5
    for strikes in by_subject.values():
        assert all(one.at_s + one.for_s < next_.at_s for one, next_ in pairwise(strikes))


def test_they_spread_over_the_time_of_the_load() -> None:
    assert max(strike.at_s for strike in schedule(7, KINDS[:3], within_s=300)) > 150
