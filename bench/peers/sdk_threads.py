"""Starts Stripe's own SDK in a thread for each slot: create, retrieve every so often, download.

The SDK repeats server errors by itself, and no 429; so the threads repeat those, after one to four seconds.
"""

import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import stripe

from bench.peers.job import Job, Pace


def _patiently(call: Callable[..., Any], *arguments: object) -> Any:
    while True:
        try:
            return call(*arguments)
        except stripe.RateLimitError:
            time.sleep(random.uniform(1, 4))


def _run(job: Job, api: Any, pace: Pace, number: int) -> None:
    pace.wait()
    options = {"idempotency_key": str(uuid.uuid4())}
    try:
        run = _patiently(api.create, {"sql": job.queries[number]}, options)
        while run.status == "running":
            time.sleep(job.poll_s)
            run = _patiently(api.retrieve, run.id)
        noticed = time.time()
        job.fetch(number, run.result.file.download_url.url)
    except Exception as exc:  # noqa: BLE001 # whatever the SDK raises is this query's failure
        job.note(number, noticed=time.time(), error=repr(exc))
        return
    job.note(number, noticed=noticed, landed=time.time())


def main() -> None:
    job = Job.of_this_process()
    pace = Pace(job.creates_per_s)
    client = stripe.StripeClient(job.key, base_addresses={"api": job.url}, max_network_retries=3)
    api = client.v2.data.reporting.query_runs
    with ThreadPoolExecutor(job.cap) as threads:
        list(threads.map(lambda number: _run(job, api, pace, number), range(len(job.queries))))


if __name__ == "__main__":
    main()
