"""The model test notices the classic ways of breaking a limit; `python -m tests.governor.mutants` tries them all."""

import pytest
import redis

from tests.governor.mutant import Mutant
from tests.governor.mutant_list import CLASSICS, MUTANTS
from tests.governor.mutants import applied, noticed


@pytest.mark.parametrize("mutant", CLASSICS, ids=str)
def test_the_model_test_notices_that(mutant: Mutant, shared_valkey: redis.Redis) -> None:
    assert noticed(mutant, shared_valkey)


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_each_is_a_mistake_in_a_script_as_it_stands(mutant: Mutant) -> None:
    with applied(mutant):
        pass
