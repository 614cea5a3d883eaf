"""The bench of a crowd of landings in a short form: who lands at looks, who by downloads, and that looks go on."""

import re

import pytest

from bench import landing_crowd
from bench.landing_crowd import RATE_PER_S, LandingCrowd, SeenSoFar, batch_of, row, watched

CROWD = LandingCrowd(runs=48, others=5, host_s=3, express=True)


def test_a_crowd_is_created_behind_the_others_and_ends_at_one_moment() -> None:
    items = batch_of(CROWD)
    durations = [float(re.findall(r"duration=([\d.]+)", item.sql)[0]) for item in items]
    ends = [place / RATE_PER_S + duration for place, duration in enumerate(durations)]

    assert [item.name for item in items[:6]] == ["o0", "o1", "o2", "o3", "o4", "q0"]
    assert max(ends[5:]) - min(ends[5:]) < 0.1
    assert min(ends[:5]) > max(ends[5:]) + 600


def test_looks_are_counted_until_all_ends_are_seen_and_landings_until_the_last() -> None:
    samples = [
        SeenSoFar(at_s=10, retrieves=100, ends_seen=0, landed=0),
        SeenSoFar(at_s=14, retrieves=180, ends_seen=48, landed=12),
        SeenSoFar(at_s=30, retrieves=200, ends_seen=48, landed=48),
    ]

    assert row(CROWD, samples) == ["with looks, host 3 s", "48", "20.0", "4", "2", "12", "20", "48"]


@pytest.mark.timeout(110)
@pytest.mark.parametrize("express", [True, False])
def test_a_small_crowd_is_seen_and_lands(monkeypatch: pytest.MonkeyPatch, express: bool) -> None:
    monkeypatch.setattr(landing_crowd, "MARGIN_S", 5.0)

    samples = watched(LandingCrowd(runs=12, others=2, host_s=0.5, express=express))

    assert (samples[-1].ends_seen, samples[-1].landed) == (12, 12)
    assert samples[-1].retrieves - samples[0].retrieves >= 12 - samples[0].ends_seen
