"""A lane's last hour is drawn as it was: slots in use, the limit, refusals where they came, nothing where was none."""

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from forebay.web.api.readings import Facts
from forebay.web.page.lane_chart import HEIGHT, WIDTH, lane_chart

NOW = datetime(2026, 11, 29, 9, 0, 10, tzinfo=UTC)
NOTED = st.tuples(st.integers(0, 4_000), st.integers(0, 600), st.integers(0, 500), st.integers(0, 500))


def sample(seconds_ago: float, held: int = 5, limit: int = 8, cap: int = 10, **refused: int) -> Facts:
    at = NOW - timedelta(seconds=seconds_ago)
    return {"at": at.isoformat(), "held": held, "limit": limit, "cap": cap, "refused": refused}


def numbers(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", path)]


def test_without_samples_there_is_no_chart() -> None:
    assert lane_chart([], NOW) is None
    assert lane_chart([sample(3_700)], NOW) is None


def test_slots_in_use_fill_the_box_up_to_their_share_of_the_cap() -> None:
    chart = lane_chart([sample(70 + 20), sample(40), sample(10)], NOW)

    assert chart
    assert chart.area == f"M704 {HEIGHT}L704 40L720 40V{HEIGHT}Z"
    assert chart.limit == "M704 16L720 16"
    assert (chart.cap_y, chart.top) == (0, 10)
    assert chart.words == "5 in use now; 5 to 5 in use; limit 8 of cap 10; refused: nothing"


def test_while_the_lane_had_no_work_nothing_is_drawn() -> None:
    chart = lane_chart([sample(1_810), sample(640), sample(610)], NOW)

    assert chart
    assert chart.area.count("M") == chart.limit.count("M") == 2
    assert chart.words.startswith("without work since 08:50; ")


def test_what_was_refused_stands_where_it_came_and_is_counted() -> None:
    chart = lane_chart([sample(1_810, cap=10) | {"refused": {"cap": 3}}, sample(10) | {"refused": {"cap": 1}}], NOW)

    assert chart
    assert chart.refused == ((360.0, "cap"), (720.0, "cap"))
    assert chart.words.endswith("refused: 4 × cap")


def test_it_stays_the_same_for_half_a_minute() -> None:
    samples = [sample(300), sample(30)]
    assert lane_chart(samples, NOW) == lane_chart(samples, NOW + timedelta(seconds=19))
    assert lane_chart(samples, NOW) != lane_chart(samples, NOW + timedelta(seconds=20))


@given(st.lists(NOTED, max_size=130))
def test_whatever_was_noted_lies_within_the_box(noted: list[tuple[int, int, int, int]]) -> None:
    samples = [sample(ago, held, min(limit, cap), cap) for ago, held, limit, cap in sorted(noted, reverse=True)]

    chart = lane_chart(samples, NOW)

    if chart:
        drawn = numbers(chart.area) + numbers(chart.limit)
        assert all(0 <= number <= WIDTH for number in drawn)
        assert 0 <= chart.cap_y <= HEIGHT
