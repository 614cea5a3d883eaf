"""The pump's one round: room, claim, publish, beat. Its ports are plain functions; no broker, no Redis."""

import dataclasses
import threading
from collections.abc import Sequence

import pytest

from forebay.governor.contract import Claimed, Claims
from forebay.governor.errors import LayoutMismatch, RedisUnavailable, WritesRefused
from forebay.governor.states import Step
from forebay.worker.pump import AUDIT_EVERY_ROUNDS, LONGEST_SLEEP_MS, Ports, Pump


class Recorder:
    """Ports that answer as told and remember what was asked of them."""

    def __init__(self, *answers: Claims) -> None:
        self.answers = list(answers)
        self.claims: list[tuple[str, dict[Step, int]]] = []
        self.noting: list[tuple[str, list[Claimed]]] = []
        self.published: list[tuple[Step, str, list[Claimed]]] = []
        self.swept: list[tuple[str, int]] = []
        self.beats = 0
        self.given_back = 0
        self.audited: list[str] = []
        self.lanes: Sequence[str] = ["a:test"]
        self.ticked = threading.Event()

    def claim(self, lane: str, room: dict[Step, int]) -> Claims:
        self.claims.append((lane, dict(room)))
        self.ticked.set()
        return self.answers.pop(0) if self.answers else nothing()

    def give_back(self) -> None:
        self.given_back += 1

    def note(self, lane: str, runs: Sequence[Claimed]) -> None:
        self.noting.append((lane, list(runs)))

    def noted(self) -> Sequence[tuple[str, list[Claimed]]]:
        noted, self.noting = self.noting, []
        return noted

    def publish(self, step: Step, lane: str, runs: Sequence[Claimed]) -> None:
        self.published.append((step, lane, list(runs)))

    def beat(self) -> None:
        self.beats += 1

    def ports(self) -> Ports:
        return Ports(
            give_back=self.give_back,
            lanes=lambda: self.lanes,
            claim=self.claim,
            room=lambda _: 8,
            note=self.note,
            noted=self.noted,
            publish=self.publish,
            sweep=lambda lane, fence: self.swept.append((lane, fence)),
            audit=self.audited.append,
            beat=self.beat,
        )


def nothing(sleep_ms: int = 400) -> Claims:
    return Claims({Step.POLL: sleep_ms}, {step: [] for step in Step}, sweep=None, unreconciled=False)


def due(step: Step, *runs: str, sleep_ms: int = 400) -> Claims:
    claims = nothing(sleep_ms)
    claims.due[step] = [Claimed(run, 1) for run in runs]
    return claims


def test_a_round_publishes_what_it_claimed_in_each_lane() -> None:
    recorder = Recorder(due(Step.DOWNLOAD, "b/0", "b/1"), due(Step.POLL, "c/7"))
    recorder.lanes = ["a:test", "z:live"]

    Pump(recorder.ports()).tick()

    assert recorder.published == [
        (Step.DOWNLOAD, "a:test", [Claimed("b/0", 1), Claimed("b/1", 1)]),
        (Step.POLL, "z:live", [Claimed("c/7", 1)]),
    ]


def test_what_is_to_be_submitted_is_published_once_it_is_noted() -> None:
    recorder = Recorder(due(Step.SUBMIT, "b/0", "b/1"))
    pump = Pump(recorder.ports())

    pump.tick()
    assert (recorder.published, len(recorder.noting)) == ([], 1)
    pump.tick()
    pump.tick()

    assert recorder.published == [(Step.SUBMIT, "a:test", [Claimed("b/0", 1), Claimed("b/1", 1)])]


def test_what_one_lane_took_is_no_longer_room_for_the_next() -> None:
    recorder = Recorder(due(Step.DOWNLOAD, "b/0", "b/1", "b/2"))
    recorder.lanes = ["a:test", "z:live"]

    Pump(recorder.ports()).tick()

    assert recorder.claims[1][1][Step.DOWNLOAD] == 5


def test_it_sleeps_as_long_as_the_most_impatient_lane_allows() -> None:
    recorder = Recorder(nothing(400), nothing(30))
    recorder.lanes = ["a:test", "z:live"]

    assert Pump(recorder.ports()).tick() == pytest.approx(0.03)


def test_without_lanes_it_still_beats_and_sleeps() -> None:
    recorder = Recorder()
    recorder.lanes = []

    assert Pump(recorder.ports()).tick() == pytest.approx(LONGEST_SLEEP_MS / 1000)
    assert recorder.beats == 1


def test_every_lane_is_audited_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    recorder.lanes = ["a:test", "z:live"]
    pump = Pump(recorder.ports())

    for _ in range(AUDIT_EVERY_ROUNDS + 1):
        pump.tick()

    assert sorted(recorder.audited) == ["a:test", "a:test", "z:live", "z:live"]


def test_a_lane_that_cannot_be_served_does_not_stand_before_the_others() -> None:
    recorder = Recorder()
    recorder.lanes = ["a:test", "z:live"]

    def claim(lane: str, room: dict[Step, int]) -> Claims:
        if lane == "a:test":
            raise LayoutMismatch("a newer release wrote it")
        return due(Step.POLL, "b/0")

    Pump(dataclasses.replace(recorder.ports(), claim=claim)).tick()

    assert [lane for _, lane, _ in recorder.published] == ["z:live"]
    assert recorder.beats == 1


def test_another_lane_begins_each_round() -> None:
    recorder = Recorder()
    recorder.lanes = ["a:test", "z:live"]
    pump = Pump(recorder.ports())

    pump.tick()
    pump.tick()

    assert [lane for lane, _ in recorder.claims] == ["a:test", "z:live", "z:live", "a:test"]


def test_a_round_that_fails_is_not_the_last(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    broken = [True]

    def lanes() -> Sequence[str]:
        if broken.pop() if broken else False:
            raise ConnectionError("redis is gone")
        return recorder.lanes

    ports = recorder.ports()
    pump = Pump(dataclasses.replace(ports, lanes=lanes))
    pump.start()
    try:
        assert recorder.ticked.wait(10), "the pump died with its first failed round"
    finally:
        pump.stop().join(10)
    assert "pump tick failed" in caplog.text


def test_a_round_that_fails_does_not_say_that_the_process_lives() -> None:
    recorder = Recorder()

    def fail(*_: object) -> int:
        raise ConnectionError("the broker is gone")

    with pytest.raises(ConnectionError):
        Pump(dataclasses.replace(recorder.ports(), room=fail)).tick()
    assert recorder.beats == 0


def test_waking_makes_the_next_round_come_before_the_sleep_is_over() -> None:
    recorder = Recorder(nothing(3_600_000))
    pump = Pump(recorder.ports())
    pump.start()
    try:
        assert recorder.ticked.wait(10)
        recorder.ticked.clear()
        pump.wake()
        assert recorder.ticked.wait(10), "the pump slept on"
    finally:
        pump.stop().join(10)


def test_a_redis_that_refuses_writes_is_logged_once_and_gone_on_with_when_it_takes_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorder = Recorder()
    refused = [WritesRefused("its disk is full")] * 3
    went_on = threading.Event()

    def beat() -> None:
        if refused:
            raise refused.pop()
        went_on.set()

    pump = Pump(dataclasses.replace(recorder.ports(), beat=beat))
    pump.start()
    try:
        while not went_on.is_set():
            recorder.ticked.wait(10)
            pump.wake()
        assert went_on.wait(10)
    finally:
        pump.stop().join(10)
    assert [record.message for record in caplog.records] == ["pump waits: its disk is full"]


def test_what_the_broker_does_not_take_is_published_with_the_next_round() -> None:
    looks = [Claimed("b1/0", 1), Claimed("b1/1", 2)]
    recorder = Recorder(dataclasses.replace(nothing(), due={**nothing().due, Step.POLL: looks}))

    def refuse(*_: object) -> None:
        raise OSError("no broker")

    pump = Pump(dataclasses.replace(recorder.ports(), publish=refuse))
    with pytest.raises(OSError, match="no broker"):
        pump.tick()
    pump._ports = recorder.ports()
    pump.tick()

    assert recorder.published == [(Step.POLL, "a:test", looks)]


def test_a_sweep_that_is_due_is_published_and_again_if_the_broker_refuses() -> None:
    recorder = Recorder(dataclasses.replace(nothing(), sweep=7))

    def refuse(*_: object) -> None:
        raise OSError("no broker")

    pump = Pump(dataclasses.replace(recorder.ports(), sweep=refuse))
    with pytest.raises(OSError, match="no broker"):
        pump.tick()
    pump._ports = recorder.ports()
    pump.tick()

    assert recorder.swept == [("a:test", 7)]


def test_a_round_begins_by_giving_back_what_was_held_when_redis_went() -> None:
    recorder = Recorder()

    def gone() -> None:
        raise RedisUnavailable("gone")

    pump = Pump(dataclasses.replace(recorder.ports(), give_back=gone))
    with pytest.raises(RedisUnavailable):
        pump.tick()
    assert recorder.claims == []
    Pump(recorder.ports()).tick()
    assert (recorder.given_back, len(recorder.claims)) == (1, 1)
