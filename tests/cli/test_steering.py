"""Commands that steer a deployment while it runs: lanes, pause and resume, change."""

from pathlib import Path

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

    assert said.code == 1
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


@pytest.mark.usefixtures("batch")
def test_of_a_mistyped_lane_it_is_said_which_was_probably_meant(forebay: Forebay) -> None:
    assert f"did you mean '{LANE}'?" in forebay("pause", "default:tset").err


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
        (["--reserve-interactive", "2"], "leave lower classes nothing of the cap 2"),
        (["--cap", "5", "--reserve-interactive", "2", "--reserve-scheduled", "3"], "nothing of the cap 5"),
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


def settle(deployed: redis.Redis) -> None:
    hand = Hand(deployed)
    for _ in range(3):
        hand.land(hand.begin_one())


@pytest.mark.parametrize("command", [("pause",), ("resume",), ("change", "--weight", "2")])
def test_a_batch_that_settled_or_was_canceled_is_steered_no_more(
    batch: str, deployed: redis.Redis, queries: list[str], forebay: Forebay, command: tuple[str, ...]
) -> None:
    act, *options = command
    settle(deployed)
    canceled = forebay("submit", *queries, "--to", "out").out.strip()
    forebay("cancel", canceled)

    for one, why in ((batch, "has settled"), (canceled, "was canceled")):
        said = forebay(act, one, *options)
        assert (said.code, said.out) == (0, f"nothing to {act}: batch {one} {why}\n")
        result = forebay(act, one, *options, "--json").events[-1]
        assert (result["changed"], result["reason"]) == (False, why)


def test_a_batch_that_redis_lost_is_brought_back_to_be_paused(
    batch: str, deployed: redis.Redis, forebay: Forebay
) -> None:
    deployed.flushall()

    assert forebay("pause", batch, "--reason", "month end").out == f"{batch} paused\n"
    assert forebay("show", batch, "--json").events[-1]["paused"].startswith("month end")


def test_who_resumes_a_batch_of_a_paused_lane_is_told(batch: str, forebay: Forebay) -> None:
    forebay("pause", LANE)

    said = forebay("resume", batch)

    assert "was not paused" in said.out
    assert f"its lane {LANE} is paused: forebay resume {LANE}" in said.err


def test_an_extract_that_nobody_knows_is_not_said_to_go_on(deployed: redis.Redis, forebay: Forebay) -> None:
    said = forebay("resume", "nobodys", "--extract")

    assert said.code == 2
    assert "no extract 'nobodys'" in said.err


def test_a_large_batch_is_canceled_only_when_somebody_says_so(
    deployed: redis.Redis, folder: Path, forebay: Forebay
) -> None:
    (folder / "many.csv").write_text("sql,name\n" + "".join(f"SELECT {n},q{n}\n" for n in range(120)))
    batch = forebay("submit", "many.csv", "--to", "out", "--cap", "2").out.strip()

    said = forebay("cancel", batch)

    assert said.code == 2
    assert (
        f"Cancel batch {batch}? 118 wait and are dropped, 2 hold a slot, run on at Stripe and do not land." in said.err
    )
    assert forebay("cancel", batch, "--yes").out.startswith("118 runs dropped")


def test_a_create_that_was_not_answered_is_not_said_to_run(batch: str, forebay: Forebay) -> None:
    said = forebay("cancel", batch)

    assert "2 runs hold a slot: Stripe runs them, or was asked to and has not answered yet" in said.out
