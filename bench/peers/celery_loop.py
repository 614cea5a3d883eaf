"""Loops as one does first with Celery: a task that creates, and retries itself until the run has ended.

Two worker processes with threads. A counter in Redis holds back creates beyond the cap, and whoever is held back
retries later; a 429 is a retry, as is a request without an answer, and so is each look. The idempotency key is the
task's id, which a retry keeps.
"""

import os
import random
import time
from pathlib import Path
from typing import Any

import httpx
import redis
from celery import Celery

from bench.peers.job import Job
from bench.peers.workers import two_workers

job = Job.load(os.environ["BENCH_JOB"])
app = Celery("loop", broker=job.redis_url)
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
http = httpx.Client(base_url=job.url, headers={"Authorization": f"Bearer {job.key}", "Stripe-Version": job.api_version})
slots = redis.Redis.from_url(job.redis_url)

_RUNS = "/v2/data/reporting/query_runs"
#: Creates that were held back or refused come back at about the rate that Stripe allows, not all at once.
_AFTER_429_S = max(4.0, job.cap / job.endpoint_per_s)
#: Those who wait for a slot wake some 80 times a second together: more costs a core and fills no slot sooner.
_WAIT_S = max(2.0, (len(job.queries) - job.cap) / 80)


@app.task(name="run_query", bind=True, max_retries=None)
def run_query(self: Any, number: int, run_id: str | None = None) -> None:
    """Creates the run or looks at it, and retries itself until it has ended."""
    if run_id is None:
        run_id = _create(self, number)
        raise self.retry(kwargs={"number": number, "run_id": run_id}, args=(), countdown=job.poll_s)
    try:
        answer = http.get(f"{_RUNS}/{run_id}")
    except httpx.TransportError:
        raise self.retry(countdown=random.uniform(1, 4)) from None
    if answer.status_code == 429:
        raise self.retry(countdown=random.uniform(1, 4))
    run = answer.raise_for_status().json()
    if run["status"] == "running":
        raise self.retry(countdown=job.poll_s)
    noticed = time.time()
    slots.decr("alive")
    try:
        job.fetch(number, run["result"]["file"]["download_url"]["url"])
    except OSError as exc:
        job.note(number, noticed=noticed, error=str(exc))
    else:
        job.note(number, noticed=noticed, landed=time.time())


def _create(task: Any, number: int) -> str:
    if slots.incr("alive") > job.cap:
        slots.decr("alive")
        raise task.retry(countdown=random.uniform(0.5, 1.5) * _WAIT_S)
    key = {"Idempotency-Key": task.request.id}
    try:
        answer = http.post(_RUNS, json={"sql": job.queries[number]}, headers=key)
    except httpx.TransportError:
        slots.decr("alive")
        raise task.retry(countdown=random.uniform(1, 4)) from None
    if answer.status_code == 429:
        slots.decr("alive")
        raise task.retry(countdown=random.uniform(1, _AFTER_429_S))
    run_id: str = answer.raise_for_status().json()["id"]
    return run_id


def main() -> None:
    for number in range(len(job.queries)):
        run_query.delay(number)
    with two_workers("bench.peers.celery_loop", Path(job.folder), dict(os.environ)):
        while job.landed() < len(job.queries):
            time.sleep(0.5)


if __name__ == "__main__":
    main()
