"""Who is not let in is told once a minute at most, however many try."""

import pytest

from forebay.web.access.turned_away import TurnedAway


def test_the_first_is_told_at_once_and_the_last_a_minute_later_with_their_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now_s = [1_000.0]
    turned_away = TurnedAway(lambda: now_s[0])
    for number in range(5_000):
        turned_away.add(f"n{number}" * 1_000, "10.0.0.9", "no such name")
    now_s[0] += 60
    turned_away.add("ana\nWARNING forged", None, "no such name")

    first, last = (record.message for record in caplog.records)
    assert first.startswith("not let in: 'n0n0") and first.endswith(
        "from 10.0.0.9: no such name (1 since the last line of this kind)"
    )
    assert len(first) < 300
    assert (
        last == r"not let in: 'ana\nWARNING forged' from nowhere: no such name (5000 since the last line of this kind)"
    )
