"""What a scrape is answered: everything there is, told once, at a bounded price; and something while Redis is away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import redis

from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.deployment.heartbeats import BEAT, Heartbeats
from forebay.governor.redis_client import connect
from forebay.governor.states import RunState, Step
from forebay.metrics.catalogue import METRICS
from forebay.metrics.collector import Collector
from forebay.metrics.extract_figures import ExtractFigures
from forebay.metrics.ledger_figures import LedgerFigures
from forebay.metrics.unlanded_results import UnlandedResult
from forebay.scheduler.extracts.decisions import State
from tests.governor.driver import Lane
from tests.governor.test_costs import calls
from tests.metrics.parsed import families, lint, samples
from tests.servers.valkey import free_port

AT = datetime(2026, 10, 5, 12, tzinfo=UTC)
FEES = ExtractFigures(
    extract="fees",
    windows={State.LANDED: 3, State.LATE: 1},
    last_landed=AT,
    last_success=AT,
    promised=AT,
    unsubmitted=1,
    coverage=0.5,
    checks_failed=2,
    paused=True,
)
LEFT = UnlandedResult(
    day=date(2026, 8, 1), connection="acme", account=None, definition="fees", query_run="qryrun_secret"
)
LEDGER = LedgerFigures(extracts=[FEES], expiring=[LEFT, replace(LEFT, day=date(2026, 7, 1))], read_at=AT, answers=True)


def collector(client: Any, ledger: LedgerFigures = LEDGER) -> Collector:
    return Collector(client, lambda: ledger, "1.2.3")


def busy(client: redis.Redis) -> None:
    """A deployment in which everything has happened once."""
    lane = Lane(client, "acme:live")
    lane.open("f-of-a-batch", size=9, cap=3)
    assert lane.governor.finish(lane.hold_ready(), RunState.LANDED, stored_bytes=10, records=2)
    assert lane.governor.finish(lane.hold(Step.SUBMIT), RunState.FAILED, why="too_big")
    Heartbeats(client).beat("one", 60)
    Heartbeats(client).beat(f"{BEAT}one", 60)
    Heartbeats(client).complain("two", "its disk is full", 60)
    ClosingQueue(client).put_off("f-of-a-batch", "no right to write")
    client.config_set("maxmemory", "1gb")


@pytest.fixture
def scrape(valkey: redis.Redis) -> str:
    busy(valkey)
    try:
        return collector(valkey).text()
    finally:
        valkey.config_set("maxmemory", "0")


def test_every_metric_is_exported_and_no_other(scrape: str) -> None:
    exported = [(family.name, family.kind, family.help) for family in families(scrape)]

    assert sorted(exported) == sorted((metric.name, metric.kind, metric.help) for metric in METRICS)


def test_the_linter_has_nothing_to_say(scrape: str) -> None:
    assert list(lint(scrape)) == []


def test_labels_are_those_that_are_named_and_none_tells_a_run_or_a_batch(scrape: str) -> None:
    labels = {metric.name: set(metric.labels) for metric in METRICS}

    for family in families(scrape):
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == labels[family.name], sample
    assert not any(name in scrape for name in ("f-of-a-batch", "qr_1", "qryrun_secret"))


def test_some_of_them_by_hand(scrape: str) -> None:
    said = samples(scrape)

    assert said['forebay_build_info{version="1.2.3"}'] == 1
    assert (said["forebay_workers_alive"], said["forebay_workers_stuck"], said["forebay_beats_alive"]) == (1, 1, 1)
    assert said["forebay_closings_put_off"] == 1
    assert said["forebay_redis_memory_max_bytes"] == 2**30
    assert said['forebay_lane_slots_held{lane="acme:live",class="scheduled"}'] == 3
    assert said['forebay_lane_runs{lane="acme:live",state="waiting"}'] == 4
    assert said['forebay_runs_total{lane="acme:live",outcome="landed"}'] == 1
    assert said['forebay_run_failures_total{lane="acme:live",error_class="too_big"}'] == 1
    assert said['forebay_landed_bytes_total{lane="acme:live"}'] == 10
    assert said['forebay_extract_last_landed_timestamp_seconds{extract="fees"}'] == AT.timestamp()
    assert said['forebay_extract_windows{extract="fees",state="late"}'] == 1
    assert said['forebay_extract_windows{extract="fees",state="missing"}'] == 0
    assert said['forebay_results_expiring{connection="acme"}'] == 2
    oldest = said['forebay_results_expiring_oldest_timestamp_seconds{connection="acme"}']
    assert oldest == datetime(2026, 7, 1, tzinfo=UTC).timestamp()


def test_while_redis_is_away_that_is_told_and_what_the_ledger_said(tmp_path: Any) -> None:
    with connect(f"redis://127.0.0.1:{free_port()}/0", for_a_person=True) as client:
        said = samples(collector(client).text())

    assert said['forebay_source_up{source="redis"}'] == 0
    assert said['forebay_source_up{source="ledger"}'] == 1
    assert said['forebay_extract_windows{extract="fees",state="late"}'] == 1
    assert "forebay_workers_alive" not in said


def test_before_the_ledger_was_read_nothing_is_said_of_it(valkey: redis.Redis) -> None:
    said = samples(collector(valkey, LedgerFigures()).text())

    assert 'forebay_source_up{source="ledger"}' not in said
    assert not any("extract" in line for line in said)


def round_trips(client: redis.Redis, work: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> int:
    """Counts the answers that were waited for: packets that a connection sent."""
    sent = 0
    send = redis.Connection.send_packed_command

    def counted(connection: Any, *arguments: Any, **named: Any) -> Any:
        nonlocal sent
        sent += 1
        return send(connection, *arguments, **named)

    monkeypatch.setattr(redis.Connection, "send_packed_command", counted)
    work()
    return sent


class TestCost:
    def lanes(self, client: redis.Redis, count: int) -> Collector:
        client.flushdb()
        for number in range(count):
            Lane(client, f"acme{number}:live").open(size=100, cap=2)
        one = collector(client)
        one.text()
        return one

    def test_as_many_round_trips_for_three_lanes_as_for_sixty(
        self, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        of_three = round_trips(valkey, self.lanes(valkey, 3).text, monkeypatch)
        of_sixty = round_trips(valkey, self.lanes(valkey, 60).text, monkeypatch)

        assert of_three == of_sixty <= 9

    def test_a_lane_costs_twenty_commands_at_most(self, valkey: redis.Redis) -> None:
        of_ten = self.lanes(valkey, 10)
        before = calls(valkey)
        of_ten.text()
        small = calls(valkey) - before
        of_fifty = self.lanes(valkey, 50)
        before = calls(valkey)
        of_fifty.text()

        assert (calls(valkey) - before - small) / 40 <= 20
