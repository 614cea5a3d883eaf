"""The model test notices the classic ways of breaking a limit; `python -m tests.governor.mutants` tries them all."""

import pytest
import redis

from tests.governor.mutants import CLASSICS, Mutant, noticed


@pytest.mark.parametrize("mutant", CLASSICS, ids=str)
def test_the_model_test_notices_that(mutant: Mutant, shared_valkey: redis.Redis) -> None:
    assert noticed(mutant, shared_valkey)
