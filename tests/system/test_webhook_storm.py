"""Webhooks as nobody wants them, through real processes: lost, doubled, late, forged, while the receiver is killed.

The sandbox sends them and is the judge: of how often each query ran, and of what was answered to each kind of webhook.
"""

import json
import re
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from forebay.governor.poll_times import LONGEST_POLL_S
from forebay.store.ledger.records import Batch
from tests.servers.processes import wait_until, workers
from tests.servers.receivers import receiver
from tests.servers.valkey import free_port
from tests.system.deployment import Deployment, queries, unhurried
from tests.system.test_main_job import assert_each_query_ran_once

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

CAP, QUERIES = 20, 80
SECRET, NEXT_SECRET = "whsec_of_the_storm", "whsec_that_is_rolled_in"
STORM = [
    {"name": "webhook_lost", "probability": 0.2},
    {"name": "webhook_doubled", "probability": 0.1},
    {"name": "webhook_late", "probability": 0.3, "delay_s": 1},
    {"name": "webhook_replayed", "probability": 0.2, "delay_s": 0.2},
    {"name": "webhook_forged", "probability": 0.5},
    {"name": "webhook_tampered", "probability": 0.2},
    {"name": "webhook_stale", "probability": 0.2},
    {"name": "webhook_future", "probability": 0.2},
    {"name": "webhook_nonsense", "probability": 0.2},
    {"name": "webhook_oversized", "probability": 0.05},
]
#: What each kind may be answered with, while somebody answers: 503 says to send it again.
TAKEN, REFUSED = {"200", "503"}, {"400"}
ANSWERS = {
    "event": TAKEN,
    "doubled": TAKEN,
    "replayed": TAKEN,
    "nonsense": TAKEN,
    "forged": REFUSED,
    "tampered": REFUSED,
    "stale": REFUSED,
    "future": REFUSED,
    "oversized": {"413"},
}


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def deployment(valkey_url: str, tmp_path: Path, port: int) -> Iterator[Deployment]:
    options = ["--cap", str(CAP), "--duration", "lognormal:2.0,0.4", "--events", "forbidden"]
    options += ["--webhook", f"http://127.0.0.1:{port}/webhooks/stripe/default", "--webhook-tries", "4"]
    options += [
        "--webhook-secrets",
        f"{SECRET},{NEXT_SECRET}",
        "--webhook-retry-s",
        "0.5",
        "--faults",
        json.dumps(STORM),
    ]
    secret = {"FOREBAY_WEBHOOK_SECRETS": SECRET}
    yield from unhurried(*options, redis_url=valkey_url, folder=tmp_path, cap=CAP, **secret)


def test_every_run_lands_once_and_every_forgery_is_refused_and_counted(deployment: Deployment, port: int) -> None:
    own = {name: value for name, value in deployment.env.items() if name.startswith(("FOREBAY_", "STRIPE_"))}
    command = ("web", "--only", "webhooks", "--port", str(port))
    with workers([deployment.logs / "w1.log"], deployment.env):
        with receiver(deployment.logs, *command, ready="POST", **own) as first:
            batch = deployment.submit(queries(QUERIES))
            wait_until(lambda: deployment.progress(batch).landed >= QUERIES // 5, "a fifth of the batch")
            first.end(signal.SIGKILL)
        wait_until(lambda: answers(deployment)["event"]["no_answer"], "webhooks that nobody hears")
        before = refused(deployment)
        with receiver(deployment.logs, *command, ready="POST", **own) as second:
            progress = deployment.wait_until_done(batch, deadline_s=120)
            wait_until(lambda: webhooks(deployment)["on_their_way"] == 0, "the last webhooks")
            assert httpx.get(f"{second.url}/readyz").status_code == 200
            assert second.end(signal.SIGTERM) == 0
            said = second.said

    assert (progress.landed, progress.failed) == (QUERIES, 0)
    assert deployment.peak_alive() <= CAP
    assert_each_query_ran_once(deployment, QUERIES)
    assert deployment.redis.zcard("fb:{default:test}:slots") == 0
    assert longest_held_s(deployment, batch) < LONGEST_POLL_S, "no slot is held past the look that there is always"

    assert set(answers(deployment)) == set(ANSWERS), "the storm had each kind"
    for kind, answered in answers(deployment).items():
        assert set(answered) - {"no_answer"} <= ANSWERS[kind], kind
    assert webhooks(deployment)["lost"] > 0
    counted = sum(int(count) for count in re.findall(r"(\d+) × (?:signed|not_old|not_ahead) \(default\)", said))
    assert counted == refused(deployment) - before > 0
    assert "Traceback" not in said and SECRET not in said


def longest_held_s(deployment: Deployment, batch: Batch) -> float:
    """How long the slowest slot was held by a run that had ended at Stripe."""
    ended = {run["id"]: run["ended"] for run in every_run(deployment)}
    seen = {manifest["query_run"]: manifest["ended_at"] for manifest in deployment.manifests(batch).values()}
    held = [datetime.fromisoformat(seen[run]) - datetime.fromisoformat(ended[run]) for run in seen]
    return max(held).total_seconds()


def every_run(deployment: Deployment) -> list[dict[str, Any]]:
    answer = httpx.get(f"{deployment.stripe_url}/sandbox/runs", params={"limit": 1000}, timeout=60)
    return list(answer.raise_for_status().json()["data"])


def refused(deployment: Deployment) -> int:
    """How many webhooks were answered 400, as their sender counts."""
    return sum(answered["400"] for answered in answers(deployment).values())


def answers(deployment: Deployment) -> dict[str, Counter[str]]:
    """By what was sent: how it was answered."""
    return {kind: Counter(answered) for kind, answered in webhooks(deployment)["sent"].items()}


def webhooks(deployment: Deployment) -> Any:
    return deployment.counts()["webhooks"]
