"""States are found where unpacking all of them would find them."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from forebay.governor.packed_states import differing, in_states, settled_bytes, state_at
from forebay.governor.states import RunState, pack, unpack

STATES = st.lists(st.sampled_from(RunState), max_size=300)


def longer(states: Sequence[RunState], size: int) -> list[RunState]:
    return [*states, *[RunState.WAITING] * (size - len(states))]


@given(STATES, st.integers(0, 400))
def test_one_is_what_it_was_packed_as_and_waits_behind_the_end(states: list[RunState], index: int) -> None:
    assert state_at(pack(states), index) is longer(states, index + 1)[index]


@given(STATES, STATES)
def test_those_differ_that_differ_when_unpacked(old: list[RunState], new: list[RunState]) -> None:
    size = max(len(old), len(new))
    pairs = zip(longer(old, size), longer(new, size), strict=True)

    assert [*differing(pack(old), pack(new))] == [index for index, (one, other) in enumerate(pairs) if one is not other]


@given(st.lists(st.integers(0, 999_999), max_size=20, unique=True))
def test_of_a_million_the_few_that_changed_are_found(changed: list[int]) -> None:
    old = pack([RunState.LANDED] * 2) * 500_000
    new = bytearray(old)
    for index in changed:
        new[index // 2] ^= 0x10 if index % 2 == 0 else 0x01

    assert [*differing(old, bytes(new))] == sorted(changed)


@given(STATES, st.sets(st.sampled_from(sorted(set(RunState) - {RunState.WAITING})), min_size=1))
def test_those_in_some_states_are_found_in_order(states: list[RunState], wanted: set[RunState]) -> None:
    assert [*in_states(pack(states), wanted)] == [index for index, state in enumerate(states) if state in wanted]


@given(STATES)
def test_what_has_settled_at_the_beginning_is_counted_by_whole_bytes(states: list[RunState]) -> None:
    packed = pack(states)
    settled = settled_bytes(packed)

    assert all(state.settled for state in unpack(packed[:settled]))
    assert not all(state.settled for state in unpack(packed[settled : settled + 1])) or settled == len(packed)
