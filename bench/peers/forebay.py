"""Runs Forebay as its users deploy it: two worker processes, a batch, results in a folder.

When an end was noticed and a result landed is read from the manifests.
"""

import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.peers.hearing import hearing
from bench.peers.job import Job
from bench.peers.workers import two_workers
from bench.scenario import SHARE, fingerprint
from forebay.store.ledger.records import Batch, Item
from tests.system.deployment import Deployment, configured


def settings(job: Job) -> dict[str, str]:
    """Sets what the job tells everybody."""
    return {
        "STRIPE_API_KEY": job.key,
        "FOREBAY_CAP": str(job.cap),
        "FOREBAY_CREATES_PER_S": str(job.rate_per_s),
        "FOREBAY_RETRIEVES_PER_S": str(job.rate_per_s),
        "FOREBAY_REQUESTS_PER_S": str(min(2 * job.rate_per_s, SHARE * job.all_per_s)),
    }


def run(job: Job) -> None:
    """Does the job, after the warm-up if there is one."""
    folder = Path(job.folder)
    for deployment in configured(
        redis_url=job.redis_url,
        stripe_url=job.url,
        folder=folder,
        destination=str(folder / "out"),
        ledger=str(folder / "ledger"),
        **settings(job),
    ):
        hears = hearing(job.telling, job.webhook_port, folder, deployment.env)
        with two_workers("worker", folder, deployment.env), hears:
            if job.warm_up:
                _finish(deployment, job.warm_up)
                httpx.post(f"{job.url}/sandbox/reset").raise_for_status()
            _note(job, deployment, _finish(deployment, job.queries))


def _finish(deployment: Deployment, queries: list[str]) -> Batch:
    batch = deployment.submit([Item(name=f"q{number}", sql=sql, account=None) for number, sql in enumerate(queries)])
    while not deployment.progress(batch).done:
        time.sleep(0.5)
    return batch


def _note(job: Job, deployment: Deployment, batch: Batch) -> None:
    numbers = {fingerprint(sql): number for number, sql in enumerate(job.queries)}
    for manifest in deployment.manifests(batch).values():
        noticed, landed = (_epoch_s(manifest[name]) for name in ("ended_at", "landed_at"))
        job.note(numbers[manifest["sql_sha256"]], noticed=noticed, landed=landed)


def _epoch_s(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


if __name__ == "__main__":
    run(Job.of_this_process())
