"""Whoever waits for a batch is answered when it ends, and holds no thread until then."""

from __future__ import annotations

import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from forebay.web.api import end_watch
from tests.web.page_served import Told, page_served

#: Longer than any test may take.
LONG = "/api/v1/batches/b1?wait=60"


class Ending(Told):
    """Readings in which a batch ends when a test says so; counts who looks at once."""

    def __init__(self) -> None:
        super().__init__()
        self.ended, self.looked = threading.Event(), threading.Event()
        self._now = 0
        self.most_at_once = 0

    def over(self, batch_ids: Collection[str]) -> Collection[str]:
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        self.looked.set()
        self._now -= 1
        return batch_ids if self.ended.is_set() else ()


def test_an_answer_comes_when_it_ended() -> None:
    told = Ending()
    with page_served(told) as client, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(client.get, LONG)
        assert told.looked.wait(30)
        assert "batch" not in told.asked, "it is read once there is something to say"
        told.ended.set()
        assert waiting.result(30).json()["of"] == "batch"


def test_what_has_ended_is_answered_at_once_and_what_has_not_when_the_wait_is_over() -> None:
    told = Told(over=["b1"])
    with page_served(told) as client:
        assert client.get(LONG).status_code == 200
        assert client.get("/api/v1/batches/b2?wait=0").status_code == 200
        assert client.get("/api/v1/batches/b2?wait=1").status_code == 200


def test_who_waited_is_not_told_what_was_read_before_the_end() -> None:
    told = Told(over=["b1"])
    with page_served(told, monotonic_s=lambda: 0.0) as client:  # what was read is good for ever
        client.get("/api/v1/batches/b1")
        client.get("/api/v1/batches/b1")
        assert told.asked.count("batch") == 1
        client.get(LONG)
        client.get(LONG)

    assert told.asked.count("batch") == 2, "once before the end, and once for all who waited for it"


def test_however_many_wait_others_are_answered_and_one_at_a_time_looks() -> None:
    told, many = Ending(), 100  # more than there are threads for requests
    with page_served(told) as client, ThreadPoolExecutor(many) as threads:
        limits = httpx.Limits(max_connections=None)
        with httpx.Client(base_url=client.base_url, timeout=60, limits=limits) as others:
            waiting = [threads.submit(others.get, f"/api/v1/batches/b{number}?wait=60") for number in range(many)]
            assert told.looked.wait(30)
            assert client.get("/api/v1/lanes").status_code == 200
            told.ended.set()
            assert {each.result(60).status_code for each in waiting} == {200}
    assert told.most_at_once == 1


def test_where_too_many_wait_the_next_one_is_answered_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(end_watch, "MOST_WAITING", 1)
    told = Ending()
    with page_served(told) as client, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(client.get, LONG)
        assert told.looked.wait(30)
        assert client.get(LONG).status_code == 200
        assert not waiting.done()
        told.ended.set()
        assert waiting.result(30).status_code == 200


def test_who_waits_is_answered_when_the_process_is_to_end() -> None:
    told = Ending()
    with ThreadPoolExecutor(1) as threads:
        with page_served(told) as client:
            waiting = threads.submit(httpx.get, client.base_url.join(LONG), timeout=60, trust_env=False)
            assert told.looked.wait(30)
        assert waiting.result(30).status_code == 200


def test_whose_caller_has_gone_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(end_watch, "MOST_WAITING", 1)
    told = Ending()
    with page_served(told) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(LONG, timeout=0.5)
        assert told.looked.wait(30)
        told.looked.clear()
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(client.get, "/api/v1/batches/b2?wait=60")
            assert told.looked.wait(30), "there is room for another one"
            told.ended.set()
            assert waiting.result(30).status_code == 200


@pytest.mark.parametrize("wait", ["61", "-1", "1.5", "long"])
def test_a_wait_has_its_bounds(wait: str) -> None:
    with page_served(Told()) as client:
        answer = client.get(f"/api/v1/batches/b1?wait={wait}")

    assert (answer.status_code, answer.json()["title"]) == (400, "wait is a whole number from 0 to 60")
