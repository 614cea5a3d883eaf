"""What metrics read of lanes: everything at once, and at a price that does not grow with what waits."""

from typing import Any

import redis

from forebay.config.standing import FlowClass, Standing
from forebay.governor.contract import Retry
from forebay.governor.governor import Governor
from forebay.governor.keys import LAYOUT
from forebay.governor.lane_figures import BOUNDS_S, MOST_FLOWS, AllLanes, LaneFigures
from forebay.governor.states import Gate, RunState, Step
from tests.governor.driver import Lane
from tests.governor.keyspace import everything
from tests.governor.lua_headers import text
from tests.governor.test_costs import calls


def only(client: Any) -> LaneFigures:
    (figures,), unread = AllLanes(client).read()
    assert unread == []
    return figures


def in_buckets(figures: LaneFigures, what: str) -> dict[int | str, int]:
    """The buckets of a duration that have something in them."""
    return {
        bound: count for bound, count in zip((*BOUNDS_S, "more"), figures.durations[what].counts, strict=True) if count
    }


class TestNow:
    def test_without_lanes_there_is_nothing(self, client: Any) -> None:
        assert AllLanes(client).read() == ([], [])

    def test_slots_runs_and_limits(self, lane: Lane) -> None:
        lane.configure(3, margin=1)
        lane.open("f", 5)
        lane.bind_one()

        figures = only(lane.client)

        assert (figures.cap, figures.limit, figures.margin, figures.slots) == (3, 3, 1, 2)
        assert figures.held == {FlowClass.INTERACTIVE: 0, FlowClass.SCHEDULED: 2, FlowClass.BACKFILL: 0}
        assert figures.runs == {
            RunState.WAITING: 3,
            RunState.GRANTED: 1,
            RunState.RUNNING: 1,
            RunState.READY: 0,
        }

    def test_a_refusal_shows_as_a_lower_limit_and_a_closed_gate(self, lane: Lane) -> None:
        lane.configure(10)
        lane.open("f", 10)
        first, second = lane.hold_all(Step.SUBMIT)[:2]
        assert lane.governor.bind(first, "qr_1", 60_000)
        lane.governor.close_gate(Gate.CAP, first_ms=60_000, longest_ms=60_000, reason="full")
        assert lane.governor.requeue(second, attempt=0, refused=True)

        figures = only(lane.client)

        assert figures.limit == 1
        assert [gate for gate, closed in figures.closed.items() if closed] == [Gate.CAP]
        assert figures.closings == {gate: int(gate is Gate.CAP) for gate in Gate}

    def test_what_waits_by_class_and_for_how_long(self, lane: Lane) -> None:
        lane.configure(1)
        lane.open("holds the slot")
        lane.pass_time(60_000)
        lane.governor.open_flow("nightly", 7, standing=Standing(flow_class=FlowClass.SCHEDULED))
        lane.pass_time(30_000)
        lane.governor.open_flow("history", 90, standing=Standing(flow_class=FlowClass.BACKFILL))
        lane.pass_time(5_000)

        figures = only(lane.client)

        assert figures.runs[RunState.WAITING] == 97
        assert figures.oldest_waiting_ms[FlowClass.INTERACTIVE] is None
        assert _about(figures.oldest_waiting_ms[FlowClass.SCHEDULED], 35_000)
        assert _about(figures.oldest_waiting_ms[FlowClass.BACKFILL], 5_000)

    def test_runs_that_may_not_be_granted_do_not_wait_for_a_slot(self, lane: Lane) -> None:
        lane.configure(1)
        lane.open("holds the slot")
        lane.governor.open_flow("canary", 10, hold_after=1)
        lane.open("paused", 5)
        lane.governor.pause("a test", "paused")

        assert only(lane.client).runs[RunState.WAITING] == 1

    def test_what_is_overdue_and_what_still_has_to_land(self, lane: Lane) -> None:
        lane.open(size=2, cap=2)
        assert only(lane.client).overdue_ms[Step.POLL] is None
        assert lane.governor.ready(lane.hold_running())
        lane.pass_time(90_000)

        figures = only(lane.client)

        assert _about(figures.overdue_ms[Step.SUBMIT], 90_000)
        assert _about(figures.overdue_ms[Step.DOWNLOAD], 90_000)
        assert _about(figures.oldest_ready_ms, 90_000)

    def test_a_pause_shows(self, lane: Lane) -> None:
        lane.configure(1)
        lane.open()
        assert (only(lane.client).paused, only(lane.client).unreconciled) == (False, False)
        lane.governor.pause("a test")
        assert only(lane.client).paused

    def test_a_lane_of_another_release_hides_no_other(self, lane: Lane) -> None:
        lane.open(cap=1)
        newer = Lane(lane.client, "newer:live")
        newer.open(cap=1)
        lane.client.hset(newer.keys.config, "layout", LAYOUT + 1)

        figures, unread = AllLanes(lane.client).read()

        assert ([each.lane for each in figures], unread) == ([lane.name], ["newer:live"])

    def test_reading_changes_nothing(self, lane: Lane) -> None:
        lane.open(size=3, cap=1)
        before = everything(lane.client)
        AllLanes(lane.client).read()
        assert everything(lane.client) == before


class TestSinceTheBeginning:
    def test_requests_outcomes_bytes_and_records(self, lane: Lane) -> None:
        lane.open(size=3, cap=3)
        landing = lane.hold_ready()
        assert lane.governor.finish(landing, RunState.LANDED, stored_bytes=5_000_000_000, records=12)
        assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.FAILED, why="sql")
        assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.CANCELED)

        figures = only(lane.client)

        assert figures.requests == {"create": 3, "retrieve": 2}
        assert figures.settled == {RunState.LANDED: 1, RunState.FAILED: 1, RunState.CANCELED: 1}
        assert figures.failed == {"sql": 1}
        assert (figures.stored_bytes, figures.records) == (5_000_000_000, 12)

    def test_how_long_a_run_waited_ran_and_took_to_land(self, lane: Lane) -> None:
        lane.configure(1)
        lane.open("before")
        lane.open("f")
        lane.pass_time(20_000)
        assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.CANCELED)
        custody = lane.hold(Step.SUBMIT)
        assert lane.governor.mark_sent(custody, "key") == "key"
        assert lane.governor.bind(custody, "qr_1", 0)
        lane.pass_time(250_000)
        assert lane.governor.ready(lane.hold(Step.POLL))
        landing = lane.hold(Step.DOWNLOAD)
        lane.pass_time(700_000)
        assert lane.governor.finish(landing, RunState.LANDED)

        figures = only(lane.client)

        assert in_buckets(figures, "queue") == {30: 1}
        assert in_buckets(figures, "query") == {300: 1}
        assert in_buckets(figures, "landing") == {1000: 1}
        assert _about(figures.durations["query"].sum_ms, 250_000)

    def test_an_attempt_after_a_retry_did_not_wait_since_its_batch_came(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.FAILED)
        lane.pass_time(10_000)
        assert lane.governor.retry("f", [Retry(0, 1)]) == 1
        custody = lane.hold(Step.SUBMIT)
        assert lane.governor.mark_sent(custody, "key") == "key"
        assert lane.governor.bind(custody, "qr_1", 0)
        lane.pass_time(20_000)
        assert lane.governor.ready(lane.hold(Step.POLL))
        assert lane.governor.finish(lane.hold(Step.DOWNLOAD), RunState.LANDED)

        figures = only(lane.client)

        assert (in_buckets(figures, "queue"), in_buckets(figures, "query")) == ({}, {30: 1})

    def test_a_result_that_only_had_to_land_teaches_nothing(self, lane: Lane) -> None:
        lane.open(cap=1)
        assert lane.governor.finish(lane.hold_running(), RunState.FAILED, why="transfer")
        assert lane.governor.retry("f", [Retry(0, 0, "qr_1")]) == 1
        assert lane.governor.ready(lane.hold(Step.POLL))
        assert lane.governor.finish(lane.hold(Step.DOWNLOAD), RunState.LANDED)

        assert {what: in_buckets(only(lane.client), what) for what in ("queue", "query", "landing")} == {
            "queue": {},
            "query": {},
            "landing": {},
        }

    def test_one_that_took_longer_than_all_bounds_is_counted(self, lane: Lane) -> None:
        lane.configure(0)
        lane.open()
        lane.pass_time(1000 * (BOUNDS_S[-1] + 1))
        lane.configure(1)
        custody = lane.hold(Step.SUBMIT)
        assert lane.governor.mark_sent(custody, "key") == "key"
        assert lane.governor.bind(custody, "qr_1", 0)
        assert lane.governor.ready(lane.hold(Step.POLL))
        assert lane.governor.finish(lane.hold(Step.DOWNLOAD), RunState.LANDED)

        assert in_buckets(only(lane.client), "queue") == {"more": 1}

    def test_the_bounds_are_those_that_the_script_has(self) -> None:
        assert f"local BOUNDS_S = {{ {', '.join(map(str, BOUNDS_S))} }}" in text("finish")


class TestCost:
    def test_a_lane_costs_one_script_and_a_few_commands(self, valkey: redis.Redis) -> None:
        for number in range(30):
            Lane(valkey, f"acme{number}:live").open(size=100, cap=2)
        AllLanes(valkey).read()
        before = calls(valkey)
        AllLanes(valkey).read()
        # Beside SMEMBERS and SCRIPT EXISTS, whatever is in it.
        assert (calls(valkey) - before - 2) / 30 <= 20

    def test_a_lane_with_more_flows_than_are_read_costs_no_more(self, real_lane: Lane) -> None:
        real_lane.configure(1)
        real_lane.open("f")
        for number in range(MOST_FLOWS + 5):
            assert Governor(real_lane.client, real_lane.name).open_flow(f"w{number}", 1)
        assert only(real_lane.client).runs[RunState.WAITING] == MOST_FLOWS


def _about(ms: int | None, expected: int) -> bool:
    """Time went on while the test ran."""
    return ms is not None and expected <= ms < expected + 5_000
