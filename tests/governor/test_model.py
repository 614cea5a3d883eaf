"""The lane in Redis does what the model says, whatever happens in whatever order.

FOREBAY_HYPOTHESIS=nightly searches longer, and for the fewest steps that fail. A failure prints the steps that lead to
it; `--hypothesis-seed` repeats a search.

Time is the server's, and what a busy machine takes for a step is more than the model knows of. So a difference counts
that is there when the same steps are taken again; where it is not, another search is made.
"""

import os

import pytest
import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from tests.governor.machine import LaneMachine

NIGHTLY = os.environ.get("FOREBAY_HYPOTHESIS") == "nightly"
COMMON = settings(
    deadline=None,  # `mutants.py` would take a busy machine for a mistake that was noticed
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
#: 4,000 steps. Without a search for fewer steps, which a difference that comes and goes would lead round and round.
EVERY_TIME = settings(COMMON, max_examples=80, stateful_step_count=50, phases=[Phase.explicit, Phase.generate])
EACH_NIGHT = settings(COMMON, max_examples=700, stateful_step_count=80)  # 56,000 steps


SEARCHES = 3


@pytest.mark.timeout(3600 if NIGHTLY else 300)
def test_a_lane_does_what_the_model_does(shared_valkey: redis.Redis) -> None:
    for search in range(1, SEARCHES + 1):
        try:
            run_state_machine_as_test(
                lambda: LaneMachine(shared_valkey), settings=EACH_NIGHT if NIGHTLY else EVERY_TIME
            )
        except Flaky:
            if search == SEARCHES:
                raise
        else:
            return
