from hypothesis import given
from hypothesis import strategies as st

from worker.steps.timing import FIRST_LOOK_MS, LONGEST_LOOK_MS, backoff_ms, next_look_ms


@given(st.integers(0, 10**9))
def test_a_look_comes_after_a_tenth_of_the_age_between_one_second_and_one_minute(elapsed_ms: int) -> None:
    delay = next_look_ms(elapsed_ms)

    assert FIRST_LOOK_MS <= delay <= LONGEST_LOOK_MS
    if FIRST_LOOK_MS <= elapsed_ms // 10 <= LONGEST_LOOK_MS:
        assert delay == elapsed_ms // 10


def test_a_query_of_ninety_minutes_is_looked_at_about_a_hundred_times() -> None:
    elapsed, looks = 0, 0
    while elapsed < 90 * 60_000:
        elapsed += next_look_ms(elapsed)
        looks += 1

    # 10 in the first 10 s, 17 more per decade of 1.1^n up to 10 min, then one a minute.
    assert 100 <= looks <= 150


@given(st.integers(1, 10_000))
def test_backing_off_never_waits_longer_than_its_bound_nor_less_than_half_the_first_wait(tries: int) -> None:
    assert 500 <= backoff_ms(tries) <= 60_000
