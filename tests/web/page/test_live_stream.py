"""A stream brings what is new and nothing else; it says that it is there, and ends after a while."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from forebay.web.api.readings import LaneStates, PackedStates
from forebay.web.page import live_stream
from forebay.web.page.live_stream import LiveParts, StreamEnds
from tests.servers.processes import wait_until
from tests.web.page_served import Told, page_served


def states(packed: bytes) -> PackedStates:
    return PackedStates(lanes=(LaneStates(lane="acme:test", runs=2 * len(packed), packed=packed),))


def events(told: list[str]) -> list[tuple[str, Any]]:
    """Each event and its data."""
    parted = [each.strip().split("\n") for each in told]
    return [(kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for kind, data in parted]


def test_a_part_comes_when_it_has_changed() -> None:
    shown = {"head": "<p>1</p>", "facts": "<p>a</p>"}
    live = LiveParts(render=lambda: dict(shown))

    assert [data["name"] for _, data in events(live.changes())] == ["head", "facts"]
    assert live.changes() == []
    shown["head"] = "<p>2</p>"
    assert events(live.changes()) == [("part", {"name": "head", "html": "<p>2</p>"})]


def test_of_a_part_with_pieces_those_come_that_have_changed() -> None:
    def lane(number: int, held: int) -> str:
        return f'<div id="piece-lane-{number}"><!--[lane-{number}-->{held}<!--]--></div>'

    shown = {"lanes": lane(1, 5) + lane(2, 7)}
    live = LiveParts(render=lambda: dict(shown))
    live.changes()

    shown["lanes"] = lane(1, 5) + lane(2, 8)
    assert events(live.changes()) == [("piece", {"name": "lane-2", "html": "8"})]
    shown["lanes"] += lane(3, 1)
    assert [kind for kind, _ in events(live.changes())] == ["part"]


def test_after_much_was_told_a_page_is_told_less_often() -> None:
    assert [live_stream.pause_s(size) for size in (0, 20_000, 100_000, 10_000_000)] == [1.0, 1.0, 5.0, 15.0]


def test_cells_come_as_patches_of_what_the_tab_asked_for() -> None:
    now = [b"\x00" * 50_000]
    live = LiveParts(render=dict, states=lambda: states(now[0]))

    assert events(live.changes()) == [("begun", {})]
    now[0] = b"\x44" + now[0][1:]
    assert events(live.changes()) == [("cells", {"first": 0, "hex": "44"})]
    assert live.changes() == []


def read_first(client: httpx.Client, path: str, count: int) -> list[tuple[str, Any]]:
    told: list[str] = []
    with client.stream("GET", path) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert (answer.headers["x-accel-buffering"], answer.headers["cache-control"]) == ("no", "no-store")
        kind = ""
        for line in answer.iter_lines():
            if line.startswith("event:"):
                kind = line
            elif line.startswith("data:"):
                told.append(f"{kind}\n{line}")
            if len(told) == count:
                break
    return events(told)


def test_what_a_stream_brings_is_what_the_page_shows() -> None:
    told = Told(accounts={"accounts": []})
    with page_served(told) as client:
        ((kind, data),) = read_first(client, "/live/accounts", 1)
        page = client.get("/accounts").text

    assert (kind, data["name"]) == ("part", "account_list")
    assert data["html"] in page


def test_one_who_asks_for_what_is_not_there_gets_no_stream() -> None:
    with page_served(Told(accounts=OSError("away"))) as client:
        assert client.get("/live/accounts").status_code == 500
        assert client.get("/live/nothing").status_code == 404


def test_a_tab_that_was_told_of_trouble_learns_that_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "EVERY_S", 0.0)
    asked: list[int] = []

    def render() -> dict[str, str]:
        asked.append(1)
        if len(asked) == 2:
            raise OSError("away")
        return {"head": "<p>as before</p>"}

    ends = StreamEnds(monotonic_s=lambda: 0.0, stopping=lambda: len(asked) == 3)

    async def read() -> list[str]:
        return [str(each) async for each in live_stream.live_stream(LiveParts(render=render), ends).body_iterator]

    _, *told = asyncio.run(read())
    assert [kind for kind, _ in events(told)] == ["part", "trouble", "part"]


def test_those_who_look_share_one_reading() -> None:
    told = Told(accounts={"accounts": []})
    with page_served(told, monotonic_s=lambda: 0.0) as client:
        for _ in range(20):
            read_first(client, "/live/accounts", 1)

    assert told.asked.count("accounts") == 1


def test_there_are_no_more_streams_than_leave_others_their_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "MOST_STREAMS", 1)
    with page_served(Told(accounts={"accounts": []})) as client:
        with client.stream("GET", "/live/accounts") as first:
            lines = first.iter_lines()  # one that is let go closes its stream
            assert next(lines)
            assert client.get("/live/accounts").status_code == 503
            assert client.get("/accounts").status_code == 200
        wait_until(lambda: opens(client), "the first to have ended")


def test_nobody_has_more_streams_than_leave_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "MOST_STREAMS_EACH", 1)
    ends = StreamEnds(monotonic_s=lambda: 0.0, stopping=lambda: False)
    assert not ends.full("ana")
    ends.open_now["ana"] += 1
    assert ends.full("ana") and not ends.full("ben")

    with page_served(Told(accounts={"accounts": []})) as client:
        with client.stream("GET", "/live/accounts") as first:
            lines = first.iter_lines()
            assert next(lines)
            assert client.get("/live/accounts").status_code == 503
        wait_until(lambda: opens(client), "the first to have ended")


def opens(client: httpx.Client) -> bool:
    with client.stream("GET", "/live/accounts") as stream:
        return stream.status_code == 200
