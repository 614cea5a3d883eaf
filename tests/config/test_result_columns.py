import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.config.result_columns import TEXT, ColumnType, Kind, told_type

TYPES = st.sampled_from(Kind).flatmap(
    lambda kind: (
        st.builds(ColumnType, st.just(kind))
        if kind is not Kind.DECIMAL
        else st.integers(1, 38).flatmap(
            lambda digits: st.builds(ColumnType, st.just(kind), st.just(digits), st.integers(0, digits))
        )
    )
)


@given(TYPES)
def test_a_type_is_read_as_it_is_written(column: ColumnType) -> None:
    assert (
        ColumnType.parse(str(column))
        == ColumnType.parse(f" {str(column).upper()} ")
        == column
        == told_type(str(column))
    )


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("varchar", "text"),
        ("varchar(20)", "text"),
        ("int", "integer"),
        ("numeric(38, 2)", "decimal(38,2)"),
        ("decimal(9)", "decimal(9,0)"),
        ("timestamp(3)", "timestamp"),
        ("timestamp(3) with time zone", "timestamp"),
        ("datetime", "timestamp"),
    ],
)
def test_other_names_are_known(written: str, kind: str) -> None:
    assert str(ColumnType.parse(written)) == kind


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("money", "'money' is no type: write text, boolean, integer, bigint, decimal(38,2), double, date, timestamp"),
        ("float", "is no type"),
        ("", "is no type"),
        ("decimal", "'decimal' has to say its digits, at most 38, and its places: decimal(38,2)"),
        ("decimal(39,2)", "has to say its digits"),
        ("decimal(2,3)", "has to say its digits"),
    ],
)
def test_what_is_no_type_is_refused_in_a_sentence(written: str, words: str) -> None:
    with pytest.raises(ValueError) as error:
        ColumnType.parse(written)

    assert words in str(error.value)
    assert told_type(written) == TEXT, "nothing is guessed of what others call a type"
