"""A clock of Redis that is set, back or forward: a lane goes on, learns no nonsense, and no slot is freed early.

Real only, with the product's scripts as they are but for where they take the time from.
"""

from collections.abc import Iterator

import pytest
import redis

from forebay.governor import scripts
from forebay.governor.contract import Custody
from forebay.governor.durations import Durations
from forebay.governor.errors import RedisUnavailable
from forebay.governor.governor import Governor
from forebay.governor.lane_scripts import LaneScripts
from forebay.governor.states import Gate, RunState, Step
from tests.governor.driver import Lane
from tests.governor.lua_headers import OF_A_LANE
from tests.interleaving.seams import CLOCK, source_with_our_clock

MINUTE_MS, HOUR_MS = 60_000, 3_600_000


class ClockedLane(Lane):
    """A lane whose server's clock a test sets, and whose processes have a clock of their own that nobody can set."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(client)
        self.own_ms = 0
        self.redis_ms = 1_795_000_000_000
        self.governor = self.another_process()
        self._tell()

    def another_process(self) -> Governor:
        return Governor(self.client, self.name, lambda: self.own_ms / 1000)

    def pass_time(self, ms: int) -> None:
        self.own_ms += ms
        self.set_clock(ms)

    def set_clock(self, by_ms: int) -> None:
        self.redis_ms += by_ms
        self._tell()

    def _tell(self) -> None:
        self.client.delete(CLOCK)
        self.client.rpush(CLOCK, self.redis_ms // 1000, self.redis_ms % 1000 * 1000)

    def pump(self, *governors: Governor) -> None:
        """One round of each process's pump that finds nothing to hand out, half a second after the last one."""
        self.pass_time(500)
        for governor in governors or (self.governor,):
            governor.claim(submits=0, downloads=0, polls=0)

    def wait(self, ms: int) -> None:
        """Time in which pumps go round."""
        for _ in range(ms // 500):
            self.pump()

    def pump_and_be_cut_off(self) -> None:
        """One round, of a pump that cannot say that the clock has jumped: Redis is gone when it would."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LaneScripts, "move_clock", _unavailable)
            with pytest.raises(RedisUnavailable):
                self.pump()

    def due_after_ms(self, step: Step, run: str) -> float:
        score = self.client.zscore(self.keys.due(step), run)
        assert score is not None
        return float(score) - self.redis_ms


def _unavailable(*_: object, **__: object) -> bool:
    raise RedisUnavailable("cut off")


@pytest.fixture
def clocked(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClockedLane]:
    texts = {name: source_with_our_clock(name) for name in OF_A_LANE}
    monkeypatch.setattr(scripts, "source", texts.__getitem__)
    lane = ClockedLane(valkey)
    yield lane
    valkey.delete(CLOCK)


def run_for(lane: ClockedLane, ms: int) -> Custody:
    """A run that was created so long ago, and is in the hands of a look."""
    custody = lane.hold(Step.SUBMIT)
    assert lane.governor.mark_sent(custody, "key")
    assert lane.governor.bind(custody, "qr_1", 0)
    lane.wait(ms)
    return lane.hold(Step.POLL)


class TestBack:
    def test_what_is_due_in_a_second_still_is(self, clocked: ClockedLane) -> None:
        clocked.open(size=2, cap=1)
        clocked.pump()
        assert clocked.governor.defer(clocked.hold(Step.SUBMIT), 1_000)
        clocked.set_clock(-10 * MINUTE_MS)
        clocked.pump()
        assert clocked.due_after_ms(Step.SUBMIT, "f/0") == pytest.approx(1_000, abs=1_500)
        clocked.wait(3_000)
        assert clocked.hold(Step.SUBMIT).run == "f/0"

    def test_the_first_script_that_runs_finds_it_out(self, clocked: ClockedLane) -> None:
        clocked.open(size=1, cap=1)
        clocked.pump()
        custody = clocked.hold(Step.SUBMIT)
        clocked.set_clock(-10 * MINUTE_MS)
        assert clocked.governor.bind(custody, "qr_1", 1_000)
        assert clocked.due_after_ms(Step.POLL, "f/0") == 1_000
        clocked.pass_time(1_500)
        assert clocked.hold(Step.POLL).since_create_ms == 1_500

    def test_ages_go_on(self, clocked: ClockedLane) -> None:
        clocked.open(cap=1)
        custody = run_for(clocked, 20_000)
        assert clocked.governor.defer(custody, 0)
        clocked.set_clock(-HOUR_MS)
        clocked.wait(5_000)
        held = clocked.hold(Step.POLL)
        assert held.since_create_ms == pytest.approx(25_000, abs=1_500)
        assert held.since_poll_ms == pytest.approx(5_000, abs=1_500)

    def test_budgets_gates_and_ageing_go_on(self, clocked: ClockedLane) -> None:
        clocked.configure(9, creates_per_s=4)
        clocked.open(size=9)
        clocked.pump()
        assert len(clocked.claim(Step.SUBMIT)) == 2
        clocked.governor.close_gate(Gate.CREATE, first_ms=2_000, longest_ms=2_000, reason="too many")
        clocked.set_clock(-10 * MINUTE_MS)
        clocked.wait(5_000)
        assert len(clocked.claim(Step.SUBMIT)) == 1

    def test_less_than_a_second_is_no_matter(self, clocked: ClockedLane) -> None:
        clocked.open(cap=1)
        clocked.pump()
        clocked.set_clock(-900)
        clocked.pump()
        assert clocked.view.clock_moved is None


class TestForward:
    def test_ages_count_only_what_passed(self, clocked: ClockedLane) -> None:
        clocked.open(cap=1)
        assert clocked.governor.defer(run_for(clocked, 20_000), 0)
        clocked.set_clock(2 * HOUR_MS)
        clocked.pump()
        held = clocked.hold(Step.POLL)
        assert held.since_create_ms == pytest.approx(20_500, abs=600)
        took = held.took(None)
        assert took is not None
        assert took.ln_s < 3.1, "twenty seconds"

    def test_what_was_due_in_a_minute_still_is_and_what_was_noted_since_stays(self, clocked: ClockedLane) -> None:
        clocked.open(size=2, cap=2)
        clocked.pump()
        before, since = clocked.hold_all(Step.SUBMIT)
        assert clocked.governor.defer(before, MINUTE_MS)
        clocked.set_clock(2 * HOUR_MS)
        assert clocked.governor.defer(since, MINUTE_MS)
        clocked.pump()
        for run in ("f/0", "f/1"):
            assert clocked.due_after_ms(Step.SUBMIT, run) == pytest.approx(MINUTE_MS, abs=600)

    def test_a_step_that_begins_before_a_pump_has_noticed_sees_no_old_run(self, clocked: ClockedLane) -> None:
        clocked.open(cap=1)
        assert clocked.governor.defer(run_for(clocked, 20_000), 0)
        (claimed,) = clocked.claim(Step.POLL)
        clocked.set_clock(2 * HOUR_MS)
        held = clocked.begin(Step.POLL, claimed)
        assert held.since_create_ms is not None
        assert held.since_create_ms < 2 * MINUTE_MS

    def test_a_step_that_begins_between_a_pumps_claim_and_its_word_sees_no_old_run(self, clocked: ClockedLane) -> None:
        clocked.open(cap=1)
        assert clocked.governor.defer(run_for(clocked, 20_000), 0)
        (claimed,) = clocked.claim(Step.POLL)
        clocked.set_clock(2 * HOUR_MS)
        clocked.pump_and_be_cut_off()
        held = clocked.begin(Step.POLL, claimed)
        assert held.since_create_ms is not None
        assert held.since_create_ms < 2 * MINUTE_MS

    def test_a_pump_that_could_not_say_so_says_it_with_its_next_round(self, clocked: ClockedLane) -> None:
        clocked.open(cap=1)
        assert clocked.governor.defer(run_for(clocked, 20_000), 0)
        clocked.set_clock(2 * HOUR_MS)
        clocked.pump_and_be_cut_off()
        clocked.pump()
        assert clocked.hold(Step.POLL).since_create_ms == pytest.approx(21_000, abs=600)

    def test_two_pumps_that_see_it_move_the_lane_once(self, clocked: ClockedLane) -> None:
        clocked.open(cap=1)
        assert clocked.governor.defer(run_for(clocked, 20_000), 0)
        both = (clocked.governor, clocked.another_process())
        clocked.pump(*both)
        clocked.set_clock(2 * HOUR_MS)
        clocked.pump(*both)
        clocked.pump(*both)
        assert clocked.hold(Step.POLL).since_create_ms == pytest.approx(21_500, abs=600)
        moved = clocked.view.clock_moved
        assert moved is not None
        assert (moved.by_ms, moved.times) == (pytest.approx(2 * HOUR_MS, abs=600), 1)

    def test_a_process_that_was_suspended_while_others_went_on_moves_nothing(self, clocked: ClockedLane) -> None:
        clocked.open(cap=1)
        assert clocked.governor.defer(run_for(clocked, 20_000), 0)
        stopped_s = clocked.own_ms / 1000
        suspended = Governor(clocked.client, clocked.name, lambda: stopped_s)
        suspended.claim(submits=0, downloads=0, polls=0)
        clocked.wait(10 * MINUTE_MS)
        suspended.claim(submits=0, downloads=0, polls=0)
        assert clocked.view.clock_moved is None
        assert clocked.hold(Step.POLL).since_create_ms == 10 * MINUTE_MS + 20_000
        clocked.pass_time(10 * MINUTE_MS)
        stopped_s += 10 * 60
        for _ in range(2):
            claims = suspended.claim(submits=0, downloads=0, polls=1)
        assert len(claims.due[Step.POLL]) == 1, "it serves the lane as before"

    def test_an_hour_in_which_nothing_ran_is_an_hour(self, clocked: ClockedLane) -> None:
        clocked.open(cap=1)
        assert clocked.governor.defer(run_for(clocked, 20_000), 0)
        clocked.pass_time(HOUR_MS)
        clocked.pump()
        assert clocked.view.clock_moved is None
        assert clocked.hold(Step.POLL).since_create_ms == pytest.approx(HOUR_MS + 20_500, abs=600)

    def test_two_clocks_of_which_one_is_a_little_faster_are_no_jump_after_a_day(self, clocked: ClockedLane) -> None:
        clocked.configure(1)
        clocked.pump()
        clocked.pass_time(24 * HOUR_MS)
        clocked.set_clock(20_000)
        clocked.pump()
        clocked.pump()
        assert clocked.view.clock_moved is None

    def test_a_process_that_begins_after_such_an_hour_asks_twice(self, clocked: ClockedLane) -> None:
        clocked.open(cap=1)
        assert clocked.governor.defer(run_for(clocked, 20_000), 0)
        clocked.pass_time(HOUR_MS)
        clocked.governor = clocked.another_process()
        claims = clocked.governor.claim(submits=1, downloads=1, polls=1)
        assert (set(claims.sleep_ms.values()), any(claims.due.values())) == ({0}, False)
        assert clocked.hold(Step.POLL).since_create_ms == pytest.approx(HOUR_MS + 20_000, abs=600)

    def test_and_back_again(self, clocked: ClockedLane) -> None:
        clocked.open(cap=1)
        assert clocked.governor.defer(run_for(clocked, 20_000), 0)
        for by_ms in (2 * HOUR_MS, -2 * HOUR_MS, HOUR_MS):
            clocked.set_clock(by_ms)
            clocked.wait(1_000)
        assert clocked.hold(Step.POLL).since_create_ms == pytest.approx(23_000, abs=3_000)


class TestASlotWithoutARun:
    @pytest.mark.parametrize("by_ms", [2 * HOUR_MS, -2 * HOUR_MS, 30 * 24 * HOUR_MS])
    def test_is_freed_by_no_clock(self, clocked: ClockedLane, by_ms: int) -> None:
        clocked.open(size=2, cap=1)
        clocked.pump()
        clocked.client.delete(clocked.keys.run("f/0"), clocked.keys.due(Step.SUBMIT))
        assert clocked.governor.audit(every_ms=0, surely_over_ms=95 * MINUTE_MS) == (0, 1, 0, 0)
        clocked.set_clock(by_ms)
        assert clocked.governor.audit(every_ms=0, surely_over_ms=95 * MINUTE_MS) == (0, 1, 0, 0)
        assert clocked.slots() == {"f/0"}

    def test_is_freed_when_audits_have_seen_it_so_long(self, clocked: ClockedLane) -> None:
        clocked.open(size=2, cap=1)
        clocked.client.delete(clocked.keys.run("f/0"), clocked.keys.due(Step.SUBMIT))
        found = []
        for _ in range(97):
            found.append(clocked.governor.audit(every_ms=0, surely_over_ms=95 * MINUTE_MS))
            clocked.pass_time(MINUTE_MS)
        assert [audit.freed for audit in found if audit] == [0] * 96 + [1]
        assert clocked.slots() == {"f/1"}


def test_an_age_past_stripes_limit_is_no_duration(clocked: ClockedLane) -> None:
    clocked.open(cap=1)
    assert clocked.governor.defer(run_for(clocked, 20_000), 0)
    clocked.pass_time(3 * HOUR_MS)
    clocked.pump()
    assert clocked.hold(Step.POLL).took(Durations(20, 0.5)) is None


def test_a_lane_of_which_no_pump_has_noted_the_time_ages_by_the_clock(clocked: ClockedLane) -> None:
    clocked.open(cap=1)
    clocked.pass_time(HOUR_MS)
    custody = clocked.hold(Step.SUBMIT)
    assert (custody.state, custody.since_grant_ms) == (RunState.GRANTED, HOUR_MS)
