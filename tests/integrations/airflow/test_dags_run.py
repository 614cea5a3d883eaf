"""Runs DAGs by Airflow itself, against a sandbox, a worker and `forebay web`: those of the page as they stand there.

`make integrations-airflow` makes the environment that has Airflow. Without it these tests skip.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from forebay_client import Client
from tests.client.ways import Way, make_way
from tests.docs.markdown_pages import Page
from tests.servers.processes import environment, wait_until
from tests.source import ROOT

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

PYTHON = ROOT / ".venv-airflow/bin/python"
PAGE = Page(ROOT / "docs/how-to/airflow.md")
OTHERS = """
from airflow.sdk import Asset, CronDataIntervalTimetable, dag
from airflow_provider_forebay.backfill_operator import ForebayBackfillOperator
from airflow_provider_forebay.batch_operator import ForebayBatchOperator
from airflow_provider_forebay.extract_operator import ForebayExtractOperator
from airflow_provider_forebay.window_sensor import ForebayWindowSensor


@dag(schedule=None)
def waits():
    ForebayWindowSensor(task_id="day", extract="charges_daily", window="2026-10-20", deferrable=True, poke_interval=1)


@dag(schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"), catchup=False)
def others():
    ForebayExtractOperator(task_id="day", extract="charges_daily", outlets=[Asset("s3://lake/charges_daily")])
    ForebayBatchOperator.partial(task_id="mapped").expand(
        queries=["SELECT id FROM charges LIMIT 3", "SELECT id FROM charges LIMIT 4"]
    )
    ForebayBackfillOperator(
        task_id="gaps", extract="charges_daily", start="2026-10-12", end="2026-10-15", deferrable=True, poll_interval=1
    )
    ForebayBatchOperator(task_id="wrong", queries="SELECT nope FROM charges", retries=3)


others()
waits()
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


@contextmanager
def running(script: str, *words: str, airflow: dict[str, str]) -> Iterator[Callable[[], str]]:
    """Starts a script beside this file; yields what gives its log as far as it has come."""
    log = Path(airflow["HOME"]) / f"{script}-{'-'.join(words)}.log"
    command = [str(PYTHON), str(Path(__file__).with_name(script)), *words]
    with log.open("w") as output:
        process = subprocess.Popen(command, env=airflow, cwd=airflow["HOME"], stdout=output, stderr=subprocess.STDOUT)
        try:
            yield log.read_text
            assert process.wait(240) == 0, log.read_text()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    assert "fbweb_secret" not in log.read_text(), "the token is in Airflow's log"


def run(script: str, *words: str, airflow: dict[str, str]) -> dict[str, Any]:
    """Runs one, and reads its last line."""
    with running(script, *words, airflow=airflow) as log:
        pass
    result: dict[str, Any] = json.loads(log().splitlines()[-1])
    return result


def test_the_lines_that_the_page_begins_with_land_the_newest_window(way: Way, airflow: dict[str, str]) -> None:
    came = run("run_dag.py", "stripe", "2026-10-07T06:15:00+00:00", airflow=airflow)

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
    came = run("run_dag.py", "others", "2026-10-10T00:00:00+00:00", airflow=airflow)

    states = {name: (task["state"], task["tries"]) for name, task in came["tasks"].items()}
    landed = dict.fromkeys(("day", "mapped[0]", "mapped[1]", "gaps"), ("success", 1))
    assert states == {**landed, "wrong": ("failed", 1)}
    assert came["tasks"]["gaps"]["return_value"] == {"filled": 3, "came": "3 of 3 windows filled"}
    assert [came["tasks"][f"mapped[{index}]"]["return_value"]["rows"] for index in (0, 1)] == [3, 4]
    (event,) = came["events"]
    assert (event["asset"], event["rows"], event["objects"]) == ("s3://lake/charges_daily", 5, 1)
    assert event["window"] == {"start": "2026-10-09T00:00:00Z", "end": "2026-10-10T00:00:00Z"}
    assert len(event["sha256"]) == 64


def test_a_sensor_waits_in_the_triggerer_for_a_window_that_lands_meanwhile(way: Way, airflow: dict[str, str]) -> None:
    with (
        Client(way.url) as client,
        running("run_dag.py", "waits", "2026-10-21T00:00:00+00:00", airflow=airflow) as log,
    ):
        wait_until(lambda: "running trigger in line" in log(), "the sensor is deferred", deadline_s=120)
        batch = client.submit("charges_daily", window="2026-10-20").id

    came = json.loads(log().splitlines()[-1])
    assert (came["run"], came["tasks"]["day"]["return_value"]) == ("success", batch)


def test_another_try_takes_up_its_batch_and_one_that_was_canceled_is_asked_anew(
    way: Way, airflow: dict[str, str]
) -> None:
    came = run("run_tries.py", airflow=airflow)

    wrong, again = came["wrong"]
    assert wrong == again
    with Client(way.url) as client:
        (failed,) = client.batch(wrong).runs()
    assert (failed.state, failed.attempt) == ("failed", 1), "it was not taken up"
    first, state, second, rows = came["killed"]
    assert (state, rows) == ("canceled", 3)
    assert first != second
