"""Tries tasks again against the server of `forebay_default`, as Airflow does, and prints what came of it as JSON.

For the environment that has Airflow. A store that outlives a try is what Airflow keeps of a task between them.
"""

import json
import sys
from typing import Any

from airflow.sdk.exceptions import AirflowFailException
from task_context import task_context

from airflow_provider_forebay.batch_operator import ForebayBatchOperator
from airflow_provider_forebay.forebay_hook import ForebayHook

SQL = "SELECT id FROM charges LIMIT 3"


def wrong_sql_twice() -> list[str]:
    """Tries a task whose SQL is wrong, and again, as after a person cleared it. Gives the batches that it met."""
    store: dict[str, Any] = {}
    met = []
    for _ in range(2):
        operator = ForebayBatchOperator(task_id="wrong", queries="SELECT nope FROM charges")
        try:
            operator.execute(task_context(store))
        except AirflowFailException:
            met.append(str(operator.batch_id))
    return met


def killed_and_cleared() -> list[str]:
    """Kills a task before anything of it began, and clears it. Gives the batches of both tries."""
    store: dict[str, Any] = {}
    with ForebayHook().get_conn() as client:
        (lane,) = [each.lane for each in client.lanes()]
        client.pause_lane(lane)
        killed = ForebayBatchOperator(task_id="killed", queries=SQL, wait_for_completion=False, cancel_on_kill=True)
        first = killed.execute(task_context(store))["batch"]
        killed.on_kill()
        client.resume_lane(lane)
        state = client.batch(first).status().state
    second = ForebayBatchOperator(task_id="killed", queries=SQL).execute(task_context(store))
    return [first, state, second["batch"], second["rows"]]


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps({"wrong": wrong_sql_twice(), "killed": killed_and_cleared()}))
