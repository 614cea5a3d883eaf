"""The values of a definition, and the names that each combination gives its items."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.landing.result_paths import object_stem
from forebay.scheduler.definitions.parameters import parameters
from forebay.scheduler.errors import InputError
from forebay.store.key_rules import MAX_SEGMENT_BYTES, checked

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,9}", fullmatch=True)
NASTY = st.sampled_from(["", ".", "..", "a/b", "a\\b", "\0", "\n", "é", "😀", "~", "%2E", "x" * 300, "CON", "a.b-c"])
SCALARS = st.one_of(st.text(max_size=20), NASTY, st.integers(), st.floats(allow_nan=False), st.booleans())
MATRICES = st.dictionaries(NAMES, st.lists(SCALARS, min_size=1, max_size=3), max_size=3)


@given(MATRICES)
def test_each_combination_has_a_place_that_is_a_safe_file_name_and_no_other_has(
    matrix: dict[str, list[str | int | float | bool]],
) -> None:
    suffixes = [combination.suffix for combination in parameters({}, matrix, {}, where="here")]
    stems = {suffix: object_stem("b", "acct_1", f"fees{suffix}") for suffix in suffixes}

    for stem in stems.values():
        checked(f"{stem}.manifest.json")
        folder, name = stem.rpartition("/")[::2]
        assert folder == object_stem("b", "acct_1", "fees").rpartition("/")[0], "no value leaves its folder"
        assert name.isascii()
        assert name.isprintable()
        assert not name.startswith(".")
        assert len(name) <= MAX_SEGMENT_BYTES
    # Equal suffixes are refused (test_expand.py); different ones never meet in one file.
    assert len(set(stems.values())) == len(set(suffixes))


@given(MATRICES)
def test_there_are_as_many_combinations_as_it_says_each_with_all_values(
    matrix: dict[str, list[str | int | float | bool]],
) -> None:
    parsed = parameters({"fixed": 1}, matrix, {}, where="here")
    combinations = list(parsed)

    assert len(combinations) == len(parsed) == math.prod(map(len, matrix.values()))
    assert all(combination.values.keys() == {"fixed", *matrix} for combination in combinations)


@pytest.mark.parametrize(
    ("like", "text", "value"),
    [
        (1, "7", 7),
        (1, "9" * 400, int("9" * 400)),
        (1.0, "0.5", 0.5),
        (True, "false", False),
        ("a", "1", "1"),
        ("a", "", ""),
        ([1, 2], "3, 4", [3, 4]),
        (["a"], "x,y", ["x", "y"]),
    ],
)
def test_a_value_of_the_command_line_is_read_as_what_the_spec_has_there(like: object, text: str, value: object) -> None:
    (combination,) = parameters({"n": like}, {}, {"n": text}, where="here")  # type: ignore[dict-item]

    assert combination.values == {"n": value}
    assert type(combination.values["n"]) is type(value)


@pytest.mark.parametrize(
    ("like", "text"),
    [(1, "1.5"), (1, ""), (1.0, "nan"), (1.0, "inf"), (1.0, "1e400"), (True, "True"), ([1], "1,,2"), ([1], "")],
)
def test_what_is_no_such_value_is_refused(like: object, text: str) -> None:
    with pytest.raises(InputError, match="--param n="):
        parameters({"n": like}, {}, {"n": text}, where="here")  # type: ignore[dict-item]
