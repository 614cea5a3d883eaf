"""wake: an event makes a run due for a look, and never more than that."""

import pytest

from forebay.governor.contract import Custody, EndPath
from forebay.governor.states import RunState, Step
from tests.governor.driver import Lane
from tests.governor.keyspace import keys_without_a_reason

HOUR_MS = 3_600_000


def due_in_an_hour(lane: Lane, query_run: str = "qr_1") -> str:
    """Brings one run to `running`, with its next look in an hour."""
    custody = lane.hold(Step.SUBMIT)
    assert lane.governor.bind(custody, query_run, HOUR_MS)
    return custody.run


def test_an_event_makes_its_run_due_at_once(lane: Lane) -> None:
    lane.open(size=2, cap=2)
    run, other = due_in_an_hour(lane, "qr_1"), due_in_an_hour(lane, "qr_10")

    assert lane.events.wake(EndPath.EVENTS, [("qr_1", None)]) == (1, 0, 0)

    assert lane.due_in_ms(Step.POLL, run) <= 0
    assert lane.due_in_ms(Step.POLL, other) > HOUR_MS / 2, "its name begins the same"
    assert [claimed.run for claimed in lane.claim(Step.POLL)] == [run]


def test_a_run_that_is_due_already_keeps_its_place(lane: Lane) -> None:
    lane.open(cap=1)
    run = lane.bind_one().run
    lane.pass_time(5_000)

    lane.events.wake(EndPath.EVENTS, [("qr_1", None)])

    assert lane.due_in_ms(Step.POLL, run) <= -5_000


class TestALookThatIsOnlyPlanned:
    """A first look may be put off where it was planned with less knowledge, and nothing else asks for it."""

    def looked_at(self, lane: Lane) -> Custody:
        custody = lane.hold(Step.POLL)
        assert custody.since_poll_ms is None
        return custody

    def test_is_known_as_one_until_it_was_made(self, lane: Lane) -> None:
        lane.open(cap=1)
        due_in_an_hour(lane)
        lane.pass_time(HOUR_MS)
        custody = self.looked_at(lane)
        assert custody.planned

        assert lane.governor.put_off(custody, 5_000)
        lane.pass_time(5_000)
        again = self.looked_at(lane)
        assert again.planned, "it may be put off again"

        assert lane.governor.defer(again, 5_000)
        lane.pass_time(5_000)
        after = lane.hold(Step.POLL)
        assert not after.planned
        assert after.since_poll_ms
        assert 5_000 <= after.since_poll_ms < 10_000

    @pytest.mark.parametrize("asks", ["an event", "all events were lost"])
    def test_is_none_once_something_asks_for_it(self, lane: Lane, asks: str) -> None:
        lane.open(cap=1)
        due_in_an_hour(lane)
        lane.pass_time(HOUR_MS)
        if asks == "an event":
            lane.events.wake(EndPath.EVENTS, [("qr_1", None)], ended=False)
        else:
            lane.events.wake_all()

        assert not self.looked_at(lane).planned

    def test_is_none_before_its_time(self, lane: Lane) -> None:
        """A release that knows of no plan has made it due."""
        lane.open(cap=1)
        run = due_in_an_hour(lane)
        lane.client.zadd(lane.keys.due(Step.POLL), {run: 0})

        assert not self.looked_at(lane).planned

    def test_is_none_where_its_end_was_told_first(self, lane: Lane) -> None:
        lane.open(cap=1)
        custody = lane.hold(Step.SUBMIT)
        lane.events.wake(EndPath.EVENTS, [("qr_1", None)])
        assert lane.governor.bind(custody, "qr_1", HOUR_MS)

        assert not self.looked_at(lane).planned

    def test_is_made_at_once_that_is_put_off_while_its_end_is_told(self, lane: Lane) -> None:
        lane.open(cap=1)
        run = due_in_an_hour(lane)
        lane.pass_time(HOUR_MS)
        custody = self.looked_at(lane)
        lane.events.wake(EndPath.EVENTS, [("qr_1", None)])

        assert lane.governor.put_off(custody, HOUR_MS)

        assert lane.due_in_ms(Step.POLL, run) <= 0


class TestWhoGoesFirst:
    """Where retrieves are what runs short, a look that finds nothing keeps an end waiting that is known."""

    def first(self, lane: Lane) -> str:
        (claimed,) = lane.claim(Step.POLL, 1)
        return claimed.run

    def told_and_planned(self, lane: Lane, *, planned_for_ms: int, ended: bool = True) -> tuple[str, str]:
        lane.open(size=2, cap=2)
        planned = lane.bind_one("qr_planned").run
        lane.pass_time(planned_for_ms)
        told = due_in_an_hour(lane, "qr_told")
        lane.events.wake(EndPath.EVENTS, [("qr_told", None)], ended=ended)
        return told, planned

    def test_an_end_that_is_told_is_looked_at_before_a_look_that_was_due_already(self, lane: Lane) -> None:
        told, planned = self.told_and_planned(lane, planned_for_ms=20_000)

        assert [self.first(lane), self.first(lane)] == [told, planned]

    def test_a_look_that_has_waited_long_goes_before_an_end_that_is_told(self, lane: Lane) -> None:
        told, planned = self.told_and_planned(lane, planned_for_ms=40_000)

        assert [self.first(lane), self.first(lane)] == [planned, told]

    def test_a_change_that_is_no_end_waits_its_turn(self, lane: Lane) -> None:
        changed, planned = self.told_and_planned(lane, planned_for_ms=1_000, ended=False)

        assert [self.first(lane), self.first(lane)] == [planned, changed]

    def test_ends_are_looked_at_in_the_order_in_which_they_were_told(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        later, sooner = due_in_an_hour(lane, "qr_later"), due_in_an_hour(lane, "qr_sooner")
        lane.events.wake(EndPath.EVENTS, [("qr_sooner", None)])
        lane.pass_time(1_000)
        lane.events.wake(EndPath.EVENTS, [("qr_later", None)])

        assert [self.first(lane), self.first(lane)] == [sooner, later]

    def test_an_end_that_was_told_before_the_creates_answer_goes_first_too(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        planned = lane.bind_one("qr_planned").run
        lane.pass_time(20_000)
        custody = lane.hold(Step.SUBMIT)
        assert lane.events.wake(EndPath.EVENTS, [("qr_told", None)]) == (0, 1, 0)
        assert lane.governor.bind(custody, "qr_told", HOUR_MS)

        assert [self.first(lane), self.first(lane)] == [custody.run, planned]

    def test_an_end_that_was_told_during_a_look_goes_first_too(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        custody = lane.hold_running()
        planned = lane.bind_one("qr_planned").run
        lane.pass_time(20_000)
        lane.events.wake(EndPath.EVENTS, [("qr_1", None)])
        assert lane.governor.defer(custody, HOUR_MS)

        assert [self.first(lane), self.first(lane)] == [custody.run, planned]

    def test_all_are_looked_at_by_their_turn_when_events_were_lost(self, lane: Lane) -> None:
        told, planned = self.told_and_planned(lane, planned_for_ms=1_000)
        lane.events.wake_all()

        assert [self.first(lane), self.first(lane)] == [told, planned]


def test_an_end_that_is_told_during_a_look_is_looked_at_after_it(lane: Lane) -> None:
    lane.open(cap=1)
    custody = lane.hold_running()

    assert lane.events.wake(EndPath.EVENTS, [("qr_1", None)]) == (1, 0, 0)
    assert not lane.claim(Step.POLL), "nobody takes it out of the hands of who looks"
    assert lane.governor.defer(custody, HOUR_MS)

    again = lane.hold(Step.POLL)
    assert lane.governor.defer(again, HOUR_MS)
    assert 0 < lane.due_in_ms(Step.POLL, again.run) <= 1_000, "Stripe may show an end later than it tells of it"


def test_an_end_that_is_told_during_a_look_without_an_answer_waits_with_it(lane: Lane) -> None:
    lane.open(cap=1)
    custody = lane.hold_running()
    lane.events.wake(EndPath.EVENTS, [("qr_1", None)])

    assert lane.governor.defer(custody, HOUR_MS, "no answer")

    assert lane.due_in_ms(Step.POLL, custody.run) > HOUR_MS / 2


def test_a_look_that_is_on_its_way_is_not_sent_twice(lane: Lane) -> None:
    lane.open(cap=1)
    lane.bind_one()
    (claimed,) = lane.claim(Step.POLL)

    assert lane.events.wake(EndPath.EVENTS, [("qr_1", None)]) == (1, 0, 0)

    assert not lane.claim(Step.POLL)
    assert lane.begin(Step.POLL, claimed)


def test_an_end_that_is_told_before_the_creates_answer_is_kept_for_it(lane: Lane) -> None:
    lane.open(cap=1)
    custody = lane.hold(Step.SUBMIT)

    assert lane.events.wake(EndPath.EVENTS, [("qr_1", None), ("qr_of_others", None)]) == (0, 2, 0)
    assert lane.governor.bind(custody, "qr_1", HOUR_MS)

    assert lane.due_in_ms(Step.POLL, custody.run) <= 0
    lane.governor.finish(lane.hold(Step.POLL), RunState.FAILED)
    assert set(lane.client.zrange(lane.keys.early, 0, -1)) == {"qr_of_others"}


def test_what_is_kept_goes_by_itself(lane: Lane) -> None:
    lane.open(cap=1)
    custody = lane.hold(Step.SUBMIT)
    lane.events.wake(EndPath.EVENTS, [("qr_1", None)])

    lane.pass_time(120_000)

    assert not lane.client.exists(lane.keys.early)
    assert lane.governor.bind(custody, "qr_1", HOUR_MS)
    assert lane.due_in_ms(Step.POLL, custody.run) > HOUR_MS / 2


def test_what_is_kept_goes_though_others_come_after_it(lane: Lane) -> None:
    lane.open(cap=1)
    lane.hold(Step.SUBMIT)
    for query_run in ("qr_1", "qr_2", "qr_3"):
        lane.events.wake(EndPath.EVENTS, [(query_run, None)])
        lane.pass_time(70_000)

    assert lane.client.zrange(lane.keys.early, 0, -1) == ["qr_2", "qr_3"]


def test_only_so_much_is_kept_and_the_oldest_goes(lane: Lane) -> None:
    lane.open(cap=1)
    lane.hold(Step.SUBMIT)
    lane.events.wake(EndPath.EVENTS, [("qr_old", None)])
    lane.pass_time(1_000)

    lane.events.wake(EndPath.EVENTS, ((f"qr_{each}", None) for each in range(10_000)))

    assert lane.client.zcard(lane.keys.early) == 10_000
    assert lane.client.zscore(lane.keys.early, "qr_old") is None


def test_where_no_create_is_under_way_nothing_is_kept(lane: Lane) -> None:
    lane.open(cap=1)
    lane.bind_one()

    assert lane.events.wake(EndPath.EVENTS, [("qr_of_others", None)]) == (0, 0, 0)

    assert not lane.client.exists(lane.keys.early)


@pytest.mark.parametrize("outcome", [RunState.LANDED, RunState.FAILED, RunState.CANCELED])
def test_a_run_that_settled_is_not_concerned(lane: Lane, outcome: RunState) -> None:
    lane.open(cap=1)
    assert lane.governor.finish(lane.hold_running(), outcome)

    assert lane.events.wake(EndPath.EVENTS, [("qr_1", None)]) == (0, 0, 0)

    assert keys_without_a_reason(lane.client) == set()
    assert not lane.where_due("f/0")


def test_a_run_that_ended_and_has_still_to_land_is_not_concerned(lane: Lane) -> None:
    lane.open(cap=1)
    run = lane.hold_ready().run

    assert lane.events.wake(EndPath.EVENTS, [("qr_1", None)]) == (0, 0, 0)

    assert lane.where_due(run) == [Step.DOWNLOAD]


def test_two_runs_that_share_a_query_run_both_wake(lane: Lane) -> None:
    lane.open(size=2, cap=2)
    runs = {due_in_an_hour(lane), due_in_an_hour(lane)}

    assert lane.events.wake(EndPath.EVENTS, [("qr_1", None)]) == (1, 0, 0)

    assert {claimed.run for claimed in lane.claim(Step.POLL)} == runs


def test_a_run_of_a_new_attempt_is_known_by_its_new_query_run_alone(lane: Lane) -> None:
    lane.open(cap=1)
    assert lane.governor.requeue(lane.hold_running(), attempt=1)
    run = due_in_an_hour(lane, "qr_2")

    assert lane.events.wake(EndPath.EVENTS, [("qr_1", None)]) == (0, 0, 0)
    assert lane.events.wake(EndPath.EVENTS, [("qr_2", None)]) == (1, 0, 0)

    assert lane.due_in_ms(Step.POLL, run) <= 0


def test_an_end_that_no_look_confirms_is_looked_for_a_few_times(lane: Lane) -> None:
    lane.open(cap=1)
    assert lane.governor.bind(lane.hold(Step.SUBMIT), "qr_1", 0)
    lane.events.wake(EndPath.EVENTS, [("qr_1", None)])
    waits: list[float] = []
    while not waits or waits[-1] < HOUR_MS / 2:
        custody = lane.hold(Step.POLL)
        assert lane.governor.defer(custody, HOUR_MS)
        waits.append(lane.due_in_ms(Step.POLL, custody.run))
        assert len(waits) < 9
        lane.pass_time(int(waits[-1]) + 1)

    assert 3 <= len(waits) <= 6, "a slow machine has fewer of them"
    assert all(wait <= 8_000 for wait in waits[:-1])


def test_a_change_that_is_no_end_leads_to_one_look(lane: Lane) -> None:
    lane.open(cap=1)
    run = due_in_an_hour(lane)

    assert lane.events.wake(EndPath.EVENTS, [("qr_1", None)], ended=False) == (1, 0, 0)

    assert lane.governor.defer(lane.hold(Step.POLL), HOUR_MS)
    assert lane.due_in_ms(Step.POLL, run) > HOUR_MS / 2


def test_when_events_were_lost_everything_is_looked_at(lane: Lane) -> None:
    lane.open(size=3, cap=3)
    runs = {due_in_an_hour(lane, f"qr_{each}") for each in range(3)}

    assert lane.events.wake_all() == 3

    assert {claimed.run for claimed in lane.claim(Step.POLL)} == runs


def test_a_lane_of_which_nothing_is_told_has_no_index_of_query_runs(lane: Lane) -> None:
    lane.open(size=2, cap=2)
    due_in_an_hour(lane, "qr_1"), lane.bind_one("qr_2")
    assert lane.governor.audit(every_ms=0, surely_over_ms=HOUR_MS)
    assert not lane.client.exists(lane.keys.query_runs)
    assert lane.governor.ready(lane.hold(Step.POLL))


def test_the_first_word_that_ever_comes_finds_the_runs_that_were_there_before(lane: Lane) -> None:
    lane.open(size=2, cap=2)
    run, other = due_in_an_hour(lane, "qr_1"), due_in_an_hour(lane, "qr_2")

    assert lane.events.wake(EndPath.WEBHOOKS, [("qr_2", None)]) == (1, 0, 0)

    assert [claimed.run for claimed in lane.claim(Step.POLL)] == [other]
    assert lane.client.zrange(lane.keys.query_runs, 0, -1) == [f"qr_1|{run}", f"qr_2|{other}"]


def test_a_run_without_a_record_keeps_no_event_from_the_others(lane: Lane) -> None:
    lane.open(size=2, cap=2)
    lost, run = due_in_an_hour(lane, "qr_1"), due_in_an_hour(lane, "qr_2")
    lane.client.delete(lane.keys.run(lost))

    assert lane.events.wake(EndPath.WEBHOOKS, [("qr_2", None)]) == (1, 0, 0)
    assert [claimed.run for claimed in lane.claim(Step.POLL, 1)] == [run]


def test_what_a_release_without_this_has_left_in_the_index_finds_nothing(lane: Lane) -> None:
    lane.open(cap=1)
    run = due_in_an_hour(lane)
    lane.client.zadd(lane.keys.query_runs, {"qr_old|f/9": 0})
    lane.client.hset(lane.keys.config, "has_feed", 1)

    assert lane.events.wake(EndPath.WEBHOOKS, [("qr_old", None), ("qr_1", None)]) == (1, 0, 0)
    assert lane.client.zrange(lane.keys.query_runs, 0, -1) == [f"qr_1|{run}"]


def test_an_audit_puts_the_index_of_query_runs_right(lane: Lane) -> None:
    lane.open(size=2, cap=2)
    lane.events.wake(EndPath.WEBHOOKS, [("qr_of_others", None)])
    run, lost = due_in_an_hour(lane, "qr_1"), due_in_an_hour(lane, "qr_2")
    lane.client.delete(lane.keys.query_runs, lane.keys.run(lost))
    lane.client.zrem(lane.keys.due(Step.POLL), lost)
    lane.client.zadd(lane.keys.query_runs, {f"qr_2|{lost}": 0, f"qr_old|{run}": 0})

    lane.governor.audit(every_ms=0, surely_over_ms=HOUR_MS)

    assert lane.client.zrange(lane.keys.query_runs, 0, -1) == [f"qr_1|{run}"]
