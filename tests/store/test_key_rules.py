import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from forebay.store.errors import BadKey
from forebay.store.key_rules import MAX_SEGMENT_BYTES, TEMP_PREFIX, alike, checked, plain_segment, segment

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
    for make in (segment, plain_segment):
        with pytest.raises(BadKey):
            make("")


near_escapes = st.text(alphabet="-_x. aA%2", min_size=1) | st.text("é_-", min_size=1)
any_name = any_text | near_escapes | st.sampled_from(["con", "COM1.b", "x-_-con", "nul.", "-rf", "_tmp"])


@on_a_busy_machine
@given(any_name)
@example("..")
@example(TEMP_PREFIX)
@example("\ud800")
@example("x" * 10_000)
def test_any_text_becomes_one_plain_segment_that_no_client_encodes(text: str):
    made = plain_segment(text)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", made)
    assert len(made) <= MAX_SEGMENT_BYTES
    assert checked(made) == made
    assert re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", made) is None


@on_a_busy_machine
@given(any_name, any_name)
@example("a b", "a-_20-b")
@example("a-_b", "a--_5f-b")
@example(".a", "x-_-.a")
@example(" _", "-_20-_")
@example("y" * 500 + "1", "y" * 500 + "2")
@example("É", "é")
@example("e\u0301", "é")
@example("K", "\u212a")
def test_different_texts_are_different_files_on_any_disk(one: str, other: str):
    assert (plain_segment(one) == plain_segment(other)) is (one == other)
    assert plain_segment(one).lower() != plain_segment(other).lower() or alike(one) == alike(other)


def _read_back(made: str) -> str:
    """Undoes a plain segment that was not cut."""
    body = made.removeprefix("x-_-") if made.startswith("x-_-") else made
    return re.sub(rb"-_([0-9a-f]+)-", lambda found: bytes.fromhex(found[1].decode()), body.encode()).decode(
        "utf-8", "surrogatepass"
    )


@on_a_busy_machine
@given(st.text(min_size=1, max_size=20) | near_escapes.filter(lambda text: len(text) < 20))
def test_a_plain_segment_can_be_read_back(text: str):
    assert _read_back(plain_segment(text)) == text


@on_a_busy_machine
@given(any_name.filter(lambda text: len(text) < 20))
def test_what_follows_a_name_after_a_dot_follows_its_segment(text: str):
    assert plain_segment(f"{text}.part-01") == f"{plain_segment(text)}.part-01"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("monthly-revenue_2026.09", "monthly-revenue_2026.09"),
        ("acct_1NvG", "acct_1NvG"),
        ("q/1 .sql", "q-_2f-1-_20-.sql"),
        ("Umsätze", "Ums-_c3a4-tze"),
        ("../x", "x-_-..-_2f-x"),
        ("_tmp", "x-_-_tmp"),
        ("nul.csv", "x-_-nul.csv"),
        ("-_", "x-_---_5f-"),
    ],
)
def test_a_plain_segment_is_readable(text: str, made: str):
    assert plain_segment(text) == made


def test_a_long_name_ends_in_its_hash():
    assert re.fullmatch(r"y{157}-_-[0-9a-f]{40}", plain_segment("y" * 500))
