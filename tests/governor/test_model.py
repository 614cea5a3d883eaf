"""The lane in Redis does what the model says, whatever happens in whatever order.

FOREBAY_HYPOTHESIS=nightly searches longer, and for the fewest steps that fail, which takes minutes. A failure prints
the steps that lead to it; `--hypothesis-seed` repeats a search.
"""

import os

import pytest
import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.governor.machine import LaneMachine

NIGHTLY = os.environ.get("FOREBAY_HYPOTHESIS") == "nightly"
COMMON = settings(
    deadline=None,  # `mutants.py` would take a busy machine for a mistake that was noticed
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
#: 4,000 steps.
AS_FOUND = [Phase.explicit, Phase.reuse, Phase.generate]
EVERY_TIME = settings(COMMON, max_examples=80, stateful_step_count=50, phases=AS_FOUND)
EACH_NIGHT = settings(COMMON, max_examples=700, stateful_step_count=80)  # 56,000 steps


@pytest.mark.timeout(3600 if NIGHTLY else 120)
def test_a_lane_does_what_the_model_does(shared_valkey: redis.Redis) -> None:
    run_state_machine_as_test(lambda: LaneMachine(shared_valkey), settings=EACH_NIGHT if NIGHTLY else EVERY_TIME)
