"""Our state on a Redis in each form in which it is run: real servers, and everything that the governor does there."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from forebay.config.redis_server import TlsFiles, read_redis_url
from forebay.governor.bell import Rung, listen
from forebay.governor.claiming import Claiming, ClaimTerms
from forebay.governor.contract import AskedFor, Claims, LaneLimits
from forebay.governor.deployment.closing_lock import ClosingLock
from forebay.governor.deployment.closing_queue import ClosingQueue
from forebay.governor.deployment.heartbeats import Heartbeats
from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.deployment.shared_runs import LaneQuery, SharedRuns
from forebay.governor.errors import GovernorError, RedisUnavailable
from forebay.governor.governor import Governor
from forebay.governor.reconciliation import Reconciliation
from forebay.governor.redis_client import Client, connect
from forebay.governor.redis_forms import pool
from forebay.governor.server_checks import check_server
from forebay.governor.states import RunState, Step
from forebay.governor.view import View
from tests.servers import redis_forms
from tests.servers.certificates import Authority
from tests.servers.processes import wait_until

pytestmark = pytest.mark.system

LANES = ("acme:live", "trial:test")


def work(client: Client) -> None:
    """Does at least once what each class does that others use."""
    check_server(client)
    view = View(client)
    for lane in LANES:
        governor = Governor(client, lane)
        governor.configure(LaneLimits(cap=2, creates_per_s=100, retrieves_per_s=100, requests_per_s=100))
        governor.open_flow("b1", 2)
        reconciliation = Reconciliation(client, lane)
        waits_for = reconciliation.unreconciled()
        assert waits_for and reconciliation.reconciled(waits_for)
        claimed = governor.claim(submits=2, downloads=0, polls=0).due[Step.SUBMIT]
        assert len(claimed) == 2
        custody = governor.begin(claimed[0], RunState.GRANTED, 60_000)
        assert custody
        governor.mark_sent(custody, "key")
        assert governor.bind(custody, "qryrun_1", 0)
        found = view.flow(lane, "b1")
        assert found and (found.held, found.waiting) == (2, 0)
        assert view.lane(lane).held == 2
        assert view.states(lane, "b1", 0, 2) == [RunState.RUNNING, RunState.GRANTED]
        assert view.run(lane, "b1", 0)
        assert view.is_busy(lane)
        assert view.held_by_flow(lane) == {"b1": 2}
        assert view.longest_held(lane)
    assert view.lanes() == sorted(LANES)
    _work_as_a_pump_does(client, view)
    _work_beside_the_lanes(client, view)


def _work_as_a_pump_does(client: Client, view: View) -> None:
    bells = listen(client, lambda: False)
    assert next(bells) is None
    for lane in LANES:
        assert Governor(client, lane).pause("a test")
        assert Governor(client, lane).resume()
    awaited = {Rung(Step.SUBMIT, 0, lane) for lane in LANES}
    while awaited:
        awaited -= {next(bells)}  # and perhaps one of before, which comes later by way of another node
    bells.close()
    assert sorted(view.stirring(LANES, list(Step))) == sorted(LANES)
    asked = [AskedFor(lane, {Step.POLL: 1}, believes=False) for lane in LANES]
    answers = Claiming(client, ClaimTerms(), lambda: 0.0).claim(asked)
    assert [len(claims.due[Step.POLL]) for claims in answers if isinstance(claims, Claims)] == [1, 1]


def _work_beside_the_lanes(client: Client, view: View) -> None:
    closing_queue = ClosingQueue(client)
    closing_queue.add("b1", 5)
    assert closing_queue.due(view.now_ms(), 10) == {"b1": 5}
    assert closing_queue.remove("b1", 5)
    lock = ClosingLock(client, "b1", good_for_s=60)
    assert (lock.take(), lock.renew(), lock.release()) == (True, True, True)
    RecentBatches(client).add("b1", datetime.now(UTC))
    assert [batch for batch, _ in RecentBatches(client).newest()] == ["b1"]
    assert RecentBatches(client).unknown(["b1", "b2"]) == ["b2"]
    asking = [(LaneQuery(lane, None, "SELECT 1"), f"{lane}/0") for lane in LANES]
    assert SharedRuns(client).share(asking, timedelta(days=1)) == [None, None]
    again = [(query, "other/0") for query, _ in asking]
    assert SharedRuns(client).share(again, timedelta(days=1)) == [run for _, run in asking]
    assert SharedRuns(client).would_share([query for query, _ in asking], timedelta(days=1)) == [True, True]
    Heartbeats(client).beat("here", 60)
    assert Heartbeats(client).is_alive("here")
    assert "here" in Heartbeats(client).alive()


@pytest.mark.parametrize("form", [redis_forms.cluster, redis_forms.on_a_socket], ids=["cluster", "socket"])
def test_all_of_our_state_works_there(form: Callable[[Path], Iterator[str]], tmp_path: Path) -> None:
    with form(tmp_path) as url, connect(url) as client:  # type: ignore[attr-defined]
        work(client)


def test_a_failover_of_the_sentinels_costs_no_more_than_a_moment(tmp_path: Path) -> None:
    with redis_forms.sentinels(tmp_path) as servers, connect(servers.url) as client:
        work(client)
        servers.primary.wait(1, 1000)
        servers.primary_process.kill()
        wait_until(lambda: servers.replica.role()[0] == "master", "the replica to be promoted")

        wait_until(lambda: _is_busy(client), "our client to find the new primary")


def test_sentinels_that_name_no_primary_are_said_in_one_sentence() -> None:
    url = "redis+sentinel://:hunter2@127.0.0.1:1,127.0.0.1:2/mymaster/0"
    with connect(url) as client, pytest.raises(RedisUnavailable) as raised:
        check_server(client)
    assert (
        str(raised.value)
        == "none of the sentinels can be reached and names a primary that is up (a failover takes them some seconds)"
    )


def test_a_cluster_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(RedisUnavailable, match="the Redis Cluster cannot be reached"):
        connect("redis+cluster://:hunter2@127.0.0.1:1,127.0.0.1:2")


def test_a_primary_that_was_demoted_is_not_believed(tmp_path: Path) -> None:
    with redis_forms.sentinels(tmp_path) as servers, connect(servers.url) as client:
        RecentBatches(client).add("before", datetime.now(UTC))
        servers.demote()

        with pytest.raises(RedisUnavailable):
            RecentBatches(client).add("after", datetime.now(UTC))


def test_a_name_that_leads_to_another_primary_by_now_is_followed(tmp_path: Path) -> None:
    with (
        redis_forms.sentinels(tmp_path) as servers,
        redis_forms.under_a_name(redis_forms.port_of(servers.primary)) as name,
        connect(name.url) as client,
    ):
        with redis.Redis.from_pool(pool(read_redis_url(name.url))) as of_the_broker:
            of_the_broker.lpush("queue", 1)
            RecentBatches(client).add("before", datetime.now(UTC))
            servers.demote()
            name.leads_to = redis_forms.port_of(servers.replica)

            # It has no retries of its own, so it finds out once.
            with pytest.raises(redis.ConnectionError, match="demoted"):
                of_the_broker.lpush("queue", 2)
            assert of_the_broker.lpush("queue", 3) == 2
        RecentBatches(client).add("after", datetime.now(UTC))

        assert RecentBatches(client).unknown(["before", "after"]) == []


def _is_busy(client: Client) -> bool:
    try:
        return View(client).is_busy(LANES[0])
    except RedisUnavailable:
        return False


def test_tls_with_a_ca_of_ones_own_and_client_certificates(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with redis_forms.with_tls(authority) as (url, ours):
        server = read_redis_url(url)
        trusted = TlsFiles(ca=authority.path)
        ready = TlsFiles(ca=authority.path, certificate=ours.certificate, key=ours.key)

        for files, said in ((TlsFiles(), "CERTIFICATE_VERIFY_FAILED"), (trusted, "does not answer as it should")):
            with connect(replace(server, files=files)) as client, pytest.raises(GovernorError, match=said):
                check_server(client)
        with connect(replace(server, files=ready)) as client:
            work(client)


def test_sentinels_and_their_server_have_tls_and_a_password_each(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with redis_forms.guarded_sentinels(tmp_path, authority) as (url, ours):
        files = TlsFiles(ca=authority.path, certificate=ours.certificate, key=ours.key)
        server = replace(read_redis_url(url), files=files)

        for wrong, said in (
            ({"sentinel_password": None}, "none of the sentinels lets us in"),
            ({"sentinel_password": "guessed"}, "none of the sentinels lets us in"),
            ({"password": "guessed"}, "invalid username-password pair"),
            ({"files": replace(files, ca=None)}, "none of the sentinels can be reached"),
        ):
            with connect(replace(server, **wrong)) as client, pytest.raises(GovernorError, match=said) as refused:
                check_server(client)
            assert "guessed" not in str(refused.value)
        with connect(server) as client:
            work(client)
