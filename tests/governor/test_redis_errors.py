"""No exception of Redis leaves the governor: whoever calls it catches `GovernorError`, and nothing else."""

import inspect
import pkgutil
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
import redis

import forebay.governor
from forebay.config.standing import StandingChange
from forebay.governor.claiming import ClaimTerms
from forebay.governor.contract import AskedFor, Claimed, Custody, EndPath, LaneLimits, Remembered, Retry
from forebay.governor.deployment.host_reports import HostReport
from forebay.governor.deployment.ledger_stamp import LedgerStamp, LedgerStamps
from forebay.governor.deployment.shared_runs import LaneQuery
from forebay.governor.deployment.timed_lock import TimedLock
from forebay.governor.errors import RedisUnavailable
from forebay.governor.governor import Governor
from forebay.governor.keys import LaneKeys
from forebay.governor.lane_events import LaneEvents
from forebay.governor.lane_scripts import LaneScripts
from forebay.governor.redis_client import is_connected, ping
from forebay.governor.scripts import Scripts
from forebay.governor.server_checks import check_server
from forebay.governor.states import Gate, RunState, Step
from forebay.governor.view import View

CUSTODY = Custody(
    run="f/0",
    fence=1,
    state=RunState.GRANTED,
    tries=1,
    since_grant_ms=0,
    since_sent_ms=None,
    since_unanswered_ms=None,
    since_create_ms=None,
    since_poll_ms=None,
    since_end_ms=None,
    flow="f",
    index=0,
    attempt=0,
    query_run=None,
    key=None,
    canceling=False,
    closed_gates=frozenset(),
)
QUERY = LaneQuery("acme:live", None, "SELECT 1")

#: Something for each parameter that has no default, by its name; of a class where its own means something else.
GIVEN: dict[str, Any] = {
    "account": None,
    "until": datetime.now(UTC),
    "accepted_at": datetime.now(UTC),
    "asked": [AskedFor("acme:live", {Step.POLL: 1}, believes=True)],
    "asking": [(QUERY, "b1/0")],
    "at_ms": 0,
    "attempt": 0,
    "batch": "b1",
    "batches": ["b1"],
    "claimed": Claimed("f/0", 1),
    "custody": CUSTODY,
    "custody_ms": 1,
    "day": date(2026, 11, 22),
    "deed": "d1",
    "definition": "fees",
    "connection": "acme",
    "delay_ms": 0,
    "digest": "0011",
    "ends": [("qr_1", 1)],
    "downloads": 1,
    "every_ms": 0,
    "every_s": 60,
    "fence": 1,
    "first_poll_ms": 0,
    "ranges": [("acme:live", "f", 0, 1)],
    "first_ms": 1,
    "flow": "f",
    "gate": Gate.CAP,
    "gates": [Gate.CAP],
    "good_for_s": 1,
    "index": 0,
    "key": "key",
    "keys": LaneKeys("acme:live"),
    "known": {},
    "lane": "acme:live",
    "lanes": ["acme:live"],
    "limits": LaneLimits(cap=1),
    "longest_ms": 1,
    "max_age": timedelta(days=1),
    "most": 1,
    "next_ms": 0,
    "node": "one",
    "nodes": ["one"],
    "now_ms": 0,
    "outcome": RunState.LANDED,
    "path": EndPath.EVENTS,
    "polls": 1,
    "queries": [QUERY],
    "operation": "create",
    "query": "q",
    "query_run": "qr_1",
    "reason": "a test",
    "received_bytes": 0,
    "reconciliation_id": "a 1",
    "remembered": Remembered(size=1, states=[RunState.FAILED], attempts={}, stored_bytes=0, records=0, canceling=False),
    "report": HostReport(at=datetime(2026, 11, 22, tzinfo=UTC), troubles={}),
    "run": "b1/0",
    "runs": [Retry(0, 1)],
    "seen_ms": 0.0,
    "since": "",
    "slots": 1,
    "for_ms": 1,
    "holder": "a test",
    "size": 1,
    "standing": StandingChange(weight=2.0),
    "steps": [*Step],
    "terms": ClaimTerms(),
    "monotonic_s": lambda: 0.0,
    "start": 0,
    "state": RunState.GRANTED,
    "stop": 1,
    "submits": 1,
    "surely_over_ms": 1,
    "trouble": "a test",
    "sent": [(0, 0)],
    "own": LedgerStamp("one", "s3://ledger"),
    "SharedRuns.query": QUERY,
}


class NoConnections(redis.ConnectionPool):
    """Every command fails, whichever way it takes."""

    def get_connection(self, *args: Any, **named: Any) -> Any:
        raise redis.ConnectionError("gone")


def classes_with_a_client() -> list[type]:
    """Those that others get to do something in Redis; `Scripts` and `LaneScripts` are the governor's own."""
    found = pkgutil.walk_packages(forebay.governor.__path__, "forebay.governor.")
    modules = [import_module(module.name) for module in found]
    kinds = {kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)}
    ours = [kind for kind in kinds if kind.__module__.startswith("forebay.governor.")]
    taking = [kind for kind in ours if "client" in inspect.signature(kind.__init__).parameters]
    return sorted({*taking} - {Scripts, LaneScripts}, key=lambda kind: kind.__name__)


def given(kind: type, function: Any) -> dict[str, Any]:
    needed = [each for each in inspect.signature(function).parameters.values() if each.default is each.empty]
    names = [each.name for each in needed if each.name != "client"]
    return {name: GIVEN.get(f"{kind.__name__}.{name}", GIVEN[name]) for name in names}


def ask(method: Any, **arguments: Any) -> None:
    """Calls a method; one that yields asks only when its first answer is wanted."""
    answer = method(**arguments)
    if inspect.isgenerator(answer):
        next(answer)


METHODS = [
    (kind, name)
    for kind in classes_with_a_client()
    for name, _ in inspect.getmembers(kind, inspect.isfunction)
    if not name.startswith("_")
]


@pytest.fixture
def gone() -> redis.Redis:
    return redis.Redis(connection_pool=NoConnections(), decode_responses=True)


def test_the_classes_were_found() -> None:
    assert {Governor, LaneEvents, View, LedgerStamps} <= {*classes_with_a_client()}


@pytest.mark.parametrize(("kind", "name"), METHODS, ids=[f"{kind.__name__}.{name}" for kind, name in METHODS])
def test_a_redis_that_is_gone_is_unavailable_to_each_method(gone: redis.Redis, kind: Any, name: str) -> None:
    of = kind(gone, **given(kind, kind))
    if isinstance(of, TimedLock):
        of._lock.local.token = "taken"  # what was never taken is given back without a word to Redis
    with pytest.raises(RedisUnavailable, match="gone"):
        ask(getattr(of, name), **given(kind, getattr(of, name)))


@pytest.mark.parametrize(
    "asking", [ping, check_server, lambda client: is_connected(client, "name")], ids=["ping", "check", "is_connected"]
)
def test_and_to_who_asks_for_the_server(gone: redis.Redis, asking: Any) -> None:
    with pytest.raises(RedisUnavailable, match="gone"):
        asking(gone)
