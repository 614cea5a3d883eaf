"""What a soak calls flat, and what it reads of a process."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.soak import GROWTH, Sample, leaks, picture, sample, table

FLAT = [Sample(at_s=at, memory_mb=100 + at % 3, descriptors=20 + at % 2, threads=8) for at in range(90)]


def test_what_jitters_is_flat() -> None:
    assert leaks(FLAT) == []


@pytest.mark.parametrize("name", GROWTH)
def test_what_grows_all_the_time_is_a_leak(name: str) -> None:
    growing = [replace(one, **{name: getattr(one, name) * (1 + one.at_s / 90)}) for one in FLAT]

    assert [leak.split()[0] for leak in leaks(growing)] == [name]


def test_what_grows_at_first_only_is_warm_up() -> None:
    assert leaks([replace(one, memory_mb=min(50 + 3 * one.at_s, 120)) for one in FLAT]) == []


def test_this_process_can_be_sampled() -> None:
    before = sample(os.getpid(), 0)
    with Path("/dev/null").open() as _:
        after = sample(os.getpid(), 1)

    assert after.descriptors == before.descriptors + 1
    assert after.memory_mb > 10
    assert after.threads >= 1


def test_numbers_and_a_picture_show_each_process() -> None:
    text = "\n".join(table({"worker": FLAT}))

    assert "| worker | 101 → 101 → 101 |" in text
    assert text.endswith("| yes |")
    assert picture({"worker": FLAT}).count("<polyline") == len(GROWTH)
