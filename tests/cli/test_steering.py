"""Commands that steer a deployment while it runs: lanes, pause and resume, change."""

import pytest
import redis

from forebay.governor.keys import LANES, LAYOUT, LaneKeys
from tests.cli.conftest import Forebay
from tests.cli.worker import Hand

LANE = "default:test"


@pytest.fixture
def batch(deployed: redis.Redis, queries: list[str], forebay: Forebay) -> str:
    said = forebay("submit", *queries, "--to", "out", "--class", "backfill", "--weight", "3", "--cap", "2")
    assert said.code == 0, said.err
    return said.out.strip()


def lane(forebay: Forebay) -> dict[str, object]:
    said = forebay("lanes", "--json")
    assert said.code == 0, said.err
    first, *_ = said.events
    return first


def test_lanes_shows_who_holds_the_slots(batch: str, forebay: Forebay) -> None:
    facts = lane(forebay)

    assert (facts["lane"], facts["cap"], facts["limit"], facts["held"]) == (LANE, 2, 2, 2)
    assert facts["held_by_class"] == {"interactive": 0, "scheduled": 0, "backfill": 2}
    assert facts["held_by_batch"] == {batch: 2}


def test_lanes_reads_well_for_people(batch: str, forebay: Forebay) -> None:
    said = forebay("lanes")

    assert said.code == 0
    assert "2 in use, limit 2 of cap 2, margin 0" in said.out
    assert "2 backfill" in said.out


def test_a_lane_of_another_release_is_named_and_the_others_are_shown(
    batch: str, forebay: Forebay, deployed: redis.Redis
) -> None:
    other = LaneKeys("other:live")
    deployed.sadd(LANES, other.lane)
    deployed.hset(other.config, "layout", LAYOUT + 1)

    said = forebay("lanes")

    assert said.code == 0
    assert LANE in said.out
    assert f"other:live: the lane has layout {LAYOUT + 1}" in said.err


def test_without_lanes_it_says_how_one_comes_about(deployed: redis.Redis, forebay: Forebay) -> None:
    assert "no lanes yet" in forebay("lanes").err


@pytest.mark.parametrize("target", ["batch", LANE, "default"])
def test_a_pause_grants_nothing_more_until_it_is_resumed(
    batch: str, deployed: redis.Redis, forebay: Forebay, target: str
) -> None:
    target = batch if target == "batch" else target
    hand = Hand(deployed)
    runs = hand.start()
    assert "paused" in forebay("pause", target, "--reason", "month end").out

    for custody in runs:
        hand.land(custody)
    assert lane(forebay)["held"] == 0

    assert "goes on" in forebay("resume", target).out
    assert lane(forebay)["held"] == 1
    assert "was not paused" in forebay("resume", target).out


def test_a_paused_lane_says_why_and_since_when(batch: str, forebay: Forebay) -> None:
    forebay("pause", LANE, "--reason", "month end")

    paused = lane(forebay)["paused"]
    assert isinstance(paused, dict)
    assert paused["reason"].startswith("month end (by ")
    assert "month end" in forebay("lanes").out


def test_a_target_that_is_nothing_is_named(deployed: redis.Redis, forebay: Forebay) -> None:
    said = forebay("pause", "nobody")

    assert said.code == 2
    assert "no batch, lane or connection 'nobody'" in said.err


def test_limits_that_are_set_outlive_the_next_batch(batch: str, queries: list[str], forebay: Forebay) -> None:
    assert forebay("lanes", "set", LANE, "--cap", "5", "--margin", "1", "--reserve-interactive", "1").code == 0
    forebay("submit", *queries, "--to", "other", "--cap", "2")

    facts = lane(forebay)
    assert (facts["cap"], facts["margin"]) == (5, 1)
    assert facts["held"] == 3, "one of the four slots is kept for the interactive class"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--cap", "101"], "Stripe allows 100"),
        (["--margin", "2"], "leaves nothing of the cap"),
        ([], "say what to set"),
    ],
)
def test_limits_that_make_no_sense_are_refused(batch: str, forebay: Forebay, options: list[str], words: str) -> None:
    said = forebay("lanes", "set", LANE, *options)

    assert said.code == 2
    assert words in said.err.replace("\n", " ")


def test_a_batch_changes_its_class_while_it_runs(batch: str, forebay: Forebay) -> None:
    assert forebay("change", batch, "--class", "interactive", "--weight", "2").out == "changed\n"

    assert lane(forebay)["held_by_class"] == {"interactive": 2, "scheduled": 0, "backfill": 0}
