"""How scripts get to Redis and what Redis's errors become; that a lane stays on one Cluster node."""

import re
import threading
from collections.abc import Iterator

import pytest
import redis
from redis import exceptions
from redis.crc import key_slot

from forebay.config.standing import StandingChange
from forebay.governor.contract import EndPath, Remembered, Retry
from forebay.governor.durations import Took
from forebay.governor.errors import GovernorError, LayoutMismatch, RedisUnavailable, WritesRefused
from forebay.governor.governor import Governor
from forebay.governor.keys import LAYOUT, LaneKeys
from forebay.governor.redis_client import connect
from forebay.governor.redis_errors import translation
from forebay.governor.scripts import SHARED, source, statements
from forebay.governor.states import Gate, RunState, Step
from tests.governor.driver import CUSTODY_MS, Lane
from tests.governor.keyspace import everything
from tests.governor.lua_headers import OF_A_LANE, STANDALONE, arguments, code, header, text
from tests.servers.valkey import free_port

#: The one that a governor has no use for.
READ_BY_THE_VIEW = "survey"


def use_every_script(lane: Lane) -> None:
    """A scenario in which each script does something at least once."""
    governor = lane.governor
    lane.open("f", 6, cap=3)
    assert lane.reconciliation.restore_flow(
        "old", Remembered(size=1, states=[RunState.FAILED], attempts={}, stored_bytes=0, records=0, canceling=False)
    )
    first, second, third = lane.hold_all(Step.SUBMIT)
    governor.close_gate(Gate.CAP, first_ms=1, longest_ms=1, reason="full")
    governor.open_gates([Gate.CAP])
    assert governor.mark_sent(first, "key") == "key"
    events = lane.events
    assert events.wake(EndPath.EVENTS, [("qr_1", 1)]) == (0, 1, 0)
    assert events.wake_all() == 0
    assert events.begin_sweep(1, custody_ms=1) is None
    assert not events.swept(1, next_ms=0, since="")
    assert governor.bind(first, "qr_1", 0)
    assert governor.ready(lane.hold(Step.POLL), query="q", took=Took(3.0, 9.1))
    landing = lane.hold(Step.DOWNLOAD)
    assert governor.renew(landing, CUSTODY_MS, 5)
    assert governor.finish(landing, RunState.LANDED)
    assert governor.finish(second, RunState.FAILED)
    assert governor.defer(third, 0, "no answer")
    assert governor.requeue(third, attempt=0)
    assert governor.retry("f", [Retry(1, 1)]) == 1
    assert governor.set_flow("f", StandingChange(weight=2.0))
    assert governor.pause("a test", "f")
    assert governor.resume("f")
    assert governor.set_aside("a test", 0, 0) is False
    assert governor.spend("retrieve") == 0
    assert governor.audit(every_ms=0, surely_over_ms=1) == (0, 0, 0, 0)
    assert governor._scripts.move_clock(moves=0, by_ms=1, before_ms=1)
    assert governor.open_flow("held", 1, hold_after=0)
    assert governor.release("held")
    assert lane.reconciliation.adopt("f", [(5, 0)]) == 1
    assert governor.cancel("f") is not None
    assert lane.view.cap == 3
    lane.finish_all(RunState.CANCELED)


@pytest.mark.parametrize("name", [*OF_A_LANE, *STANDALONE])
class TestHeaders:
    def test_say_what_a_script_takes_gives_costs_and_why(self, name: str) -> None:
        assert list(header(name)) == [*(["KEYS"] if name in STANDALONE else []), "ARGV", "Returns", "Cost", "Atomic"]

    def test_name_its_arguments_as_its_code_does_in_one_line(self, name: str) -> None:
        named = [each for each in arguments(name) if not each.endswith("…")]
        if len(named) == 1:
            assert re.search(rf"^local .*\b{named[0]}\b.* = .*ARGV\[1\]", code(name), flags=re.MULTILINE)
        elif named:
            some = "" if len(named) == len(arguments(name)) else f", 1, {len(named)}"
            assert re.search(rf"^local .*{', '.join(named)} = .*unpack\(ARGV{some}\)$", code(name), flags=re.MULTILINE)
        assert set(re.findall(r"ARGV\[\d+\]", code(name))) <= ({"ARGV[1]"} if len(named) == 1 else set())


class TestSharedParts:
    def test_a_script_gets_only_what_it_uses(self) -> None:
        assert "local function grant()" in source("ready")
        assert "local function grant()" not in source("renew")

    @pytest.mark.parametrize("part", SHARED)
    def test_nothing_is_lost_where_a_part_is_cut_into_statements(self, part: str) -> None:
        lines = [line for line in text(f"shared/{part}").splitlines() if line and not line.startswith("--")]

        cut = [line for one in statements(text(f"shared/{part}")) for line in one.splitlines()]

        assert [line for line in cut if line and not line.startswith("--")] == lines

    @pytest.mark.parametrize("name", OF_A_LANE)
    def test_what_a_script_names_of_them_is_there_before_it(self, name: str) -> None:
        whole = source(name)
        defined = [
            each for part in SHARED for each in re.findall(r"^local function (\w+)", text(f"shared/{part}"), re.M)
        ]
        for each in defined:
            used = re.search(rf"^(?!\s*--).*\b{each}\(", whole, flags=re.M)
            assert not used or f"local function {each}(" in whole[: used.end()], each


class TestLoading:
    def test_scripts_that_the_server_forgot_are_sent_again(self, real_lane: Lane) -> None:
        # Real only: fakeredis keeps scripts in the client.
        real_lane.open(size=2, cap=1)
        real_lane.client.script_flush()
        assert real_lane.hold(Step.SUBMIT).run == "f/0"

    def test_a_governor_may_be_used_by_many_threads(self, real_lane: Lane) -> None:
        # Real only: fakeredis runs a script under one lock, in the calling thread.
        real_lane.open(size=200, cap=200)
        begun: list[str] = []

        def worker() -> None:
            for _ in range(20):
                claims = real_lane.claim(Step.SUBMIT, 3)
                begun.extend(real_lane.begin(Step.SUBMIT, claimed).run for claimed in claims)

        threads = [threading.Thread(target=worker) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(begun) == sorted(f"f/{index}" for index in range(200))


class TestLayout:
    def test_a_lane_that_a_newer_release_wrote_is_left_alone(self, lane: Lane) -> None:
        lane.open(size=3, cap=1)
        lane.client.hset(lane.keys.config, "layout", LAYOUT + 1)
        before = everything(lane.client)
        calls = (
            lambda: lane.configure(5),
            lambda: lane.governor.open_flow("g", 1),
            lambda: lane.claim(Step.SUBMIT),
            lambda: lane.governor.cancel("f"),
        )
        for call in calls:
            with pytest.raises(LayoutMismatch, match=f"layout {LAYOUT + 1}, this release knows {LAYOUT}"):
                call()
        assert everything(lane.client) == before

    def test_other_lanes_are_not_concerned(self, lane: Lane) -> None:
        lane.configure(1)
        lane.client.hset(lane.keys.config, "layout", LAYOUT + 1)
        other = Lane(lane.client, "other:live")
        other.open(cap=1)
        assert other.slots() == {"f/0"}


class TestACluster:
    def test_every_key_that_a_script_touches_is_in_its_lanes_slot(self, real_lane: Lane, valkey_url: str) -> None:
        touched: set[str] = set()
        with connect(valkey_url) as watcher, watcher.monitor() as monitor:
            use_every_script(real_lane)
            real_lane.client.echo("that was all")
            for seen in monitor.listen():
                if seen["command"].startswith("ECHO"):
                    break
                if seen["client_type"] == "lua" and not seen["command"].startswith("PUBLISH"):
                    touched.update(re.findall(r"fb:\S+", seen["command"]))
        kinds = {key.partition("}:")[2].partition(":")[0] for key in touched}
        assert kinds == {
            *("cfg", "slots", "waiting", "ageing", "budgets", "stats", "totals", "due", "ghosts", "durations"),
            *("flow", "requeued", "states", "run", "query-runs", "early", "unheard", "feed", "history"),
        }
        slot = key_slot(b"acme:live")
        assert {key_slot(key.encode()) for key in touched} == {slot}

    @pytest.mark.parametrize("flow", ["{x}", "a}b", "{", "a/7", "a b"])
    def test_a_flows_name_cannot_move_its_keys(self, flow: str) -> None:
        keys = LaneKeys("acme:live")
        of_flow = (keys.flow(flow), keys.requeued(flow), keys.states(flow), keys.run(f"{flow}/0"))
        assert {key_slot(key.encode()) for key in (*of_flow, *keys.fixed)} == {key_slot(b"acme:live")}

    def test_all_scripts_were_used(self, real_lane: Lane) -> None:
        use_every_script(real_lane)
        users = (real_lane.governor, real_lane.reconciliation, real_lane.events)
        assert {name for user in users for name in user._scripts._scripts._loaded} == {*OF_A_LANE} - {READ_BY_THE_VIEW}


class TestErrors:
    def test_a_server_that_is_gone_is_unavailable(self) -> None:
        with redis.Redis.from_url(f"redis://127.0.0.1:{free_port()}/0") as nobody:
            lane = Lane(nobody)
            for call in (lambda: lane.configure(1), lambda: lane.claim(Step.SUBMIT)):
                with pytest.raises(RedisUnavailable):
                    call()

    def test_a_server_that_goes_while_a_lane_is_made_known_is_unavailable(
        self, lane: Lane, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone(*args: object) -> None:
            raise exceptions.ConnectionError("gone")

        monkeypatch.setattr(lane.client, "sadd", gone)
        with pytest.raises(RedisUnavailable):
            lane.configure(1)

    @pytest.fixture
    def full(self, real_lane: Lane) -> Iterator[Lane]:
        """Real only: fakeredis is never full."""
        real_lane.open(size=3, cap=1)
        real_lane.client.config_set("maxmemory", "1")
        yield real_lane
        real_lane.client.config_set("maxmemory", "0")

    def test_a_full_server_is_unavailable_and_not_a_bug(self, full: Lane) -> None:
        with pytest.raises(WritesRefused, match="its memory is full"):
            full.claim(Step.SUBMIT)

    def test_a_wrong_call_is_our_bug_and_may_not_be_repeated(self, lane: Lane) -> None:
        lane.configure(1)
        with pytest.raises(GovernorError, match="which is a bug") as caught:
            lane.governor.open_flow("f", "many")  # type: ignore[arg-type]
        assert not isinstance(caught.value, RedisUnavailable)

    @pytest.mark.parametrize(
        "error",
        [
            exceptions.ConnectionError("reset"),
            exceptions.TimeoutError("5 s"),
            exceptions.BusyLoadingError("reading the file"),
            exceptions.ReadOnlyError("a replica"),
            exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
            exceptions.ClusterDownError("The cluster is down"),
            exceptions.MasterDownError("Link with MASTER is down"),
            exceptions.TryAgainError("Multiple keys request during rehashing of slot"),
            exceptions.ResponseError("MISCONF Redis is configured to save RDB snapshots"),
            exceptions.ResponseError("BUSY Redis is busy running a script"),
            exceptions.ResponseError("NOREPLICAS Not enough good replicas to write."),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_what_passes_by_itself_may_be_tried_again(self, error: exceptions.RedisError) -> None:
        assert isinstance(translation(error), RedisUnavailable)

    @pytest.mark.parametrize(
        "error",
        [
            exceptions.NoPermissionError("no permissions to run the 'hset' command"),
            exceptions.ResponseError("WRONGTYPE"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_what_does_not_pass_is_not_tried_again(self, error: exceptions.RedisError) -> None:
        assert type(translation(error)) is GovernorError


def test_two_governors_of_a_lane_are_one(lane: Lane) -> None:
    lane.open(size=2, cap=1)
    other = Governor(lane.client, lane.name)
    (claimed,) = lane.claim(Step.SUBMIT)
    custody = other.begin(claimed, RunState.GRANTED, CUSTODY_MS)
    assert lane.governor.finish(custody, RunState.LANDED)
    assert lane.slots() == {"f/1"}
