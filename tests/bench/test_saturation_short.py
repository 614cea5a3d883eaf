"""The saturation bench in small: Forebay fills its slots under Stripe's request limits without a single refusal.

Counts only. How fast it is depends on the machine, and is measured by `python -m bench.saturation`.
"""

import pytest

from bench.entry import Entry
from bench.saturation import compete
from bench.scenario import Scenario

SHORT = Scenario(name="short", livemode=False, cap=10, runs=40, mean_s=2)

#: A create, the look that sees the end, the fresh URL, and some looks that came too early: about five when this was
#: written. A loop that asks without counting makes many more.
MOST_REQUESTS_PER_RUN = 10


@pytest.mark.system
@pytest.mark.timeout(150)
def test_it_fills_the_cap_runs_each_query_once_and_is_never_refused() -> None:
    verdict = compete(Entry(contender="forebay", scenario=SHORT))
    assert verdict
    assert (verdict.landed, verdict.failed, verdict.doubled) == (SHORT.runs, 0, 0)
    assert verdict.peak_alive == SHORT.cap
    assert verdict.refused == {}
    assert verdict.requests_per_run <= MOST_REQUESTS_PER_RUN
