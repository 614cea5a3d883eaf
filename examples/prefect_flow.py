"""Prefect: has a window of an extract landed, waits without a slot of its own, and hands on where the results are.

pip install prefect ./client    # in a clone of Forebay
FOREBAY_URL=https://forebay.example.com FOREBAY_TOKEN=fbweb_… python prefect_flow.py 2026-11-26
"""

import sys
from datetime import date
from typing import Any

from prefect import flow, task

from forebay_client import Client, ForebayError


def another_try_may_help(_task: Any, _run: Any, state: Any) -> bool:
    """Says so of a wait that was too short and of a service that was away; a query that is wrong stays wrong."""
    error = state.result(raise_on_failure=False)
    return not isinstance(error, ForebayError) or error.another_try_may_help


@task(retries=3, retry_delay_seconds=60, retry_condition_fn=another_try_may_help)
def land(extract: str, window: date) -> list[str]:
    """Lands one window. It is made once by its name, so a retry meets its own batch and asks nothing twice."""
    with Client() as client:
        batch = client.submit(extract, window=window)
        if not batch.created:  # another try, or somebody runs the flow again: what failed is taken up, and nothing else
            batch.take_up(why="the flow ran again")
        batch.wait(timeout=3000)
        return [result.url for result in batch.results()]


@flow
def stripe_daily(window: date) -> list[str]:
    """Lands what the next tasks need."""
    return land("charges_daily", window)


if __name__ == "__main__":
    print(*stripe_daily(date.fromisoformat(sys.argv[1])), sep="\n")
