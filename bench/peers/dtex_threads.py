"""Starts a thread for each slot around the `SigmaClient` of the PyPI package dtex: submit, look now and then, download.

The client takes its base URL as an argument, so nothing in it is replaced. It knows neither a cap nor a create rate
(more than five 429s in a row end a query), so the threads are as many as slots and their starts are paced. It looks
right after each submit, so each start costs two requests, which the pace and the interval allow for.
"""

import time
from concurrent.futures import ThreadPoolExecutor

from dtex.sources.stripe.sigma_client import SigmaClient

from bench.peers.job import Job, Pace

#: Of the flat interval of the others: room for the look right after each submit, which sees nothing.
INTERVALS = 1.2


class _Timed(SigmaClient):
    """Says when it saw the end; behaves like the client that it is."""

    noticed = 0.0

    def _poll_until_done(self, run_id: str, **named: object) -> str:
        url: str = super()._poll_until_done(run_id, **named)
        self.noticed = time.time()
        return url


def _run(job: Job, pace: Pace, number: int) -> None:
    client = _Timed(
        base_url=job.url,
        api_key=job.key,
        api_version=job.api_version,
        poll_interval_seconds=INTERVALS * job.poll_s,
        poll_timeout_seconds=5400,
        max_retries=10,
    )
    pace.wait()
    try:
        list(client.run_query(job.queries[number]))  # through a file of its own, as it always does
    except Exception as exc:  # noqa: BLE001 # whatever the client raises is this query's failure
        job.note(number, noticed=time.time(), error=repr(exc))
        return
    job.note(number, noticed=client.noticed, landed=time.time())


def main() -> None:
    job = Job.of_this_process()
    pace = Pace(min(job.creates_per_s, 0.45 * job.all_per_s))
    with ThreadPoolExecutor(job.cap) as threads:
        list(threads.map(lambda number: _run(job, pace, number), range(len(job.queries))))


if __name__ == "__main__":
    main()
