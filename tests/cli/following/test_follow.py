"""A batch that cannot get on says so in each mode, within seconds, and says when it gets on again."""

import json
import signal
from collections.abc import Iterator
from subprocess import Popen
from typing import Any

import pytest
import redis

from forebay.governor.deployment.heartbeats import Heartbeats
from tests.cli.conftest import Forebay, start, until
from tests.cli.worker import LANE, Hand


@pytest.fixture
def batch(deployed: redis.Redis, queries: list[str], forebay: Forebay) -> str:
    said = forebay("submit", *queries)
    assert said.code == 0, said.err
    return said.out.strip()


@pytest.fixture
def working(deployed: redis.Redis) -> None:
    """Says that a worker is alive; it is the test's own hand."""
    Heartbeats(deployed).beat("here", 60)


def _causes(forebay: Forebay, *arguments: str) -> dict[str, dict[str, Any]]:
    said = forebay(*arguments, "--json")
    return {event["cause"]: event for event in said.events if event["event"] == "cause"}


def test_that_nobody_works_is_told_by_each_command_with_the_way_to_start_one(batch: str, forebay: Forebay) -> None:
    for command in (("watch", batch, "--timeout", "0.1"), ("ls",), ("lanes",)):
        assert "no worker is alive, so nothing moves → start one with: forebay worker" in forebay(*command).err
        assert _causes(forebay, *command)["no_worker"]["next"] == "start one with: forebay worker"
    (*_, result) = forebay("watch", batch, "--timeout", "0.1", "--json").events
    assert (result["exit"], [cause["cause"] for cause in result["causes"]]) == (5, ["no_worker"])


def test_a_beat_is_no_worker(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    Heartbeats(deployed).beat("beat@here", 600)

    assert "no_worker" in _causes(forebay, "watch", batch, "--timeout", "0")
    assert "no worker is alive" in forebay("doctor").out


@pytest.mark.usefixtures("working")
def test_what_moves_has_nothing_in_its_way(batch: str, forebay: Forebay) -> None:
    for command in (("watch", batch, "--timeout", "0"), ("ls",), ("lanes",)):
        assert _causes(forebay, *command) == {}


@pytest.mark.usefixtures("working")
def test_a_create_that_breaks_again_and_again_is_told_in_each_mode(
    batch: str, deployed: redis.Redis, forebay: Forebay
) -> None:
    hand, run = Hand(deployed), f"{batch}/0"
    trouble = "provider (HTTP 500, req_123456)"

    def broke_often() -> bool:
        for custody in hand.begun(run):
            hand.governor.defer(custody, 0, trouble)
        return int(deployed.hget(hand.governor.keys.run(run), "tries") or 0) >= 3

    until(broke_often, "its create broke three times")

    for command in (("watch", batch, "--timeout", "0"), ("lanes",)):
        assert f"retrying: {trouble} (1 run, up to 3 tries)" in forebay(*command).err
        assert _causes(forebay, *command)["retrying"]["message"] == f"retrying: {trouble}"
    assert f"retrying: {trouble} (1 run, up to 3 tries)" in " ".join(forebay("doctor").out.split())


@pytest.mark.usefixtures("working")
def test_slots_of_runs_that_stripe_has_not_confirmed_are_not_alive(
    batch: str, deployed: redis.Redis, forebay: Forebay
) -> None:
    Hand(deployed).begin_one()

    (shown, *_) = forebay("ls", "--json").events
    assert (shown["starting"], shown["alive"]) == (2, 1)
    (lane, *_) = forebay("lanes", "--json").events
    assert (lane["held"], lane["starting"], lane["alive"]) == (3, 2, 1)
    assert "1 at Stripe, 2 starting" in forebay("lanes").out


@pytest.fixture
def followed(deployed: redis.Redis, queries: list[str]) -> Iterator["Popen[str]"]:
    """`run --json` of three queries, as a process, once they are accepted."""
    process = start("run", *queries, "--json")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _event(process: "Popen[str]", event: str, cause: str = "") -> dict[str, Any]:
    """Reads up to this event."""
    assert process.stdout
    for line in process.stdout:
        told: dict[str, Any] = json.loads(line)
        if told["event"] == event and told.get("cause", "") == cause:
            return told
    pytest.fail(f"there was no {event} {cause}")


@pytest.mark.system
@pytest.mark.usefixtures("working")
def test_a_redis_that_lost_its_data_is_told_and_that_it_was_restored_is_too(
    followed: "Popen[str]", deployed: redis.Redis, forebay: Forebay
) -> None:
    batch = _event(followed, "submitted")["batch"]
    deployed.flushall()

    lost = _event(followed, "cause", "batch_lost")
    assert f"it does not know batch {batch}" in lost["message"]
    assert "forebay rebuild" in lost["next"]
    assert forebay("rebuild").code == 0
    _event(followed, "cause_over", "batch_lost")
    followed.send_signal(signal.SIGTERM)
    assert _event(followed, "result")["exit"] == 143


@pytest.mark.system
def test_a_lane_that_is_paused_meanwhile_is_told_once(followed: "Popen[str]", forebay: Forebay) -> None:
    _event(followed, "submitted")
    assert forebay("pause", LANE, "--reason", "month end").code == 0

    assert "month end" in _event(followed, "cause", "lane_paused")["message"]
    assert forebay("resume", LANE).code == 0
    _event(followed, "cause_over", "lane_paused")
