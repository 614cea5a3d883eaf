"""What one lane holds in Redis, and what is asked of a store: the parts of the bench of scale that can be counted."""

from typing import Any

import pytest

from bench.costs.lane_memory import LANE, measure
from bench.costs.store_requests import client_of, counted_store, kind
from forebay.governor.contract import LaneLimits
from forebay.governor.governor import Governor
from forebay.governor.redis_client import connect
from tests.governor.driver import reconcile
from tests.servers.valkey import valkey_server

#: So many that what the server frees or takes beside is little of it.
LANES = 1_000


def test_what_lanes_hold_is_what_the_server_grows_by() -> None:
    with valkey_server() as url, connect(url) as client:  # of its own: what is flushed is freed when the server likes
        _lane(client, 0)  # scripts and buffers are no lane's
        before = client.info("memory")["used_memory"]
        for number in range(1, 1 + LANES):
            _lane(client, number)
        grown = (client.info("memory")["used_memory"] - before) / LANES
        held = measure(client, 100)

    assert grown == pytest.approx(held.new_lane, rel=0.5)  # its share of the table of keys and of the set of lanes
    assert held.lane <= 1_500
    assert held.alive_run <= 1_500


def _lane(client: Any, number: int) -> None:
    governor = Governor(client, f"{LANE[:-4]}{number:04d}")
    governor.configure(LaneLimits(cap=100, creates_per_s=10, retrieves_per_s=10, requests_per_s=20))
    reconcile(governor)


def test_a_flow_that_ended_holds_half_a_byte_a_run(valkey: Any) -> None:
    short, long = (measure(valkey, runs).flow for runs in (100, 2_000))

    assert (long - short) / 1_900 <= 1.1  # a string that grows is given twice what it needs


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("PUT", "/bench/ledger/sent/202611292200-node.json", "PUT sent"),
        ("PUT", "/bench/ledger/batches/b/batch.json", "PUT batches"),
        ("GET", "/bench?list-type=2&prefix=ledger%2Fopen%2F&encoding-type=url", "LIST open"),
        ("GET", "/bench?uploads&prefix=out%2F", "LIST results"),
        ("PUT", "/bench/out/b/q.csv", "PUT results"),
        ("HEAD", "/bench/ledger/ledger.json", "HEAD ledger.json"),
        ("POST", "/bench?delete", "DELETE many"),
    ],
)
def test_requests_are_told_apart_by_what_they_are_about(method: str, target: str, expected: str) -> None:
    assert kind(method, target) == expected


def test_the_relay_counts_each_request_once_and_passes_all_of_them() -> None:
    with counted_store() as (endpoint, counted):
        client = client_of(endpoint)
        for number in range(5):
            client.put_object(Bucket="bench", Key=f"ledger/uses/{number}", Body=b"x" * 5_000)
        listed = client.list_objects_v2(Bucket="bench", Prefix="ledger/uses/")["Contents"]
        body = client.get_object(Bucket="bench", Key="ledger/uses/0")["Body"].read()
        client.close()

    assert len(listed) == 5
    assert body == b"x" * 5_000
    assert counted == {"PUT uses": 5, "LIST uses": 1, "GET uses": 1}
