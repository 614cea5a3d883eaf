"""Stripe's wall of 90 minutes, through a real worker, on a Stripe whose clock has it after seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from forebay.governor.governor import Governor
from forebay.governor.states import RunState
from forebay.governor.view import View
from forebay.store.ledger.records import Item
from tests.servers.processes import sandbox, wait_until, workers
from tests.system.deployment import Deployment, configured

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

WALL_S, WALL_MS = 6, 90 * 60_000


@pytest.fixture
def deployment(valkey_url: str, tmp_path: Path) -> Iterator[Deployment]:
    faster = ["--run-limit-s", str(WALL_S), "--duration", "fixed:0"]
    with sandbox(tmp_path / "sandbox.log", *faster) as stripe_url:
        yield from configured(
            redis_url=valkey_url,
            stripe_url=stripe_url,
            folder=tmp_path,
            destination=str(tmp_path / "out"),
            ledger=str(tmp_path / "ledger"),
        )


def test_a_query_that_runs_into_the_wall_fails_once_with_its_class_and_frees_its_slot(deployment: Deployment) -> None:
    endless = Item(name="endless", sql="SELECT 1 AS n -- sandbox: duration=3600", account=None)
    short = Item(name="short", sql="SELECT 2 AS n", account=None)
    view = View(deployment.redis)
    with workers([deployment.logs / "w.log"], deployment.env):
        batch = deployment.submit([endless, short])
        lane = batch.flows[0].lane
        governor = Governor(deployment.redis, lane)
        wait_until(lambda: view.states(lane, batch.id, 0, 1) == [RunState.RUNNING], "the query to run")
        # For us, too, an hour and a half must have passed when Stripe ends it.
        deployment.redis.hset(governor.keys.run(f"{batch.id}/0"), mapping={"submitted": view.now_ms() - WALL_MS})
        # Who is so old is looked at once a minute; the sweep finds the event that says that now is the time.
        progress = deployment.wait_until_done(batch, deadline_s=WALL_S + 25)

    failure = deployment.ledger.failure(batch.id, lane, 0)
    assert failure and (failure.error_class, failure.attempt) == ("too_long", 0)
    assert "execution limit" in failure.message
    assert (progress.landed, progress.failed) == (1, 1)
    assert deployment.counts()["totals"] == {"runs": 2, "alive": 0, "overshoot_attempts": 0}
    assert view.lane(lane).held == 0
