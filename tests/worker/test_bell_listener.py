"""The thread that hears bells: it says whether it hears, and listens again. On a real Valkey, and on nothing."""

import threading
from collections.abc import Iterator

import pytest
import redis

from forebay.governor.bell import Rung, listen
from forebay.governor.errors import GovernorError, RedisUnavailable
from forebay.governor.keys import BELL
from forebay.governor.redis_client import Client
from forebay.governor.states import Step
from forebay.worker import bell_listener
from forebay.worker.bell_listener import BellListener
from tests.governor.driver import Lane
from tests.servers.processes import wait_until


class Heard:
    """What a pump would hear."""

    def __init__(self) -> None:
        self.bells: list[Rung] = []
        self.hears: list[bool] = []

    def listener(self, client: Client) -> BellListener:
        return BellListener(lambda stopping: listen(client, stopping), self.bells.append, self.hears.append)


@pytest.fixture
def heard(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    monkeypatch.setattr(bell_listener, "AGAIN_S", 0.01)
    made = Heard()
    listener = made.listener(valkey)
    listener.start()
    wait_until(lambda: made.hears == [True], "it to hear")
    yield made
    listener.stop()


def test_what_a_lane_rings_is_heard(valkey: redis.Redis, heard: Heard) -> None:
    Lane(valkey, "a b:test").open(cap=1)
    wait_until(lambda: heard.bells == [Rung(Step.SUBMIT, 0, "a b:test")], "the bell")


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "submit",
        "submit soon a:test",
        "submit -1 a:test",
        "pool 5 a:test",
        f"poll {9**400} a:test",
        f"poll {'9' * 5000} a",
    ],
    ids=lambda junk: junk[:20],
)
def test_what_is_no_bell_is_passed_over(valkey: redis.Redis, heard: Heard, junk: str) -> None:
    valkey.publish(BELL, junk)
    valkey.publish(BELL, "poll 5 a:test")
    wait_until(lambda: heard.bells == [Rung(Step.POLL, 5, "a:test")], "the bell after it, and no other")
    assert heard.hears == [True], "what somebody published ended the line"


def test_a_line_that_breaks_is_another_beginning(valkey: redis.Redis, heard: Heard) -> None:
    valkey.client_kill_filter(_type="pubsub")
    wait_until(lambda: heard.hears[-1] and len(heard.hears) > 1, "it to hear again")
    valkey.publish(BELL, "poll 5 a:test")
    wait_until(lambda: heard.bells == [Rung(Step.POLL, 5, "a:test")], "the bell after it")


def test_who_may_not_listen_is_told_of_once_and_the_pump_goes_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bell_listener, "AGAIN_S", 0.001)
    tries = threading.Semaphore(0)

    def refused(_: object) -> Iterator[Rung | None]:
        tries.release()
        raise GovernorError("Redis refuses a command that Forebay needs: no permissions to access the channel")

    heard = Heard()
    listener = BellListener(refused, heard.bells.append, heard.hears.append)
    listener.start()
    for _ in range(5):
        assert tries.acquire(timeout=10)
    listener.stop()
    assert set(heard.hears) == {False}
    assert len(caplog.records) == 1
    assert "no bell is heard" in caplog.text


def test_a_server_that_stops_answering_is_found_out(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forebay.governor.bell._LOOK_UP_S", 0.001)
    listening = listen(valkey, lambda: False)
    assert next(listening) is None
    assert listening.gi_frame is not None
    listening.gi_frame.f_locals["heard"].health_check_response_counter = 1
    with pytest.raises(RedisUnavailable, match="gives no answer"):
        next(listening)
