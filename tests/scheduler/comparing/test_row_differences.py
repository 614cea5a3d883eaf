"""Two results are compared record by record; what differs is named, and no value of it is."""

from collections import Counter
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forebay.scheduler.comparing import row_differences
from forebay.scheduler.comparing.row_differences import RowDifferences, compare_rows

HEADER = ["id", "amount"]


def compared(first: list[list[str]], second: list[list[str]]) -> RowDifferences:
    return compare_rows(iter(first), iter(second))


def rows(*amounts: str) -> list[list[str]]:
    return [HEADER, *([f"ch_{number}", amount] for number, amount in enumerate(amounts))]


def test_the_same_rows_do_not_differ() -> None:
    found = compared(rows("1", "2"), rows("1", "2"))
    assert (found.differ, found.records, found.columns) == (0, (2, 2), ())
    assert found.same_columns
    assert found.same_records
    assert not found.moved


def test_a_value_that_differs_is_told_by_its_place_and_column() -> None:
    found = compared(rows("1", "2", "3"), rows("1", "9", "3"))
    assert (found.differ, found.positions, found.unmatched, found.moved) == (1, (2,), (1, 1), False)
    (column,) = found.columns
    assert (column.name, column.differ, column.in_form) == ("amount", 1, 0)
    assert not found.same_values


def test_values_that_differ_in_form_alone_are_the_same_values() -> None:
    found = compared(rows("1.50", "2.25", "3"), rows("1.5000", "2.2500", "3"))
    assert (found.same_values, found.same_records, found.moved, found.unmatched) == (True, False, False, (0, 0))
    (column,) = found.columns
    assert (column.differ, column.in_form) == (2, 2)
    assert column.forms == (("decimal with 2 digits",), ("decimal with 4 digits",))


def test_records_in_another_order_are_the_same_records() -> None:
    first = rows("1", "2", "3")
    found = compared(first, [HEADER, *reversed(first[1:])])
    assert (found.same_records, found.moved, found.columns, found.differ) == (True, True, (), 2)


def test_another_order_and_other_forms_are_told_beside_each_other() -> None:
    first, second = rows("1.50", "2.25"), rows("1.5000", "2.2500")
    found = compared(first, [HEADER, *reversed(second[1:])])
    assert (found.same_records, found.same_values, found.moved) == (False, True, True)
    (column,) = found.columns
    assert (column.name, column.differ) == ("amount", None)
    assert column.forms == (("decimal with 2 digits",), ("decimal with 4 digits",))


def test_a_record_more_at_the_end_moves_nothing() -> None:
    found = compared(rows("1", "2"), rows("1", "2", "3"))
    assert (found.records, found.unmatched, found.moved, found.positions) == ((2, 3), (0, 1), False, (3,))


def test_a_record_more_at_the_beginning_moves_all_others() -> None:
    first = [["id"], ["a"], ["b"], ["c"]]
    found = compared(first, [["id"], ["new"], *first[1:]])
    assert (found.unmatched, found.moved, found.differ) == ((0, 1), True, 4)
    (column,) = found.columns
    assert (column.differ, column.in_form) == (None, None)


def test_columns_are_told_by_their_names_and_others_still_compared() -> None:
    first = [["id", "amount", "fee"], ["a", "1", "x"], ["b", "2", "y"]]
    second = [["amount", "id", "net"], ["1", "a", "x"], ["3", "b", "y"]]
    found = compared(first, second)
    assert (found.missing, found.added, found.reordered) == (("fee",), ("net",), True)
    assert [(each.name, each.differ) for each in found.columns] == [("amount", 1)]


def test_two_columns_of_one_name_are_two() -> None:
    found = compared([["a", "a"], ["1", "2"]], [["a", "a"], ["1", "3"]])
    assert found.same_columns
    assert [each.name for each in found.columns] == ["a (2)"]


@pytest.mark.parametrize(("first", "second"), [([], []), ([["id"]], []), ([], [["id"], ["a"]])])
def test_nothing_is_compared_with_nothing(first: list[list[str]], second: list[list[str]]) -> None:
    found = compared(first, second)
    assert found.records == (max(0, len(first) - 1), max(0, len(second) - 1))


def test_a_row_of_another_length_differs() -> None:
    found = compared([HEADER, ["a", "1", "x"]], [HEADER, ["a", "1"]])
    assert (found.differ, found.same_records) == (1, False)


def test_of_more_than_can_be_told_apart_sums_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_differences, "MOST_UNMATCHED", 1)
    first = rows("1", "2", "3")
    found = compared(first, [HEADER, *reversed(first[1:])])
    assert (found.unmatched, found.same_records, found.moved) == (None, True, True)
    found = compared(first, rows("7", "8", "9"))
    assert (found.unmatched, found.same_records, found.moved) == (None, False, False)


RECORDS = st.lists(st.tuples(st.sampled_from(["a", "b", "1.5", "1.50", ""]), st.sampled_from(["x", "2", "2.0"])))


@given(RECORDS, RECORDS)
def test_what_is_told_is_so(first: list[tuple[str, str]], second: list[tuple[str, str]]) -> None:
    found = compared([HEADER, *map(list, first)], [HEADER, *map(list, second)])
    assert found.same_records == (Counter(first) == Counter(second))
    assert found.unmatched is not None
    assert found.same_values == (found.unmatched == (0, 0))
    assert (found.differ == 0) == (first == second)
    if found.same_records:
        assert found.same_values
    if not found.moved and not found.same_values:
        assert found.columns or len(first) != len(second)


@given(RECORDS, st.randoms())
def test_order_alone_is_never_another_record(records: list[tuple[str, str]], dice: object) -> None:
    shuffled = list(records)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    found = compared([HEADER, *map(list, records)], [HEADER, *map(list, shuffled)])
    assert found.same_records
    assert found.columns == () or not found.moved


@given(st.lists(st.text(min_size=8), min_size=1), st.lists(st.text(min_size=8), min_size=1))
def test_no_value_is_told(first: list[str], second: list[str]) -> None:
    found = compared([["id"], *([value] for value in first)], [["id"], *([value] for value in second)])
    told = {str(value) for each in found.columns for side in each.forms for value in side}
    assert not told & {*first, *second} - {"text", "empty"}
    assert all(name == "id" for each in found.columns for name in [asdict(each)["name"]])
