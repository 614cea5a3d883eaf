"""The names of keys, and the states that they hold."""

import ast

from forebay.governor.keys import LaneKeys, alive
from forebay.governor.states import RunState, Step
from tests.source import modules


def test_every_key_of_a_lane_has_its_hash_tag() -> None:
    keys = LaneKeys("acme:live")
    named = [*keys.fixed, keys.flow("f"), keys.requeued("f"), keys.states("f"), keys.run("f/0")]
    named += [keys.durations(), keys.durations("q"), keys.share("d")]
    assert all(key.startswith("fb:{acme:live}:") for key in named)
    assert len(set(named)) == len(named)


def test_the_fixed_keys_have_a_due_set_for_each_step() -> None:
    keys = LaneKeys("acme:live")
    assert len(keys.fixed) == 16
    assert {keys.due(step) for step in Step} < set(keys.fixed)


def test_no_key_is_named_anywhere_else() -> None:
    literals = {
        node.value: path
        for path, module in modules().items()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and path != "governor/keys.py"
    }
    assert {text: path for text, path in literals.items() if text.startswith("fb:")} == {}


def test_workers_have_a_key_each() -> None:
    assert alive("one") != alive("two")


def test_states_have_the_numbers_that_lua_knows() -> None:
    numbers = {"waiting": 0, "granted": 1, "running": 2, "ready": 3, "landed": 4, "failed": 5, "canceled": 6}
    assert {str(state): state.nibble for state in RunState} == numbers


def test_only_three_states_are_settled() -> None:
    assert [state for state in RunState if state.settled] == [RunState.LANDED, RunState.FAILED, RunState.CANCELED]
