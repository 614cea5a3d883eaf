from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.config.errors import SpecError
from forebay.config.yaml_lines import read_yaml

PATH = Path("forebay.yaml")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("010", "010"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("1:30", "1:30"),
        ("2026-01-31", "2026-01-31"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", ".inf"),
        ("1.2.3", "1.2.3"),
        ("'12'", "12"),
        ("acct_1A", "acct_1A"),
    ],
)
def test_scalars_mean_what_they_look_like(written: str, meant: object) -> None:
    value = read_yaml(f"a: {written}\n", PATH).value["a"]

    assert value == meant
    assert type(value) is type(meant)


def test_every_key_and_item_has_its_line() -> None:
    document = read_yaml("a:\n  b: 1\n  c:\n    - x\n    - y\n\nd: {e: 2}\n", PATH)

    assert document.value == {"a": {"b": 1, "c": ["x", "y"]}, "d": {"e": 2}}
    assert [document.line_of(at) for at in [("a",), ("a", "b"), ("a", "c", 1), ("d", "e")]] == [1, 2, 5, 7]


def test_what_is_not_in_the_file_has_the_line_of_what_is_around_it() -> None:
    document = read_yaml("x: 1\na:\n  b: 1\n", PATH)

    assert document.line_of(("a", "absent", "deeper")) == 2
    assert document.line_of(("nowhere",)) == 1


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' stands here a second time; first on line 1"),
        ("a:\n  b: 1\n  b: 1\n", 3, "second time"),
        ("a: &x 1\nb: *x\n", 2, "aliases"),
        ("a: &x [*x]\n", 1, "aliases"),
        ("a: !!python/object/apply:os.system [id]\n", 1, "tags (!)"),
        ("a: !mine 1\n", 1, "tags (!)"),
        ("a: !!timestamp 2026-01-01\n", 1, "tags (!)"),
        ("1: a\n", 1, "plain text"),
        ("? [a]\n: b\n", 1, "plain text"),
        ("a:\n\tb: 2\n", 2, "a tab stands here; YAML is indented with blanks"),
        ("a: 1\n  b: 2\n", 2, "a ': ' is not expected here"),
        ("a:\n  b: 1\n   c: 2\n", 3, "': ' is not expected"),
        ("a:\n  b: [1]\n   c: 2\n", 3, "this line does not fit those above it: its indentation"),
        ("a:\n  b 1\n  c: 2\n", 3, "or give the line above its own"),
        ("a:\n  b 1 # x\n  c: 2\n", 3, "or a ':' is missing before it"),
        ("a: {b: 1\nc: 2\n", 2, "a ',' or a '}' is missing before this; the '{' is on line 1"),
        ("a: [1,\n 2\nc: 2\n", 3, "a ',' or a ']' is missing before this; the '[' is on line 1"),
        ("a: 1\nb: SELECT 'x: y'\n", 2, "put text that has one in quotes"),
        ("a: 'x\n", 2, "unexpected end"),
        ("a: 1\n---\nb: 2\n", 2, "a second document begins here"),
        ("a: \x07\n", 1, "characters"),
        ("[" * 5_000, 1, "nested"),
    ],
)
def test_what_is_refused_is_refused_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(SpecError) as raised:
        read_yaml(text, PATH)

    (problem,) = raised.value.problems
    assert problem.line == line
    assert said in problem.text
    assert str(raised.value).startswith(f"forebay.yaml, line {line}: ")


@given(st.text(alphabet=" \n\t-:{}[]'\"#&*!|>?%@ab01.\x00é\ud800"))
def test_any_text_is_either_read_or_a_spec_error(text: str) -> None:
    # Anything else that is raised fails the test.
    with contextlib.suppress(SpecError):
        read_yaml(text, PATH)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text("abc \n:#'", max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
        max_leaves=8,
    )
)
def test_json_is_read_as_what_it_is(value: Any) -> None:
    assert read_yaml(json.dumps(value), PATH).value == value
