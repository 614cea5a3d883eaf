from hypothesis import given
from hypothesis import strategies as st

from forebay.worker.steps.timing import backoff_ms


@given(st.integers(1, 10_000))
def test_backing_off_never_waits_longer_than_its_bound_nor_less_than_half_the_first_wait(tries: int) -> None:
    assert 500 <= backoff_ms(tries) <= 60_000
