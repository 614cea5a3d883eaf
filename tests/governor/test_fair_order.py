"""Fair order: classes, weights, ceilings, reserves, ageing, and what leaving and coming back is worth."""

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forebay.config.standing import FlowClass, Standing, StandingChange
from forebay.governor.contract import Custody, LaneLimits
from forebay.governor.governor import Governor
from forebay.governor.states import RunState, Step
from forebay.governor.view import View
from tests.governor.driver import reconcile

LANE = "fair:test"


class Lane:
    """A lane in which every granted run can be ended at will."""

    def __init__(self, client: redis.Redis, cap: int, **limits: int | float) -> None:
        self.client = client
        self.governor = Governor(client, LANE)
        self.governor.configure(
            LaneLimits(cap=cap, margin=0, creates_per_s=1e6, retrieves_per_s=1e6, requests_per_s=1e6, ageing_s=900)
        )
        reconcile(self.governor)
        self.governor.override(LaneLimits(**limits))  # type: ignore[arg-type]
        self.view = View(client)
        self.alive: list[Custody] = []
        self.served: list[str] = []

    def open(self, flow: str, size: int, flow_class: FlowClass = FlowClass.SCHEDULED, **how: float) -> None:
        self.governor.open_flow(flow, size, Standing(flow_class=flow_class, **how))  # type: ignore[arg-type]
        self.take()

    def take(self) -> None:
        """Takes custody of what was granted, and writes down who was served in which order."""
        while True:
            due = self.governor.claim(submits=1000, downloads=0, polls=0).due[Step.SUBMIT]
            if not due:
                return
            begun = [self.governor.begin(claimed, RunState.GRANTED, 60_000) for claimed in due]
            custodies = sorted((one for one in begun if one), key=lambda one: one.fence)
            for custody in custodies:
                assert self.governor.mark_sent(custody, "key")
                self.governor.bind(custody, "q", 60_000)
            self.alive += custodies
            self.served += [custody.flow for custody in custodies]

    def end(self, flow: str | None = None) -> None:
        """Ends the oldest run, or the oldest of a flow."""
        custody = next(one for one in self.alive if flow in (None, one.flow))
        self.alive.remove(custody)
        self.governor.finish(custody, RunState.LANDED)
        self.take()

    def held(self, flow: str) -> int:
        return sum(one.flow == flow for one in self.alive)

    def holds(self, flow: str) -> int:
        """Counts its slots by the lane's own account, before anybody takes what was granted."""
        found = self.view.flow(LANE, flow)
        assert found
        return found.held


def test_slots_are_shared_by_weight(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 70)
    lane.governor.pause("until all are there")
    for flow, weight in (("one", 1), ("two", 2), ("four", 4)):
        lane.governor.open_flow(flow, 1000, Standing(weight=weight))
    lane.governor.resume()
    lane.take()

    assert [lane.held(flow) for flow in ("one", "two", "four")] == [10, 20, 40]


def test_a_late_flow_has_its_share_within_one_turnover(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 40)
    lane.open("early", 1000)
    lane.open("late", 1000)

    for _ in range(40):
        lane.end()

    assert (lane.held("early"), lane.held("late")) == (20, 20)


def test_with_one_slot_service_is_shared_over_time(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 1)
    lane.governor.pause("until all are there")
    for flow, weight in (("a", 1), ("b", 2), ("c", 4)):
        lane.governor.open_flow(flow, 1000, Standing(weight=weight))
    lane.governor.resume()
    lane.take()

    for _ in range(139):
        lane.end()

    assert [lane.served.count(flow) for flow in ("a", "b", "c")] == [20, 40, 80]


def test_a_higher_class_goes_first_and_a_lower_one_fills_what_is_left(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 4)
    lane.open("back", 100, FlowClass.BACKFILL)
    lane.open("now", 2, FlowClass.INTERACTIVE)

    lane.end()
    lane.end()
    lane.end()

    assert lane.served[4:] == ["now", "now", "back"]


def test_leaving_and_coming_back_earns_nothing(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 1)
    lane.open("steady", 1000)
    for turn in range(20):
        lane.open(f"churn-{turn}", 1)  # each a new flow, gone after one run
        lane.end()
        lane.end()

    assert abs(lane.served.count("steady") - 20) <= 1


def test_a_paused_flow_that_comes_back_is_not_owed_its_absence(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 1)
    lane.open("away", 1000)
    lane.open("here", 1000)
    lane.governor.pause("a test", "away")
    for _ in range(50):
        lane.end()
    lane.governor.resume("away")
    lane.served.clear()
    for _ in range(20):
        lane.end()

    assert lane.served.count("away") in (10, 11)


def test_a_ceiling_parks_a_flow_until_it_ends_a_run(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 10)
    lane.open("narrow", 100, ceiling=3)
    assert lane.held("narrow") == 3
    lane.open("wide", 100)
    assert lane.held("wide") == 7

    lane.end("narrow")
    assert lane.held("narrow") == 3


@pytest.mark.parametrize("ceiling", [5, 0])
def test_a_ceiling_that_is_raised_or_lifted_is_filled_at_once(valkey: redis.Redis, ceiling: int) -> None:
    lane = Lane(valkey, 10)
    lane.open("narrow", 100, ceiling=3)

    lane.governor.set_flow("narrow", StandingChange(ceiling=ceiling))

    assert lane.holds("narrow") == (ceiling or 10)


def test_who_is_raised_to_the_class_of_a_reserve_gets_it_at_once(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 10, reserve_interactive=2)
    lane.open("f", 100, FlowClass.BACKFILL)
    assert lane.held("f") == 8

    lane.governor.set_flow("f", StandingChange(flow_class=FlowClass.INTERACTIVE))

    assert lane.holds("f") == 10


def test_a_reserve_stays_free_of_lower_classes(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 10, reserve_interactive=2)
    lane.open("back", 100, FlowClass.BACKFILL)
    assert lane.held("back") == 8

    lane.open("now", 5, FlowClass.INTERACTIVE)
    assert lane.held("now") == 2


def test_a_reserve_in_use_is_not_kept_free_once_more(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 10, reserve_interactive=2)
    lane.open("now", 3, FlowClass.INTERACTIVE)

    lane.open("back", 100, FlowClass.BACKFILL)

    assert (lane.held("now"), lane.held("back")) == (3, 7)


def test_waiting_too_long_lifts_a_flow_for_one_grant(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 1)
    lane.open("busy", 1000, FlowClass.SCHEDULED)
    lane.open("old", 10, FlowClass.BACKFILL)
    for _ in range(5):
        lane.end()
    assert "old" not in lane.served

    valkey.zadd(lane.governor.keys.ageing, {"old": 0})  # so much time has passed
    lane.served.clear()
    for _ in range(6):
        lane.end()

    assert lane.served.count("old") == 1


def test_each_grant_begins_the_waiting_anew(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 2)
    lane.open("f", 10)
    first = valkey.zscore(lane.governor.keys.ageing, "f")
    valkey.zadd(lane.governor.keys.ageing, {"f": 1 + View(valkey).now_ms() + 60_000})

    lane.end()

    again = valkey.zscore(lane.governor.keys.ageing, "f")
    assert again >= first, "else it would be promoted although it was just served"


def test_class_and_weight_change_while_a_batch_runs(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 10)
    lane.open("a", 1000)
    lane.open("b", 1000, FlowClass.BACKFILL)
    for _ in range(10):
        lane.end()
    assert lane.held("b") == 0

    lane.governor.set_flow("b", StandingChange(flow_class=FlowClass.SCHEDULED, weight=4.0))
    for _ in range(10):
        lane.end()

    assert (lane.held("a"), lane.held("b")) == (2, 8)
    assert lane.governor.audit(every_ms=0, surely_over_ms=1) == (0, 0, 0, 0)


def test_what_is_requeued_because_of_stripes_cap_is_not_charged(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 1)
    lane.open("a", 100)
    lane.open("b", 100)
    valkey.hdel(lane.governor.keys.config, "limit")
    tag = valkey.hget(lane.governor.keys.flow("a"), "tag")
    custody = lane.alive.pop()

    lane.governor.requeue(custody, attempt=0, refused=True)

    claimed = lane.governor.claim(submits=1, downloads=0, polls=0).due[Step.SUBMIT]
    assert [one.run for one in claimed] == [custody.run], "it is the next one to be served"
    assert valkey.hget(lane.governor.keys.flow("a"), "tag") == tag


@pytest.mark.parametrize("change", [StandingChange(weight=0.5), StandingChange(flow_class=FlowClass.BACKFILL)])
def test_a_refusal_after_a_change_takes_back_no_more_than_was_charged(
    valkey: redis.Redis, change: StandingChange
) -> None:
    lane = Lane(valkey, 1)
    lane.open("f", 100)
    tag = valkey.hget(lane.governor.keys.flow("f"), "tag")
    lane.governor.set_flow("f", change)

    lane.governor.requeue(lane.alive.pop(), attempt=0, refused=True)
    lane.take()

    assert (tag, lane.held("f")) == ("1000000", 1), "a tag below zero would keep the flow from ever being served"


def test_a_refusal_keeps_the_lift_that_waiting_earned(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 1)
    lane.open("busy", 1000)
    lane.open("old", 10, FlowClass.BACKFILL)
    valkey.zadd(lane.governor.keys.ageing, {"old": 0})
    while lane.held("old") == 0:
        lane.end()

    lane.governor.requeue(lane.alive.pop(), attempt=0, refused=True)
    lane.take()

    assert lane.held("old") == 1, "it was not served yet, so it is still its turn"


@pytest.mark.parametrize(("refused_at", "creates"), [(90, 10), (50, 10), (49, 5), (48, 2), (40, 1)])
def test_the_limit_climbs_a_slot_for_ten_creates_and_faster_past_the_last_refusal(
    valkey: redis.Redis, refused_at: int, creates: int
) -> None:
    lane = Lane(valkey, 100)
    valkey.hset(lane.governor.keys.config, mapping={"limit": 50, "limit_refused_at": refused_at})
    lane.governor.open_flow("f", 1000)
    claimed = lane.governor.claim(submits=100, downloads=0, polls=0).due[Step.SUBMIT]
    assert len(claimed) == 50

    limits = []
    for one in claimed[:creates]:
        custody = lane.governor.begin(one, RunState.GRANTED, 60_000)
        assert custody
        assert lane.governor.mark_sent(custody, "key")
        lane.governor.bind(custody, "q", 60_000)
        limits.append(lane.view.lane(LANE).limit)

    assert limits == [50] * (creates - 1) + [51]


def test_a_create_far_below_the_limit_does_not_raise_it(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 100)
    valkey.hset(lane.governor.keys.config, mapping={"limit": 50, "limit_refused_at": 0})
    lane.open("f", 48)

    assert lane.view.lane(LANE).limit == 50


def test_a_refusal_at_the_ceiling_does_not_count_as_coming_back(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 2)
    lane.open("narrow", 100, ceiling=1)
    lane.open("wide", 100)
    for _ in range(5):
        lane.end("wide")  # the class's time moves on meanwhile
    refused = next(one for one in lane.alive if one.flow == "narrow")

    lane.governor.requeue(refused, attempt=0, refused=True)

    assert valkey.hget(lane.governor.keys.flow("narrow"), "tag") == "0"


def test_a_raised_limit_is_filled_at_once(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 3)
    valkey.hset(lane.governor.keys.config, "limit", 1)
    lane.governor.open_flow("f", 100)
    (claimed,) = lane.governor.claim(submits=9, downloads=0, polls=0).due[Step.SUBMIT]
    custody = lane.governor.begin(claimed, RunState.GRANTED, 60_000)
    assert custody

    assert lane.governor.mark_sent(custody, "key")
    lane.governor.bind(custody, "q", 60_000)

    assert valkey.zcard(lane.governor.keys.slots) == 2, "nobody else would fill it before the pump's next turn"


def test_a_freed_ghost_leaves_its_flow_room_for_another_run(valkey: redis.Redis) -> None:
    lane = Lane(valkey, 1)
    lane.open("f", 100, ceiling=1)
    run = lane.alive.pop().run
    keys = lane.governor.keys
    for key in (keys.run(run), keys.due(Step.POLL)):
        valkey.delete(key)

    assert lane.governor.audit(every_ms=0, surely_over_ms=60_000) == (0, 1, 0, 0), "it may be alive at Stripe"
    assert valkey.zcard(keys.slots) == 1
    valkey.zadd(keys.ghosts, {run: -60_001})
    assert lane.governor.audit(every_ms=0, surely_over_ms=60_000) == (1, 0, 0, 2)
    assert valkey.zrange(keys.slots, 0, -1) == ["f/1"]
    assert lane.governor.audit(every_ms=0, surely_over_ms=60_000) == (0, 0, 0, 0)


@given(
    weights=st.lists(st.integers(1, 5), min_size=2, max_size=5),
    cap=st.integers(1, 12),
    ends=st.lists(st.integers(0, 10**6), max_size=40),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_grant_goes_to_the_flow_with_the_least_held_for_its_weight(
    valkey: redis.Redis, weights: list[int], cap: int, ends: list[int]
) -> None:
    valkey.flushall()
    lane = Lane(valkey, cap)
    lane.governor.pause("until all are there")
    for number, weight in enumerate(weights):
        lane.governor.open_flow(f"f{number}", 1000, Standing(weight=weight))
    lane.governor.resume()
    lane.take()

    for end in ends:
        before = {f"f{number}": lane.held(f"f{number}") for number in range(len(weights))}
        ended = lane.alive[end % len(lane.alive)]
        before[ended.flow] -= 1
        lane.served.clear()
        lane.alive.remove(ended)
        lane.governor.finish(ended, RunState.LANDED)
        lane.take()

        (served,) = lane.served
        shares = {flow: held / weights[int(flow[1:])] for flow, held in before.items()}
        assert shares[served] == pytest.approx(min(shares.values()))
