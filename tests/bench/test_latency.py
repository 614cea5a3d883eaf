"""What one person feels, in small: the parts that need no processes."""

import pytest

from bench.latency import Felt, percentile, waits_s
from bench.telling import Telling


def test_each_wait_is_from_the_end_at_stripe_to_the_file() -> None:
    ended = {
        "qr_1": "2026-11-29T12:00:00.500+00:00",
        "qr_2": "2026-11-29T12:00:07Z",
        "qr_of_before": "2026-11-29T11:00Z",
    }
    landed = {"qr_1": "2026-11-29T12:00:01Z", "qr_2": "2026-11-29T12:00:09.250Z"}
    assert waits_s(ended, landed) == pytest.approx([0.5, 2.25])


@pytest.mark.parametrize(("part", "expected"), [(50, 50), (95, 95)])
def test_a_percentile_of_a_hundred_is_its_number(part: int, expected: float) -> None:
    assert percentile(range(101), part) == pytest.approx(expected)
    assert percentile([7.0], part) == 7.0


def test_a_row_says_how_it_was_told_and_what_it_cost() -> None:
    felt = Felt(telling=Telling.parse("events:1"), waits_s=[1.0, 2.0, 3.0], requests_per_run=2.75)
    assert felt.row() == ["events at 1 s", "3", "2.00", "2.90", "3.00", "2.8"]
