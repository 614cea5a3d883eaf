"""Commands on a deployment whose worker is the test's own hand."""

from pathlib import Path
from typing import Any

import pytest
import redis

from forebay.governor.states import Gate
from tests.cli.conftest import Forebay
from tests.cli.worker import Hand

Queries = list[str]


@pytest.fixture
def batch(deployed: redis.Redis, queries: Queries, forebay: Forebay) -> str:
    """Three queries, accepted."""
    said = forebay("submit", *queries, "--to", "out")
    assert said.code == 0, said.err
    return said.out.strip()


def _settle(deployed: redis.Redis, *, failing: int = 0) -> None:
    hand = Hand(deployed)
    runs: list[Any] = []
    while len(runs) < 3:
        runs += hand.start()
    for at, custody in enumerate(runs):
        if at < failing:
            hand.fail(custody, f"line 1:{at}: no such column")
        else:
            hand.land(custody)


def test_submit_prints_the_id_alone_on_stdout(batch: str, forebay: Forebay) -> None:
    first, *_ = forebay("ls", "--json").events

    assert first["batch"] == batch
    assert first["state"] == "queued"
    assert first["runs"] == 3


def test_a_local_folder_is_made_absolute_since_workers_stand_elsewhere(
    batch: str, folder: Path, forebay: Forebay
) -> None:
    assert forebay("ls", "--json").events[0]["output"] == str(folder / "out")


def test_run_ends_with_5_when_the_wait_does(deployed: redis.Redis, queries: Queries, forebay: Forebay) -> None:
    said = forebay("run", *queries, "--timeout", "0.1", "--json")

    assert said.code == 5
    assert [event["event"] for event in said.events] == ["submitted", "cause", "result"]
    assert said.events[-1]["exit"] == 5
    assert said.events[-1]["next"] == f"forebay watch {said.events[0]['batch']}"


def test_watch_ends_with_0_when_all_landed(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    _settle(deployed)

    said = forebay("watch", batch)

    assert said.code == 0
    assert "3 of 3 runs landed" in said.out
    assert f"out/{batch}/" in said.out
    assert "300 B, 3 records" in said.out


def test_watch_ends_with_1_and_groups_failures_when_some_failed(
    batch: str, deployed: redis.Redis, forebay: Forebay
) -> None:
    _settle(deployed, failing=2)

    said = forebay("watch", batch, "--quiet")

    assert said.code == 1
    assert "sql: 2" in said.out
    assert "charges  line 1:0: no such column" in said.out
    assert f"forebay retry {batch} --failed" in said.out
    assert said.err == ""


def test_a_result_has_the_same_numbers_and_code_in_json(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    _settle(deployed, failing=1)

    said = forebay("watch", batch, "--json")

    (result,) = said.events
    assert (said.code, result["exit"]) == (1, 1)
    assert (result["landed"], result["failed"], result["bytes"]) == (2, 1, 200)


def test_show_lists_runs_and_their_failures(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    _settle(deployed, failing=1)

    everything = forebay("show", batch, "--json").events[:-1]
    failed = forebay("show", batch, "--failed", "--json").events[:-1]
    second = forebay("show", batch, "--limit", "1", "--page", "2", "--json").events[:-1]

    assert [(run["name"], run["state"]) for run in everything] == [
        ("charges", "failed"),
        ("fees", "landed"),
        ("refunds", "landed"),
    ]
    assert [run["failure"]["message"] for run in failed] == ["line 1:0: no such column"]
    assert [run["name"] for run in second] == ["fees"]


def test_show_of_one_run_says_all_about_it(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    _settle(deployed, failing=1)

    said = forebay("show", batch, "charges")

    assert said.code == 0
    assert "request_id   req_1" in said.out
    assert forebay("show", batch, "nobody").code == 2


def test_retry_takes_up_what_failed(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    _settle(deployed, failing=2)

    said = forebay("retry", batch, "--failed")

    assert said.code == 0
    assert "2 runs taken up again" in said.out
    assert forebay("ls", "--json").events[0]["failed"] == 0
    assert forebay("retry", batch, "--failed").out.startswith("nothing to retry")


def test_cancel_says_what_stripe_goes_on_doing(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    Hand(deployed).start(most=1)

    said = forebay("cancel", batch)

    assert said.code == 0
    assert "cannot be stopped" in said.out
    assert "Nothing of them lands" in said.out
    assert "canceled before" in forebay("cancel", batch).out
    assert forebay("ls", "--json").events[0]["state"] == "canceling"


def test_an_unknown_batch_is_said_to_be_one(deployed: redis.Redis, forebay: Forebay) -> None:
    for command in (["watch"], ["show"], ["cancel"], ["retry", "--failed"]):
        said = forebay(*command, "20200101-000000-abcde")

        assert said.code == 2
        assert "`forebay ls` lists them" in said.err


def test_a_key_that_is_refused_on_the_way_ends_with_4_and_says_how_to_go_on(
    batch: str, deployed: redis.Redis, forebay: Forebay, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A deployment's key may be with its workers only: then nobody here can say that it is good again.
    monkeypatch.delenv("STRIPE_API_KEY")
    Hand(deployed).governor.close_gate(Gate.AUTH, first_ms=60_000, longest_ms=60_000, reason="The key was rolled.")

    said = forebay("watch", batch)

    assert said.code == 4
    assert "The key was rolled." in said.err
    assert f"forebay watch {batch}" in said.err


def test_a_key_that_is_good_again_opens_the_lane_at_once(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    hand = Hand(deployed)
    hand.governor.close_gate(Gate.AUTH, first_ms=60_000, longest_ms=60_000, reason="The key was rolled.")

    assert forebay("watch", batch, "--timeout", "0").code == 5
    assert hand.start()


def test_watch_restores_a_batch_that_redis_lost(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    deployed.flushall()

    said = forebay("watch", batch, "--timeout", "0")

    assert said.code == 5
    assert "restoring it from the ledger" in said.err
    assert deployed.hget(Hand(deployed).governor.keys.flow(batch), "size") == "3"


def test_a_closed_gate_is_told_with_its_reason(batch: str, deployed: redis.Redis, forebay: Forebay) -> None:
    Hand(deployed).governor.close_gate(Gate.CAP, first_ms=8_000, longest_ms=8_000, reason="Too many query runs.")

    said = forebay("watch", batch, "--timeout", "0")

    assert "Stripe refuses more runs, its cap is full" in said.err
    assert "Too many query runs." in said.err


def test_cap_reaches_the_lane(deployed: redis.Redis, queries: Queries, forebay: Forebay) -> None:
    forebay("submit", *queries, "--cap", "2")

    assert deployed.zcard(Hand(deployed).governor.keys.slots) == 2


def test_rebuild_brings_back_what_redis_lost_and_then_has_nothing_to_do(
    batch: str, deployed: redis.Redis, forebay: Forebay
) -> None:
    deployed.flushall()

    first, again = forebay("rebuild", "--json"), forebay("rebuild")

    restored, result = first.events
    assert (restored["batch"], restored["runs"], restored["waiting"]) == (batch, 3, 3)
    assert result["flows"] == 1
    assert again.out == ""
    assert "nothing to bring back" in again.err
    assert forebay("ls", "--json").events[0]["batch"] == batch
