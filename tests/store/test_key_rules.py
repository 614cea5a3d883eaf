import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from forebay.store.errors import BadKey
from forebay.store.key_rules import MAX_SEGMENT_BYTES, TEMP_PREFIX, checked, segment

on_a_busy_machine = settings(suppress_health_check=[HealthCheck.too_slow])
any_text = st.text(min_size=1) | st.text(alphabet="./~%:Ab", min_size=1) | st.text("ab", min_size=195, max_size=210)


@on_a_busy_machine
@given(any_text)
@example("..")
@example(TEMP_PREFIX)
@example("\ud800")
@example("x" * 10_000)
def test_any_text_becomes_one_good_segment(text: str):
    made = segment(text)
    assert "/" not in made
    assert made.isascii()
    assert not made.startswith(".")
    assert len(made) <= MAX_SEGMENT_BYTES
    assert checked(made) == made


@on_a_busy_machine
@given(any_text, any_text)
@example("a:b", "a%3Ab")
@example("a~b", "a%7Eb")
@example("y" * 500 + "1", "y" * 500 + "2")
@example(".a", "%2Ea")
def test_different_texts_become_different_segments(one: str, other: str):
    assert (segment(one) == segment(other)) is (one == other)


def test_plain_names_stay_as_they_are():
    assert segment("monthly-revenue_2026.09") == "monthly-revenue_2026.09"
    assert segment("acme:live") == "acme%3Alive"


def test_an_empty_text_is_no_segment():
    with pytest.raises(BadKey):
        segment("")
