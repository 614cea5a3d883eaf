"""Runs DAGs by Airflow itself, against a sandbox, a worker and `forebay web`: those of the page as they stand there.

`make integrations-airflow` makes the environment that has Airflow. Without it these tests skip.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forebay_client import Client
from tests.client.ways import Way, make_way
from tests.docs.markdown_pages import Page
from tests.servers.processes import environment
from tests.source import ROOT

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

PYTHON = ROOT / ".venv-airflow/bin/python"
PAGE = Page(ROOT / "docs/how-to/airflow.md")
OTHERS = """
from airflow.sdk import Asset, CronDataIntervalTimetable, dag
from airflow_provider_forebay.batch_operator import ForebayBatchOperator
from airflow_provider_forebay.extract_operator import ForebayExtractOperator


@dag(schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"), catchup=False)
def others():
    ForebayExtractOperator(task_id="day", extract="charges_daily", outlets=[Asset("s3://lake/charges_daily")])
    ForebayBatchOperator.partial(task_id="mapped").expand(
        queries=["SELECT id FROM charges LIMIT 3", "SELECT id FROM charges LIMIT 4"]
    )
    ForebayBatchOperator(task_id="wrong", queries="SELECT nope FROM charges", retries=3)


others()
"""


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    if not (ROOT / ".venv-airflow/.installed").exists():
        end = pytest.fail if os.environ.get("FOREBAY_TEST_AIRFLOW") == "all" else pytest.skip
        end("Airflow is not installed: `make integrations-airflow` runs this test, or fails")


@pytest.fixture(scope="module")
def way(_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    yield from make_way("server", tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="module")
def airflow(way: Way, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An Airflow of its own that knows the DAGs, as the environment of its processes."""
    home = tmp_path_factory.mktemp("airflow")
    (home / "dags").mkdir()
    (first, *_) = [block.text for block in PAGE.blocks if block.language == "python"]
    (home / "dags/stripe.py").write_text(first)
    (home / "dags/others.py").write_text(OTHERS)
    env = environment(
        HOME=str(home),
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__DAGS_FOLDER=str(home / "dags"),
        AIRFLOW__CORE__LOAD_EXAMPLES="false",
        AIRFLOW_CONN_FOREBAY_DEFAULT=json.dumps({"conn_type": "forebay", "host": way.url, "password": "fbweb_secret"}),
    )
    for words in (["db", "migrate"], ["dags", "reserialize"]):
        done = subprocess.run([PYTHON, "-m", "airflow", *words], env=env, cwd=home, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + done.stdout
    return env


def run(dag: str, date: str, airflow: dict[str, str]) -> dict[str, Any]:
    command = [str(PYTHON), "-P", str(Path(__file__).with_name("run_dag.py")), dag, date]
    done = subprocess.run(command, env=airflow, cwd=airflow["HOME"], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert "fbweb_secret" not in done.stderr + done.stdout, "the token is in Airflow's log"
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_the_lines_that_the_page_begins_with_land_the_newest_window(way: Way, airflow: dict[str, str]) -> None:
    came = run("stripe", "2026-10-07T06:15:00+00:00", airflow)

    task = came["tasks"]["charges_daily"]
    assert (came["run"], task["state"]) == ("success", "success")
    assert task["return_value"]["rows"] == 5
    assert task["_link_ForebayBatchLink"] == f"{way.url}/b/{task['return_value']['batch']}"
    with Client(way.url) as client:
        window = client.window("charges_daily", "2026-10-06")
    assert (window.state, window.batch) == ("landed", task["return_value"]["batch"])


def test_tasks_land_by_interval_are_told_apart_by_map_index_and_fail_for_good_of_wrong_sql(
    airflow: dict[str, str],
) -> None:
    came = run("others", "2026-10-10T00:00:00+00:00", airflow)

    states = {name: (task["state"], task["tries"]) for name, task in came["tasks"].items()}
    assert states == {
        "day": ("success", 1),
        "mapped[0]": ("success", 1),
        "mapped[1]": ("success", 1),
        "wrong": ("failed", 1),
    }
    assert [came["tasks"][f"mapped[{index}]"]["return_value"]["rows"] for index in (0, 1)] == [3, 4]
    (event,) = came["events"]
    assert (event["asset"], event["rows"], event["objects"]) == ("s3://lake/charges_daily", 5, 1)
    assert event["window"] == {"start": "2026-10-09T00:00:00Z", "end": "2026-10-10T00:00:00Z"}
    assert len(event["sha256"]) == 64
