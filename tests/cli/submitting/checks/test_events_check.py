"""What `doctor` says of how ends come to be known."""

import pytest
import redis

from forebay.governor.keys import LaneKeys
from tests.cli.conftest import Forebay, Said
from tests.cli.stripe import EndlessStripe
from tests.cli.worker import LANE


def rows(said: Said) -> dict[str, tuple[str, str]]:
    return {row["check"]: (row["verdict"], row["message"]) for row in said.events if row["event"] == "check"}


def test_a_list_that_answers_is_well(deployed: redis.Redis, forebay: Forebay) -> None:
    found = rows(forebay("doctor", "--json"))

    assert found["events"][0] == "ok"
    assert "ends" not in found, "no lane was used yet"


@pytest.mark.parametrize("status", [403, 404])
def test_a_list_that_is_refused_is_a_warning_and_stops_nothing(
    status: int, deployed: redis.Redis, forebay: Forebay, endless: EndlessStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endless, "events", (status, {"error": {"message": "not for you", "code": "no_events"}}))

    said = forebay("doctor", "--json")

    verdict, message = rows(said)["events"]
    assert (verdict, said.events[-1]["failed"]) == ("warning", 0)
    assert "ends are found by looking" in message and f"HTTP {status}" in message


def test_of_a_lane_that_was_used_it_says_how_its_ends_were_known_and_how_late(
    deployed: redis.Redis, queries: list[str], forebay: Forebay
) -> None:
    assert forebay("submit", *queries).code == 0
    told = {"told": 49, "missed": 1, "lag_events_ms": 61_000, "lags_events": 49, "delay_ms": 40_000, "delays": 49}
    deployed.hset(LaneKeys(LANE).feed, mapping=told)

    assert rows(forebay("doctor", "--json"))["ends"] == (
        "ok",
        f"{LANE}: told by Stripe's list of events; 98% told, 0.8 s late; freed after 1.2 s (events)",
    )


def test_events_that_tell_of_nothing_are_a_warning(deployed: redis.Redis, queries: list[str], forebay: Forebay) -> None:
    assert forebay("submit", *queries).code == 0
    deployed.hset(LaneKeys(LANE).feed, mapping={"missed": 40})

    assert rows(forebay("doctor", "--json"))["ends"] == (
        "warning",
        f"{LANE}: found by looking; events do not tell of most ends",
    )
