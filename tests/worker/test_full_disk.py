"""A worker whose Redis is full waits, says so, and goes on by itself: a real process, a real server, a real limit."""

import socket
from pathlib import Path

import pytest
import redis

from forebay.governor.contract import LaneLimits
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.errors import WritesRefused
from forebay.governor.governor import Governor
from forebay.governor.keys import alive
from forebay.governor.redis_client import check_writes, connect
from tests.servers.processes import environment, start_worker, stop, wait_until
from tests.servers.valkey import valkey_on_a_disk


@pytest.mark.system
def test_a_worker_outlives_a_full_redis_and_works_when_there_is_room(tmp_path: Path) -> None:
    log, node = tmp_path / "worker.log", socket.gethostname()
    with valkey_on_a_disk() as (url, disk), connect(url) as client:
        lane = Governor(client, "acme:test")
        lane.configure(LaneLimits(cap=1, creates_per_s=1, retrieves_per_s=1, requests_per_s=1))
        worker = start_worker(log, environment(FOREBAY_REDIS_URL=url, FOREBAY_LEDGER=str(tmp_path / "ledger")))
        try:
            wait_until(lambda: Heartbeats(client).is_alive(node), "the worker's first round")
            disk.fill()
            wait_until(lambda: "Redis refuses writes: it cannot write to its disk" in log.read_text(), "the cause")
            disk.make_room()
            wait_until(lambda: takes_writes(client), "room for writes")
            client.delete(alive(node))
            wait_until(lambda: Heartbeats(client).is_alive(node), "the worker to go on")
            assert worker.poll() is None
        finally:
            stop(worker)
    assert "bug" not in log.read_text()


def takes_writes(client: redis.Redis) -> bool:
    try:
        check_writes(client)
    except WritesRefused:
        return False
    return True
