"""The bench of the governor in a short form: commands and bytes, which no machine makes faster or slower."""

from typing import Any

import pytest

from bench.governor import COLUMNS, measure, medians, row


def test_a_run_costs_the_same_however_many_wait(valkey: Any) -> None:
    measure(valkey, 500, 1, 10)  # nobody is first
    few, many = (measure(valkey, waiting, 1, 50) for waiting in (500, 5_000))

    assert many.commands == pytest.approx(few.commands, rel=0.05)
    assert many.round_trips == pytest.approx(few.round_trips, rel=0.05)
    assert many.bytes_per_flow == pytest.approx(few.bytes_per_flow, abs=64)
    assert len(row(medians([few, many]))) == len(COLUMNS)
