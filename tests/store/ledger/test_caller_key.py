"""The id of a batch that has a caller's key: one for each key, and one that every other name leaves alone."""

from hypothesis import given
from hypothesis import strategies as st

from forebay.scheduler.windows.calendar import parse_batch_id
from forebay.store.key_rules import plain_segment, segment
from forebay.store.ledger.caller_key import batch_id_of

KEYS = st.text(min_size=1, max_size=250)
DEFINITIONS = st.sampled_from(["", "fees", "fees-daily", "a"])


def test_some_of_the_key_can_be_read_in_it() -> None:
    assert batch_id_of("daily-2026-11-27") == "daily-2026-11-27-k75fc1128d89ebe3d"
    assert batch_id_of("daily-2026-11-27", "fees").startswith("fees-daily-2026-11-27-k")
    assert batch_id_of("…").startswith("key-k")


@given(DEFINITIONS, KEYS)
def test_an_id_is_a_name_that_no_window_part_or_path_has(definition: str, key: str) -> None:
    made = batch_id_of(key, definition)

    assert made == segment(made) == plain_segment(made)
    assert len(made) <= 80
    assert "." not in made
    assert parse_batch_id(made) is None


@given(DEFINITIONS, KEYS, DEFINITIONS, KEYS)
def test_an_id_is_that_of_one_key(definition: str, key: str, other_definition: str, other: str) -> None:
    same = (definition, key) == (other_definition, other)

    assert (batch_id_of(key, definition) == batch_id_of(other, other_definition)) is same
