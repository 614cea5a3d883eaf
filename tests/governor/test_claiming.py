"""Claims of many lanes by one round trip: each lane answers for itself."""

import pytest
import redis

from forebay.governor.claiming import Claiming, ClaimTerms
from forebay.governor.cluster_client import OneByOne
from forebay.governor.contract import AskedFor, Claims
from forebay.governor.errors import LayoutMismatch, RedisUnavailable
from forebay.governor.keys import LAYOUT
from forebay.governor.lane_scripts import ClaimArguments
from forebay.governor.states import Step
from tests.governor.driver import Lane
from tests.governor.lua_headers import arguments

ROOM = dict.fromkeys(Step, 9)


@pytest.fixture
def lanes(client: redis.Redis) -> list[Lane]:
    made = [Lane(client, f"{name}:test") for name in "abc"]
    for lane in made:
        lane.open(size=2, cap=1)
    return made


@pytest.fixture
def claiming(client: redis.Redis) -> Claiming:
    return Claiming(client, ClaimTerms(), lambda: 0.0)


def ask(claiming: Claiming, lanes: list[Lane]) -> list[list[str] | type]:
    answers = claiming.claim([AskedFor(lane.name, ROOM, believes=False) for lane in lanes])
    return [
        [claimed.run for claimed in answer.due[Step.SUBMIT]] if isinstance(answer, Claims) else type(answer)
        for answer in answers
    ]


def test_each_lane_hands_out_what_is_due_in_it(claiming: Claiming, lanes: list[Lane]) -> None:
    assert ask(claiming, lanes) == [["f/0"]] * 3
    assert ask(claiming, lanes) == [[]] * 3


def test_a_lane_that_cannot_be_served_says_so_and_the_others_answer(claiming: Claiming, lanes: list[Lane]) -> None:
    lanes[1].client.hset(lanes[1].keys.config, "layout", LAYOUT + 1)
    assert ask(claiming, lanes) == [["f/0"], LayoutMismatch, ["f/0"]]


def test_a_lane_gives_no_more_than_it_was_asked_for(claiming: Claiming, lanes: list[Lane]) -> None:
    (answer,) = claiming.claim([AskedFor(lanes[0].name, {Step.POLL: 9}, believes=False)])
    assert isinstance(answer, Claims)
    assert (answer.due, answer.sleep_ms) == ({step: [] for step in Step}, {})


def test_scripts_that_the_server_forgot_are_sent_again(valkey: redis.Redis) -> None:
    # Real only: fakeredis keeps scripts in the client.
    lanes = [Lane(valkey, f"{name}:test") for name in "abc"]
    for lane in lanes:
        lane.open(cap=1)
    claiming = Claiming(valkey, ClaimTerms(), lambda: 0.0)
    valkey.script_flush()
    assert ask(claiming, lanes) == [["f/0"]] * 3


def test_a_server_that_is_full_is_no_trouble_of_the_lanes(valkey: redis.Redis) -> None:
    lanes = [Lane(valkey, f"{name}:test") for name in "ab"]
    for lane in lanes:
        lane.open(cap=1)
    valkey.config_set("maxmemory", "1")
    try:
        with pytest.raises(RedisUnavailable, match="memory is full"):
            ask(Claiming(valkey, ClaimTerms(), lambda: 0.0), lanes)
    finally:
        valkey.config_set("maxmemory", "0")


def test_a_cluster_asks_one_after_the_other(
    lanes: list[Lane], claiming: Claiming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming._client, "pipeline", lambda **_: OneByOne(claiming._client), raising=False)
    lanes[1].client.hset(lanes[1].keys.config, "layout", LAYOUT + 1)
    assert ask(claiming, lanes) == [["f/0"], LayoutMismatch, ["f/0"]]


def test_what_is_sent_is_in_the_order_of_the_script() -> None:
    assert list(ClaimArguments._fields) == arguments("claim")
