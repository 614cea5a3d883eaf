"""The outside bench in small: somebody takes most of the cap and leaves again, while real workers go on.

Counts only. How much of what was left is used, and how many 429s an hour that costs, is measured by
`python -m bench.outside`.
"""

import pytest

from bench.limit import Ours, simulate
from bench.outside import Sample, Trial, attempt, sampled
from bench.scenario import Scenario

CAP, TAKEN = 20, 12
SHORT = Scenario(name="outside, short", livemode=True, cap=CAP, runs=400, mean_s=1, all_per_s=100)


@pytest.mark.system
@pytest.mark.timeout(150)
def test_what_an_outsider_leaves_is_used_each_query_runs_once_and_refusals_are_few() -> None:
    found = attempt(Trial(scenario=SHORT, steps=(0, TAKEN, 0), step_s=5, fill_s=5))
    assert (found.doubled, found.failed, found.rate_429s) == (0, 0, 0)
    # A client without a limit would be refused with each run that ends while the outsider is there.
    assert found.refused_at_s
    assert len(found.refused_at_s) < found.created / 4
    assert max(sample.alive for sample in found.samples if sample.outside) >= CAP - TAKEN
    # It left again, and we had back more than it had left us.
    assert max(sample.alive for sample in found.samples[-40:]) > CAP - TAKEN


def test_a_sample_tells_runs_alive_from_runs_that_ended_unseen() -> None:
    spans = [(10.0, 10.25, 10.45), (10.1, 10.15, 10.15)]
    found = list(sampled(spans, [(10.0, 3), (10.3, 7)], begin=10.0, end=10.5))
    assert [(sample.alive, sample.unseen) for sample in found] == [(1, 0), (2, 0), (1, 0), (0, 1), (0, 1)]
    assert [sample.outside for sample in found] == [3, 3, 3, 7, 7]
    assert found[2] == Sample(at_s=pytest.approx(0.2), outside=3, alive=1, unseen=0)


def test_seconds_that_are_not_counted_change_nothing_that_is() -> None:
    outside = [0] * 40 + [300] * 20
    whole, filling = (simulate(iter(outside[:seconds]), Ours(1), 1) for seconds in (60, 40))
    counted = simulate(iter(outside), Ours(1), 1, counted_from_s=40)
    assert counted.seconds == 20
    assert counted.refusals == whole.refusals - filling.refusals > 0
    assert counted.used == pytest.approx(whole.used - filling.used)
