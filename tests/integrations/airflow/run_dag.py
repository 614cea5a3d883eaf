"""Runs a DAG once by Airflow's `dag.test()`, and prints what came of it as JSON: states, links, events of assets.

For the environment that has Airflow: python run_dag.py DAG_ID LOGICAL_DATE. It is the last line, after Airflow's log.
"""

import json
import os
import sys
from datetime import datetime

from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import select


def named(of: TaskInstance | XComModel) -> str:
    """Names a task, and of a mapped one which."""
    return of.task_id if of.map_index < 0 else f"{of.task_id}[{of.map_index}]"


if __name__ == "__main__":
    bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    assert not bag.import_errors, bag.import_errors
    run = bag.dags[sys.argv[1]].test(logical_date=datetime.fromisoformat(sys.argv[2]))
    with create_session() as session:
        tasks = {
            named(each): {"state": each.state, "tries": each.try_number}
            for each in run.get_task_instances(session=session)
        }
        for each in session.scalars(select(XComModel).where(XComModel.run_id == run.run_id)):
            tasks[named(each)][each.key] = each.value
        events = [
            {"asset": event.asset.uri, **event.extra}
            for event in session.scalars(select(AssetEvent).where(AssetEvent.source_run_id == run.run_id))
        ]
    sys.stdout.write("\n" + json.dumps({"run": str(run.state), "tasks": tasks, "events": events}))
