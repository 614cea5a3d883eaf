"""Windows lie in rows that a person reads: months of days, days of hours, years of months."""

import pytest

from forebay.web.page.window_calendar import calendar_rows


@pytest.mark.parametrize(
    ("label", "row", "mark"),
    [
        ("2026-10-01", "2026-10", "01"),
        ("2026-10", "2026", "10"),
        ("2026-09-28..2026-10-04", "2026-09", "28"),
        ("2026-10-01 05:00", "2026-10-01", "05"),
        ("2026-10-01 05:30", "2026-10-01", "05:30"),
        ("2026-10-25 02:00+0200", "2026-10-25", "02"),
    ],
)
def test_a_label_has_its_row_and_its_mark(label: str, row: str, mark: str) -> None:
    ((named, (window,)),) = calendar_rows([{"label": label, "start": "x"}])

    assert (named, window["mark"]) == (row, mark)


def test_the_newest_row_comes_first_and_its_windows_in_the_order_of_time() -> None:
    days = [(month, day) for month in ("10", "09") for day in "21"]
    newest_first = [{"label": f"2026-{month}-{day}", "start": f"{month}{day}"} for month, day in days]

    rows = calendar_rows(newest_first)

    assert [(row, [cell["start"] for cell in cells]) for row, cells in rows] == [
        ("2026-10", ["101", "102"]),
        ("2026-09", ["091", "092"]),
    ]
