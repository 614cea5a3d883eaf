"""The pump's one round: room, claim, publish, beat. Its ports are plain functions; no broker, no Redis."""

import dataclasses
import threading
from collections.abc import Sequence

import pytest

from forebay.governor.contract import Claimed
from forebay.governor.errors import LayoutMismatch, RedisUnavailable, WritesRefused
from forebay.governor.states import Step
from forebay.worker.agenda import LOOK_EVERY_S
from forebay.worker.pump import BEAT_EVERY_S, BUSY_RUNS, BUSY_SLEEP_S, DEAF_ROUND_S, ROOM_AGAIN_S, ROUND_S, Pump
from tests.worker.pump_ports import Recorder, due, nothing


class TestATick:
    def test_publishes_what_it_claimed_in_each_lane(self) -> None:
        recorder = Recorder(due(Step.DOWNLOAD, "b/0", "b/1"), due(Step.POLL, "c/7"))
        recorder.lanes = ["a:test", "z:live"]

        recorder.pump().tick()

        by_lane = dict(zip(recorder.trips[0], (Step.DOWNLOAD, Step.POLL), strict=True))
        assert {(lane, step) for step, lane, _ in recorder.published} == set(by_lane.items())

    def test_asks_many_lanes_in_one_round_trip(self) -> None:
        recorder = Recorder()
        recorder.lanes, recorder.free = [f"{at}:test" for at in range(200)], 1000

        recorder.pump().tick()

        assert [len(trip) for trip in recorder.trips] == [64, 64, 64, 8]

    def test_publishes_what_is_to_be_submitted_once_it_is_noted(self) -> None:
        recorder = Recorder(due(Step.SUBMIT, "b/0", "b/1"))
        pump = recorder.pump()

        pump.tick()
        assert (recorder.published, len(recorder.noting)) == ([], 1)
        pump.tick()
        pump.tick()

        assert recorder.published == [(Step.SUBMIT, "a:test", [Claimed("b/0", 1), Claimed("b/1", 1)])]

    def test_gives_more_to_those_that_come_soon_after_where_it_claimed_many(self) -> None:
        for runs in (BUSY_RUNS - 1, BUSY_RUNS):
            pump = Recorder(due(Step.POLL, *(f"b/{number}" for number in range(runs)))).pump()

            pump.tick()
            assert (pump.pause_s == BUSY_SLEEP_S) is (runs == BUSY_RUNS)
            pump.tick()
            assert pump.pause_s < BUSY_SLEEP_S

    def test_begins_by_giving_back_what_was_held_when_redis_went(self) -> None:
        recorder = Recorder()
        pump = recorder.pump()
        recorder.tick_that_fails(pump, "give_back", RedisUnavailable("gone"))
        assert recorder.asked == []

        pump.tick()
        assert (recorder.given_back, len(recorder.asked)) == (1, 1)

    def test_is_not_kept_by_a_lane_that_cannot_be_served(self) -> None:
        recorder = Recorder(LayoutMismatch("a newer release wrote it"), due(Step.POLL, "b/0"))
        recorder.lanes = ["a:test", "z:live"]
        pump = recorder.pump()

        pump.tick()
        assert len(recorder.published) == recorder.beats == 1
        recorder.now_s += 1
        pump.tick()
        assert len(recorder.asked) == 3, "it is asked again, in a moment"

    def test_says_that_the_process_lives_every_few_seconds(self) -> None:
        recorder = Recorder()
        recorder.lanes = []
        pump = recorder.pump()
        for _ in range(10):
            pump.tick()
        assert recorder.beats == 1
        recorder.now_s += BEAT_EVERY_S
        pump.tick()
        assert recorder.beats == 2

    def test_that_fails_does_not_say_that_the_process_lives(self) -> None:
        recorder = Recorder()

        recorder.tick_that_fails(recorder.pump(), "room", ConnectionError("the broker is gone"))

        assert recorder.beats == 0

    def test_that_fails_leaves_due_what_it_asked_for(self) -> None:
        recorder = Recorder(due(Step.POLL, "b/0"))
        pump = recorder.pump()
        recorder.tick_that_fails(pump, "claim", RedisUnavailable("gone"))

        pump.tick()

        assert [(each.lane, each.believes) for each in recorder.asked] == [("a:test", False)]
        assert len(recorder.published) == 1

    def test_publishes_what_the_broker_did_not_take_before(self) -> None:
        looks = [Claimed("b1/0", 1), Claimed("b1/1", 2)]
        recorder = Recorder(dataclasses.replace(nothing(), due={**nothing().due, Step.POLL: looks}))
        pump = recorder.pump()
        recorder.tick_that_fails(pump, "publish", OSError("no broker"))

        pump.tick()

        assert recorder.published == [(Step.POLL, "a:test", looks)]

    def test_publishes_a_sweep_that_is_due_and_again_if_the_broker_refuses(self) -> None:
        recorder = Recorder(dataclasses.replace(nothing(), sweep=7))
        pump = recorder.pump()
        recorder.tick_that_fails(pump, "sweep", OSError("no broker"))

        pump.tick()

        assert recorder.swept == [("a:test", 7)]


class TestWhenItAsks:
    def test_a_lane_again_when_its_claim_said_so_for_that_step_alone(self) -> None:
        recorder = Recorder(nothing(poll=300))
        pump = recorder.pump()

        assert pump.tick() == pytest.approx(0.3)
        recorder.now_s += 0.3
        pump.tick()

        assert [set(each.room) for each in recorder.asked] == [set(Step), {Step.POLL}]
        assert [each.believes for each in recorder.asked] == [False, True]

    def test_a_lane_for_which_a_bell_rings_at_once_or_when_that_said(self) -> None:
        recorder = Recorder()
        pump = recorder.pump()
        pump.tick()

        pump.ring(Step.SUBMIT, 0, "a:test")
        pump.ring(Step.POLL, 2000, "a:test")
        assert pump.tick() == pytest.approx(2)
        recorder.now_s += 2
        pump.tick()

        assert [set(each.room) for each in recorder.asked[1:]] == [{Step.SUBMIT}, {Step.POLL}]

    def test_a_lane_that_it_did_not_know_when_a_bell_rings_for_it(self) -> None:
        recorder = Recorder()
        pump = recorder.pump()
        pump.tick()
        pump.ring(Step.SUBMIT, 0, "new:test")
        pump.tick()
        assert recorder.asked[-1].lane == "new:test"

    def test_nothing_of_what_other_processes_carry_out(self) -> None:
        recorder = Recorder()
        pump = recorder.pump(serves=(Step.DOWNLOAD,))
        pump.tick()
        pump.ring(Step.SUBMIT, 0, "a:test")
        pump.tick()
        assert [set(each.room) for each in recorder.asked] == [{Step.DOWNLOAD}]
        assert recorder.audited == [], "who grants audits"

    def test_nothing_at_all_of_lanes_without_work(self) -> None:
        recorder = Recorder()
        recorder.lanes, recorder.stirs = [f"{at}:test" for at in range(500)], False
        pump = recorder.pump()
        for _ in range(100):
            recorder.now_s += pump.tick()
        assert (recorder.asked, recorder.audited, recorder.counted) == ([], [], 0)

    def test_every_lane_now_and_then_whatever_was_told_and_audits_it(self) -> None:
        recorder = Recorder()
        recorder.lanes = ["a:test", "z:live"]
        pump = recorder.pump()
        pump.tick()
        recorder.now_s += LOOK_EVERY_S
        pump.tick()
        assert sorted(recorder.audited) == ["a:test", "a:test", "z:live", "z:live"]
        assert not any(each.believes for each in recorder.asked)

    def test_all_at_once_when_it_begins_to_hear(self) -> None:
        recorder = Recorder()
        pump = recorder.pump()
        pump.tick()
        pump.hears(bells=True)
        pump.tick()
        assert len(recorder.asked) == 2, "what was rung before is lost"

    def test_all_all_the_time_while_it_hears_nothing(self) -> None:
        recorder = Recorder()
        pump = recorder.pump()
        pump.hears(bells=False)
        for _ in range(5):
            pump.tick()
            recorder.now_s += DEAF_ROUND_S
        assert len(recorder.asked) == 5

    def test_a_lane_that_waits_to_be_reconciled_all_the_time(self) -> None:
        recorder = Recorder(dataclasses.replace(nothing(), unreconciled=True))
        pump = recorder.pump()
        assert pump.tick() < 1

    def test_without_lanes_nobody_and_beats(self) -> None:
        recorder = Recorder()
        recorder.lanes = []
        assert recorder.pump().tick() == pytest.approx(ROUND_S)
        assert recorder.beats == 1


class TestRoom:
    def test_is_shared_among_the_lanes_that_are_asked_together(self) -> None:
        recorder = Recorder()
        recorder.lanes = ["a:test", "z:live"]
        recorder.pump().tick()
        assert [each.room[Step.DOWNLOAD] for each in recorder.asked] == [4, 4]

    def test_that_one_lane_took_is_no_longer_there_for_the_next(self) -> None:
        recorder = Recorder(due(Step.DOWNLOAD, "b/0", "b/1", "b/2", download=0))
        pump = recorder.pump(serves=(Step.DOWNLOAD,))
        pump.tick()
        assert [each.room[Step.DOWNLOAD] for each in recorder.asked] == [8, 5]

    def test_goes_to_the_lane_that_waits_longest(self) -> None:
        recorder = Recorder()
        recorder.lanes = [f"{at}:test" for at in range(6)]
        recorder.free = 2
        pump = recorder.pump(serves=(Step.POLL,))
        for _ in range(6):
            recorder.answers += [due(Step.POLL, "b/0", poll=0), due(Step.POLL, "b/0", poll=0)]
            pump.tick()
        lanes = [each.lane for each in recorder.asked]
        assert [sorted(lanes[:6]), sorted(lanes[6:])] == [sorted(recorder.lanes)] * 2, "each once before any twice"

    def test_that_is_used_up_keeps_no_lane_from_being_asked_for_other_steps(self) -> None:
        recorder = Recorder()
        pump = recorder.pump()
        pump._ports = dataclasses.replace(recorder.ports(), room=lambda step: 0 if step is Step.SUBMIT else 8)
        pump.tick()
        assert [set(each.room) for each in recorder.asked] == [{Step.POLL, Step.DOWNLOAD}]
        pump._ports = recorder.ports()
        pump.tick()
        assert set(recorder.asked[-1].room) == {Step.SUBMIT}


class TestTheThread:
    def test_goes_on_after_a_tick_that_failed(self, caplog: pytest.LogCaptureFixture) -> None:
        recorder = Recorder()
        broken = [True]

        def lanes() -> Sequence[str]:
            if broken.pop() if broken else False:
                raise ConnectionError("redis is gone")
            return recorder.lanes

        pump = Pump(dataclasses.replace(recorder.ports(), lanes=lanes))
        pump.start()
        try:
            assert recorder.ticked.wait(10), "the pump died with its first failed tick"
        finally:
            pump.stop().join(10)
        assert "pump tick failed" in caplog.text

    def test_goes_round_where_nobody_answers_and_says_that_it_does(self) -> None:
        recorder = Recorder()

        def gone() -> Sequence[str]:
            raise RedisUnavailable("nobody answers")

        pump = Pump(dataclasses.replace(recorder.ports(), lanes=gone))
        pump.start()
        try:
            assert recorder.rounds.acquire(timeout=10)
            pump.wake()
            assert recorder.rounds.acquire(timeout=10), "a pump that waits for Redis looks as if it hung"
        finally:
            pump.stop().join(10)
        assert recorder.beats == 0

    def test_is_woken_by_a_bell(self) -> None:
        recorder = Recorder()
        pump = Pump(recorder.ports())
        pump.hears(bells=True)
        pump.start()
        try:
            assert recorder.ticked.wait(10)
            recorder.ticked.clear()
            pump.ring(Step.SUBMIT, 0, "a:test")
            assert recorder.ticked.wait(10), "the pump slept on"
        finally:
            pump.stop().join(10)

    @pytest.mark.parametrize("is_full", [True, False])
    def test_is_woken_by_a_step_that_is_over_if_it_waits_for_room(
        self, monkeypatch: pytest.MonkeyPatch, *, is_full: bool
    ) -> None:
        monkeypatch.setattr("forebay.worker.pump.ROOM_AGAIN_S", 1000.0)
        monkeypatch.setattr("forebay.worker.pump.ROUND_S", 1000.0)
        monkeypatch.setattr("forebay.worker.pump.BEAT_EVERY_S", 1000.0)
        recorder = Recorder()
        recorder.free = 0 if is_full else 9
        pump = recorder.pump()
        pump.hears(bells=True)
        pump.start()
        try:
            assert recorder.rounds.acquire(timeout=10)
            pump.made_room()
            assert recorder.rounds.acquire(timeout=10 if is_full else 0.2) is is_full
        finally:
            pump.stop().join(10)

    def test_counts_room_again_that_was_made_while_it_ticked(self) -> None:
        recorder = Recorder()
        recorder.free = 0
        pump = recorder.pump()
        assert pump.tick() == ROOM_AGAIN_S
        pump._ports = dataclasses.replace(recorder.ports(), room=lambda _: pump.made_room() or 0)
        assert pump.tick() == 0

    def test_logs_once_that_redis_refuses_writes_and_goes_on_when_it_takes_them(
        self, caplog: pytest.LogCaptureFixture
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
            while not went_on.wait(0.01):
                pump.wake()
        finally:
            pump.stop().join(10)
        assert [record.message for record in caplog.records] == ["pump waits: its disk is full"]
