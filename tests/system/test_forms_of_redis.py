"""A worker as a process on Redis in each of the forms in which it is run, and through a failover of it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from forebay.governor.errors import GovernorError
from forebay.governor.keys import LaneKeys
from forebay.governor.view import View
from forebay.scheduler.errors import NotOpened
from forebay.store.ledger.records import Batch
from tests.servers import redis_forms
from tests.servers.certificates import Authority
from tests.servers.processes import wait_until, workers
from tests.servers.valkey import valkey_server
from tests.system.deployment import Deployment, configured, queries
from tests.worker.holding_stripe import HoldingStripe, holding_stripe

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

RUNS = 3


@contextlib.contextmanager
def deployment(
    folder: Path, redis_url: str, stripe: HoldingStripe | None = None, **settings: str
) -> Iterator[Deployment]:
    """A deployment whose Stripe starts every query at once, and ends none."""
    with contextlib.ExitStack() as running:
        stripe = stripe or running.enter_context(holding_stripe())
        stripe.answering.set()
        yield from configured(
            redis_url=redis_url,
            stripe_url=stripe.url,
            folder=folder,
            destination=str(folder / "out"),
            ledger=str(folder / "ledger"),
            **settings,
        )


def at_stripe(deployment: Deployment, batch: Batch) -> int:
    """How many of its runs have been started there."""
    with contextlib.suppress(GovernorError):
        runs = [View(deployment.redis).run("default:test", batch.id, index) for index in range(RUNS)]
        return sum(bool(run and run.query_run) for run in runs)
    return 0


def works(deployment: Deployment) -> None:
    batch = deployment.submit(queries(RUNS))
    wait_until(lambda: at_stripe(deployment, batch) == RUNS, "the queries to be started")


def test_work_goes_on_after_the_sentinels_have_promoted_a_replica(tmp_path: Path) -> None:
    with (
        redis_forms.sentinels(tmp_path) as servers,
        deployment(tmp_path, servers.url) as deployed,
        workers([tmp_path / "w.log"], deployed.env) as (worker,),
    ):
        works(deployed)
        servers.primary.wait(1, 1000)
        servers.primary_process.kill()
        wait_until(lambda: servers.replica.role()[0] == "master", "the replica to be promoted")

        wait_until(lambda: _submits(deployed), "a submit to reach the new primary")

        assert worker.poll() is None, (tmp_path / "w.log").read_text()


def _submits(deployed: Deployment) -> bool:
    with contextlib.suppress(GovernorError, NotOpened):
        works(deployed)
        return True
    return False


def test_work_goes_on_after_a_name_leads_to_another_primary(tmp_path: Path) -> None:
    with (
        redis_forms.sentinels(tmp_path) as servers,
        redis_forms.under_a_name(redis_forms.port_of(servers.primary)) as name,
        deployment(tmp_path, name.url) as deployed,
        workers([tmp_path / "w.log"], deployed.env) as (worker,),
    ):
        works(deployed)
        servers.demote()
        name.leads_to = redis_forms.port_of(servers.replica)

        works(deployed)

        assert worker.poll() is None, (tmp_path / "w.log").read_text()


def test_a_cluster_holds_the_state_and_another_redis_the_messages(tmp_path: Path) -> None:
    with (
        redis_forms.cluster(tmp_path) as url,
        valkey_server() as broker,
        deployment(tmp_path, url, FOREBAY_BROKER_URL=broker) as deployed,
        workers([tmp_path / "w.log"], deployed.env),
    ):
        works(deployed)


def test_a_replica_of_a_cluster_that_is_promoted_is_reconciled_and_nothing_runs_twice(tmp_path: Path) -> None:
    key = LaneKeys("default:test").config
    with (
        redis_forms.cluster_with_replica(tmp_path, key) as servers,
        valkey_server() as broker,
        holding_stripe() as stripe,
        deployment(tmp_path, servers.url, stripe, FOREBAY_BROKER_URL=broker) as deployed,
        workers([tmp_path / "w.log"], deployed.env) as (worker,),
    ):
        works(deployed)
        servers.primary.wait(1, 1000)
        lost = deployed.submit(queries(RUNS))
        wait_until(lambda: at_stripe(deployed, lost) == RUNS, "the queries to be started")
        alive = set(stripe.begun[-RUNS:])
        servers.promote()

        wait_until(lambda: _submits(deployed), "a submit to reach the new primary")
        wait_until(lambda: at_stripe(deployed, lost) == RUNS, "what was lost to be found again")

        assert servers.replica.hget(key, "server") == servers.replica.info("server")["run_id"]
        runs = [View(deployed.redis).run("default:test", lost.id, index) for index in range(RUNS)]
        assert {run and run.query_run for run in runs} == {f"qryrun_{key}" for key in alive}, "a query ran twice"
        assert worker.poll() is None, (tmp_path / "w.log").read_text()


def test_state_and_messages_go_through_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with redis_forms.with_tls(authority) as (url, ours):
        files = {
            "FOREBAY_REDIS_CA": str(authority.path),
            "FOREBAY_REDIS_CERT": str(ours.certificate),
            "FOREBAY_REDIS_KEY": str(ours.key),
        }
        with deployment(tmp_path, url, **files) as deployed, workers([tmp_path / "w.log"], deployed.env):
            works(deployed)


def test_state_and_messages_go_through_a_socket(tmp_path: Path) -> None:
    with (
        redis_forms.on_a_socket(tmp_path) as url,
        deployment(tmp_path, url) as deployed,
        workers([tmp_path / "w.log"], deployed.env),
    ):
        works(deployed)
